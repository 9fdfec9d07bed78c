// What stands where data would: while it is fetched, when there is none, when fetching failed.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from './Icon.tsx'
import css from './State.module.css'

/** A grey field of the size that the content will have. */
export function Skeleton({ height }: { height?: number | string }) {
  return (
    <div className={css.skeleton} style={{ height: height ?? '100%' }} data-skeleton aria-hidden="true" />
  )
}

/** Says what is missing and what to do next. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.state}>
      <p className={css.title}>{title}</p>
      {children && <div className={css.text}>{children}</div>}
    </div>
  )
}

/** Says what failed; `onRetry` asks again. */
export function Failed({ error, onRetry }: { error: Error; onRetry?: (() => void) | undefined }) {
  return (
    <div className={css.state} role="alert">
      <p className={css.title}>
        <Icon name="alert-triangle" /> This could not be shown
      </p>
      <div className={css.text}>{error.message}</div>
      {onRetry && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}
