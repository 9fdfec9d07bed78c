// The product's mark: two lines of water, and its name where there is room.

import css from './Mark.module.css'

export function Mark() {
  return (
    <span className={css.mark}>
      <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
        <rect width="24" height="24" rx="5.5" className={css.ground} />
        <path
          d="M4.5 9.3c2.5-2.8 5-2.8 7.5 0s5 2.8 7.5 0M4.5 15.3c2.5-2.8 5-2.8 7.5 0s5 2.8 7.5 0"
          className={css.water}
        />
      </svg>
      <span className={css.name}>Tidemark</span>
    </span>
  )
}
