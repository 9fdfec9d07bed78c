// A titled part of a page, with room for a remark and a control beside the title.

import type { ReactNode } from 'react'
import css from './Section.module.css'

interface SectionProps {
  title: string
  end?: ReactNode
  /** Draws a frame around the content. */
  framed?: boolean
  children: ReactNode
}

export function Section({ title, end, framed = false, children }: SectionProps) {
  return (
    <section className={css.section} aria-label={title}>
      <header className={css.head}>
        <h2 className={css.title}>{title}</h2>
        {end && <span className={css.end}>{end}</span>}
      </header>
      <div className={framed ? css.frame : undefined}>{children}</div>
    </section>
  )
}
