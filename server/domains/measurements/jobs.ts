/** Work on what is stored: readings that came in by time are put in the order in which they are asked for. */

import { Type } from 'typebox'
import type { JobKind } from '../jobs/kind.ts'
import type { MeasurementService } from './service.ts'

const NoPayload = Type.Object({})

export function sortJob(measurements: MeasurementService): JobKind<typeof NoPayload> {
  return {
    kind: 'sort_measurements',
    payload: NoPayload,
    retry: { baseMs: 1000, maxMs: 60_000 },
    run: (_payload, run) => measurements.sort(run.signal),
  }
}
