// To the first page of a list and to the following one. The page shown stands in the address, so that the browser's back
// button is the way to the one before.

import { Link } from '@tanstack/react-router'
import css from './DataPage.module.css'

interface PagerProps {
  /** Of the page shown; undefined for the first. */
  cursor: string | undefined
  /** Of the following page, null when there is none. */
  next: string | null | undefined
  first: string
  following: string
}

export function Pager({ cursor, next, first, following }: PagerProps) {
  if (cursor === undefined && !next) return null
  return (
    <nav className={css.pager} aria-label="Pages">
      {cursor !== undefined && (
        <Link to="." search={withoutCursor} resetScroll={false}>
          {first}
        </Link>
      )}
      {next && (
        <Link to="." search={(search) => ({ ...search, cursor: next })} resetScroll={false}>
          {following}
        </Link>
      )}
    </nav>
  )
}

/** The address of a first page: what is shown, and not where in it. */
export function withoutCursor<S extends { cursor?: string }>(search: S): Omit<S, 'cursor'> {
  const { cursor: _, ...kept } = search
  return kept
}
