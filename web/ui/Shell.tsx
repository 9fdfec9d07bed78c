// What surrounds every page: the bar on top with the product's mark, a place for the page's own controls, and the main
// region. What the right end of the bar holds is given by the caller.

import { createContext, type ReactNode, use, useState } from 'react'
import { createPortal } from 'react-dom'
import { Mark } from './Mark.tsx'
import css from './Shell.module.css'

interface ShellProps {
  /** The link to the first page, around the mark. */
  home: (mark: ReactNode) => ReactNode
  /** Links to the other parts, beside the mark. */
  links: ReactNode
  /** Account and settings, at the right end. */
  end: ReactNode
  children: ReactNode
}

const Places = createContext<{ title: HTMLElement | null; controls: HTMLElement | null }>({
  title: null,
  controls: null,
})

export function Shell({ home, links, end, children }: ShellProps) {
  const [title, setTitle] = useState<HTMLElement | null>(null)
  const [controls, setControls] = useState<HTMLElement | null>(null)
  return (
    <Places value={{ title, controls }}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <header className={css.bar}>
        <nav className={css.home} aria-label="Main">
          {home(<Mark />)}
          {links}
        </nav>
        <div className={css.title} ref={setTitle} />
        <div className={css.controls} ref={setControls} />
        <div className={css.end}>{end}</div>
      </header>
      <main id="main" className={css.main} tabIndex={-1}>
        {children}
      </main>
    </Places>
  )
}

interface PageProps {
  title: string
  /** Shown small after the title. */
  note?: ReactNode
  controls?: ReactNode
  /** For reading rather than looking: the content stays within a line length. */
  narrow?: boolean
  children: ReactNode
}

/** A page puts its title and controls into the bar. */
export function Page({ title, note, controls, narrow = false, children }: PageProps) {
  const places = use(Places)
  return (
    <>
      <title>{`${title} · Tidemark`}</title>
      {places.title &&
        createPortal(
          <>
            <h1 className={css.h1} title={title}>
              {title}
            </h1>
            {note && <span className={css.note}>{note}</span>}
          </>,
          places.title,
        )}
      {places.controls && createPortal(controls, places.controls)}
      <div className={narrow ? css.narrow : css.wide}>{children}</div>
    </>
  )
}
