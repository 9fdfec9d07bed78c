// A word about the state of something, in the colour of how good it is.

import type { ReactNode } from 'react'
import css from './Badge.module.css'

export type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad'

export function Badge({
  tone = 'plain',
  title,
  children,
}: {
  tone?: Tone
  title?: string
  children: ReactNode
}) {
  return (
    <span className={css.badge} data-tone={tone} title={title}>
      {children}
    </span>
  )
}
