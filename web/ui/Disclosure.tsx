// A part of a page that opens and closes: its title and what it says in short are always there.

import type { ReactNode } from 'react'
import css from './Disclosure.module.css'

interface DisclosureProps {
  title: string
  note?: ReactNode
  /** How it begins. */
  open?: boolean
  children: ReactNode
}

export function Disclosure({ title, note, open = false, children }: DisclosureProps) {
  return (
    <details className={css.details} open={open}>
      <summary className={css.summary}>
        <h2>{title}</h2>
        <span className={css.note}>{note}</span>
      </summary>
      {children}
    </details>
  )
}
