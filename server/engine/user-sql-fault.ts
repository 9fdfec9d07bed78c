// Where the fault is in a text of SQL that a user wrote: line and column, counted as an editor does. Knows no engine.

import { AppError } from '../errors.ts'

/** A refusal at a byte of the text as it was parsed; -1 where none is known. */
export function refused(message: string, location = -1): AppError {
  return new AppError('sql_invalid', message, { extra: { location } })
}

/** The same refusal with its place in the user's text; `offsetOf` gives the character of a byte. */
export function placed(error: AppError, text: string, offsetOf: (location: number) => number): AppError {
  const { location = -1 } = error.extra ?? {}
  const known = typeof location === 'number' && location >= 0
  const position = known ? Math.min(offsetOf(location), text.length) : undefined
  return atPosition(error.message, text, position, error.cause)
}

/** `sql_invalid` with `position` (characters before the fault, from 0), `line` and `column` (from 1). */
export function atPosition(
  message: string,
  text: string,
  position: number | undefined,
  cause?: unknown,
): AppError {
  const faults = [{ path: '/definition/sql', message }]
  if (position === undefined) return new AppError('sql_invalid', message, { cause, faults })
  const before = text.slice(0, position).split('\n')
  const line = before.length
  const column = (before.at(-1) ?? '').length + 1
  const said = `Line ${line}, column ${column}: ${message}`
  return new AppError('sql_invalid', said, { cause, faults, extra: { position, line, column } })
}
