// Rows of a file that were refused: why, what became of them since, and how they are mended and sent again.

import { type Static, Type } from 'typebox'
import { CLOSED, Nullable, Page, PageQuery } from './basics.ts'
import { Mapping, SourceName } from './mapping.ts'

/** Which kind of rule a row broke; the reason says it in words. */
export const RejectRule = Type.Union([
  Type.Literal('structure'),
  Type.Literal('encoding'),
  Type.Literal('required'),
  Type.Literal('type'),
  Type.Literal('range'),
  Type.Literal('one_of'),
  Type.Literal('pattern'),
  Type.Literal('unique'),
  Type.Literal('reference'),
  Type.Literal('future'),
  Type.Literal('unit'),
])
export type RejectRule = Static<typeof RejectRule>

export const RejectState = Type.Union([
  Type.Literal('open'),
  Type.Literal('mended'),
  Type.Literal('dismissed'),
])
export type RejectState = Static<typeof RejectState>

/** A refused row: where it stood, what stood there, why it was refused, and what became of it since. */
export const Reject = Type.Object({
  line: Type.Integer({
    description:
      'Of the file, from 1; in XLSX the row of the sheet; in JSON, XML and Parquet the position of the record from 1',
  }),
  column: Nullable(Type.String()),
  value: Nullable(Type.String()),
  rule: RejectRule,
  reason: Type.String(),
  raw: Type.String({ description: 'The whole row as it came, at most 65 536 characters' }),
  state: RejectState,
  mended_raw: Nullable(Type.String({ description: 'The row as it was sent again' })),
  mended_load_id: Nullable(Type.String()),
})
export type Reject = Static<typeof Reject>
export const RejectPage = Page(Reject)

const RejectFilter = {
  rule: Type.Optional(RejectRule),
  column: Type.Optional(Type.String({ maxLength: 200 })),
  reason: Type.Optional(Type.String({ maxLength: 2000 })),
}

export const RejectQuery = Type.Object(
  {
    ...PageQuery,
    ...RejectFilter,
    state: Type.Optional(RejectState),
    format: Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' }),
  },
  CLOSED,
)
export type RejectQuery = Static<typeof RejectQuery>

/** Refused rows of one reason: how many, and a few of them to look at. */
export const RejectGroup = Type.Object({
  rule: RejectRule,
  column: Nullable(Type.String()),
  reason: Type.String(),
  rows: Type.Integer(),
  open: Type.Integer(),
  lines: Type.Array(Type.Integer(), { description: 'The first five' }),
  values: Type.Array(Nullable(Type.String()), { description: 'The five most frequent' }),
})
export type RejectGroup = Static<typeof RejectGroup>
export const RejectGroups = Type.Object({
  items: Type.Array(RejectGroup),
  header: Nullable(
    Type.String({ description: 'The line of a CSV file that names its columns, as it stood' }),
  ),
})
export type RejectGroups = Static<typeof RejectGroups>

/**
 * Which open rows are meant: those of the lines, or all that match the filter; without either, all. An empty `column`
 * is that of rows which were refused as a whole.
 */
const RejectChoice = {
  lines: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 10_000 })),
  ...RejectFilter,
}

export const RejectDismissal = Type.Object({ ...RejectChoice }, CLOSED)
export type RejectDismissal = Static<typeof RejectDismissal>
export const RejectDismissalResult = Type.Object({ dismissed: Type.Integer() })

/**
 * Sends refused rows again: some rewritten whole (`rows`), a text of one column replaced in all that are meant
 * (`replace`; without `from` every text of the column), read by a changed mapping (`mapping`, whose keys override those
 * of the load). Where neither lines nor a filter are given, `rows` are the ones that are meant.
 */
export const RejectReplay = Type.Object(
  {
    ...RejectChoice,
    rows: Type.Optional(
      Type.Array(
        Type.Object({ line: Type.Integer({ minimum: 1 }), raw: Type.String({ maxLength: 65_536 }) }, CLOSED),
        { minItems: 1, maxItems: 10_000 },
      ),
    ),
    replace: Type.Optional(
      Type.Array(
        Type.Object(
          {
            column: SourceName,
            from: Type.Optional(Type.String({ maxLength: 1000 })),
            to: Type.String({ maxLength: 1000 }),
          },
          CLOSED,
        ),
        { minItems: 1, maxItems: 100 },
      ),
    ),
    mapping: Type.Optional(Mapping),
  },
  CLOSED,
)
export type RejectReplay = Static<typeof RejectReplay>
