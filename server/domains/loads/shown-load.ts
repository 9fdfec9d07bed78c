// A load as it is shown: what only the service needs to know is left out. Pure.

import type { Load } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import type { StoredLoad } from './store.ts'

export function shown(load: StoredLoad): Load {
  const seconds =
    load.finished_at && load.started_at
      ? (Date.parse(load.finished_at) - Date.parse(load.started_at)) / 1000
      : 0
  return {
    id: load.id,
    target: load.target,
    file_name: load.file_name,
    size_bytes: load.size_bytes,
    sha256: load.sha256,
    format: load.format,
    mapping: JSON.parse(load.mapping) as Mapping, // checked when the load was accepted
    status: load.status,
    progress: load.progress,
    rows_read: load.rows_read,
    rows_loaded: load.rows_loaded,
    rows_updated: load.rows_updated,
    rows_unchanged: load.rows_unchanged,
    rows_rejected: load.rows_rejected,
    rows_repeated: load.rows_repeated,
    rows_superseded: load.rows_superseded,
    times_skipped: load.times_skipped,
    times_repeated: load.times_repeated,
    rows_per_second: seconds > 0 ? Math.round(load.rows_read / seconds) : null,
    created_by: load.created_by,
    created_at: load.created_at,
    started_at: load.started_at,
    finished_at: load.finished_at,
    error: load.error,
    replays: load.replays,
    undone_at: load.undone_at,
    rows_removed: load.rows_removed,
    rows_restored: load.rows_restored,
  }
}
