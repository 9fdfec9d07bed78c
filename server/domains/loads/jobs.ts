/** The work behind a load: queued when its file is kept, run again after a crash. */

import { Type } from 'typebox'
import type { JobKind } from '../jobs/kind.ts'
import type { LoadService } from './service.ts'

const LoadPayload = Type.Object({ load_id: Type.String() })

export function loadJob(loads: LoadService): JobKind<typeof LoadPayload> {
  return {
    kind: 'load',
    payload: LoadPayload,
    retry: { baseMs: 200, maxMs: 5000 },
    run: ({ load_id }, run) => loads.run(load_id, run),
  }
}
