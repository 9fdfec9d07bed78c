// What became of the rows of a load. Read is always the sum of the others; what stands small says more about some.

import type { Load } from '../../../contract/loads.ts'
import { formatCount } from '../../ui/format.ts'
import css from './LoadPage.module.css'

/** Of fewer rows the rate says only how long a start takes. */
const RATE_ROWS = 10_000

export function RowCounts({ load }: { load: Load }) {
  const counts = [
    { name: 'Read', count: load.rows_read, part: '', note: '' },
    { name: 'New', count: load.rows_loaded, part: 'loaded', note: '' },
    {
      name: 'Corrected',
      count: load.rows_updated,
      part: 'updated',
      note: some(load.rows_superseded, 'by a later row of the file'),
    },
    {
      name: 'Already there',
      count: load.rows_unchanged,
      part: 'unchanged',
      note: some(load.rows_repeated, 'repeated within the file'),
    },
    { name: 'Refused', count: load.rows_rejected, part: 'rejected', note: '' },
  ]
  const remarks = remarksOf(load)
  return (
    <div className={css.counts}>
      <dl className={css.list} data-counts>
        {counts.map(({ name, count, part, note }) => (
          <div key={name} data-part={part} data-none={count === 0 || undefined}>
            <dt>{name}</dt>
            <dd>{formatCount(count)}</dd>
            {note && <dd className={css.note}>{note}</dd>}
          </div>
        ))}
      </dl>
      {load.rows_read > 0 && (
        <div className={css.shares} aria-hidden="true">
          {counts
            .slice(1)
            .map(
              ({ name, count, part }) =>
                count > 0 && <span key={name} data-part={part} style={{ flexGrow: count }} />,
            )}
        </div>
      )}
      {remarks.length > 0 && (
        <ul className={css.remarks}>
          {remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

const some = (count: number, words: string) => (count > 0 ? `${formatCount(count)} ${words}` : '')

function remarksOf(load: Load): string[] {
  const rate = load.rows_read >= RATE_ROWS ? load.rows_per_second : null
  return [
    rate === null ? '' : `${formatCount(Math.round(rate))} rows a second`,
    some(load.times_skipped, 'local times that a clock change leaves out, moved forward by it'),
    some(load.times_repeated, 'local times that came twice at a clock change, the first taken'),
  ].filter((remark) => remark !== '')
}
