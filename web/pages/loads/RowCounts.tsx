// What became of the rows of a load. Read is always the sum of the others.

import type { Load } from '../../../contract/loads.ts'
import { formatCount } from '../../ui/format.ts'
import css from './LoadPage.module.css'

/** Of fewer rows the rate says only how long a start takes. */
const RATE_ROWS = 10_000

export function RowCounts({ load }: { load: Load }) {
  const counts: [string, number, string][] = [
    ['Read', load.rows_read, ''],
    ['New', load.rows_loaded, 'loaded'],
    ['Changed', load.rows_updated, 'updated'],
    ['Unchanged', load.rows_unchanged, 'unchanged'],
    ['Refused', load.rows_rejected, 'rejected'],
  ]
  return (
    <div className={css.counts}>
      <dl className={css.list} data-counts>
        {counts.map(([name, count, part]) => (
          <div key={name} data-part={part} data-none={count === 0 || undefined}>
            <dt>{name}</dt>
            <dd>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
      {load.rows_read > 0 && (
        <div className={css.shares} aria-hidden="true">
          {counts.slice(1).map(([name, count, part]) => (
            <span key={name} data-part={part} style={{ flexGrow: count }} />
          ))}
        </div>
      )}
      {load.rows_per_second !== null && load.rows_read >= RATE_ROWS && (
        <p className={css.rate}>{formatCount(Math.round(load.rows_per_second))} rows a second</p>
      )}
    </div>
  )
}
