// What DuckDB says of a user's statement, made into a sentence and the line that it is about.

import { AppError } from '../../errors.ts'
import type { TypedColumns } from '../db.ts'
import type { Ask } from './frames.ts'

type AskUntrusted = Extract<Ask, { op: 'untrusted' }>

/** Asks the engine process; AppError `sql_invalid` with its first sentence, and `line` where it names one. */
export async function untrustedOn(
  ask: (asked: AskUntrusted) => Promise<TypedColumns>,
  asked: AskUntrusted,
): Promise<TypedColumns> {
  try {
    return await ask(asked)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'sql_invalid') throw error
    // The engine's own words, kept where they are not shown.
    const complaint = String(error.cause)
    const line = Number(/\nLINE (\d+):/.exec(complaint)?.[1] ?? 0)
    throw new AppError('sql_invalid', sentenceOf(complaint), { cause: complaint, extra: { line } })
  }
}

/** Without the kind of the error, the lists of everything else that would have been possible, and the excerpt. */
function sentenceOf(complaint: string): string {
  const [first = '', second = ''] = complaint.replace(/^[\w ]+ Error: /, '').split('\n')
  return /^(Did you mean|Candidate bindings)/.test(second) ? `${first} ${second}` : first
}
