// What is taken for true of a file until somebody says otherwise. Knows nothing of what is guessed.

export interface Guess<T> {
  value: T
  /** 0 to 1; what a person has said is 1. */
  confidence: number
  /** A sentence for the person who sent the file. */
  why: string
}

/** What the mapping of the request says stands in place of any guess. */
export const given = <T>(value: T): Guess<T> => ({ value, confidence: 1, why: 'the mapping says so' })

/** The share of the values that pass; 0 of none. */
export function shareOf<T>(values: readonly T[], passes: (value: T) => boolean): number {
  return values.length === 0 ? 0 : values.filter(passes).length / values.length
}
