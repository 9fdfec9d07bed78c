// What a reading was and is, and which loads brought its values.

import type { HistoryAnswer, HistoryQuery } from '../../../contract/measurements.ts'
import type { Control } from '../../engine/db.ts'
import type { MeasurementService } from '../measurements/service.ts'
import { listByKeys } from './store.ts'

interface Deps {
  control: Control
  measurements: Pick<MeasurementService, 'knownValues'>
}

export function historyRules({ control, measurements }: Deps) {
  return {
    /** Every value that a reading had, the latest first; `load` is null for one that a device sent. */
    async readingHistory(query: HistoryQuery): Promise<HistoryAnswer> {
      const values = await measurements.knownValues(query)
      const keys = [...new Set(values.flatMap(({ load_key }) => load_key ?? []))]
      const loads = new Map((await listByKeys(control, keys)).map((load) => [load.load_key, load]))
      return {
        items: values.map(({ load_key, ...value }) => {
          const load = load_key === null ? undefined : loads.get(load_key)
          return { ...value, load: load ? { id: load.id, file_name: load.file_name } : null }
        }),
      }
    },
  }
}
