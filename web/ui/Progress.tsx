// How far something has come.

import css from './Progress.module.css'

/** `part` from 0 to 1. */
export function Progress({ part, label }: { part: number; label: string }) {
  const percent = Math.round(Math.min(1, Math.max(0, part)) * 100)
  return (
    <div
      className={css.track}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div className={css.bar} style={{ width: `${percent}%` }} />
    </div>
  )
}
