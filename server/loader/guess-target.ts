// What a file is for: measurements in long or wide form, signals, assets, or a dataset of its own. Each form is tried,
// and the surest is taken. Pure.

import { assetsForm } from './guess-assets.ts'
import type { ColumnProfile } from './guess-columns.ts'
import { datasetForm } from './guess-dataset.ts'
import type { Form, Surroundings } from './guess-form.ts'
import { longForm } from './guess-long.ts'
import { signalsForm } from './guess-signals.ts'
import { wideForm } from './guess-wide.ts'

/** Of a target that was asked for and does not fit the columns. */
const UNFIT: Omit<Form, 'target'> = {
  columns: new Map(),
  mapping: {},
  confidence: 0.1,
  why: 'it was asked for, though no columns are like those of it',
  notes: [],
}

/** The surest form; of those of the target that was asked for, where one was. */
export function guessForm(columns: ColumnProfile[], around: Surroundings, asked: string | undefined): Form {
  const dataset = datasetForm(columns, around, asked)
  const forms = [
    longForm(columns, around),
    wideForm(columns, around),
    signalsForm(columns, around),
    assetsForm(columns, around),
    dataset,
  ]
    .filter((form) => form !== undefined)
    .filter(({ target }) => asked === undefined || target === asked)
    .sort((a, b) => b.confidence - a.confidence)
  return forms[0] ?? { ...UNFIT, target: asked ?? dataset.target }
}
