// Panels on a grid: what each shows and where it stands.

import { type Static, Type } from 'typebox'
import { CLOSED, Id, InstantText, Label, Nullable, Page, PageQuery, WhenText, Zone } from './basics.ts'
import { BucketText } from './metrics.ts'

const panel = { i: Id, title: Label }

/** One number of a metric over the range, compared with the period of equal length before it when asked. */
export const StatPanel = Type.Object(
  { ...panel, type: Type.Literal('stat'), metric_id: Id, compare: Type.Optional(Type.Boolean()) },
  CLOSED,
)
/** Lines over time: signals as they were measured (no peak lost), or a metric in buckets. */
export const LinePanel = Type.Object(
  {
    ...panel,
    type: Type.Literal('line'),
    signal_ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 20 })),
    metric_id: Type.Optional(Id),
    bucket: Type.Optional(BucketText),
    thresholds: Type.Optional(Type.Array(Type.Number(), { maxItems: 5 })),
  },
  CLOSED,
)
/** One bar a group of a metric over the whole range. */
export const BarPanel = Type.Object({ ...panel, type: Type.Literal('bar'), metric_id: Id }, CLOSED)
/** Refused rows, newest load first; of one load when named. */
export const RejectsPanel = Type.Object(
  { ...panel, type: Type.Literal('rejects'), load_id: Type.Optional(Id) },
  CLOSED,
)
/** The rows of a metric as they are. */
export const TablePanel = Type.Object({ ...panel, type: Type.Literal('table'), metric_id: Id }, CLOSED)
export const Panel = Type.Union([StatPanel, LinePanel, BarPanel, RejectsPanel, TablePanel])
export type Panel = Static<typeof Panel>

const Cell = Type.Integer({ minimum: 0, maximum: 1000 })
/** Where a panel stands, in cells of a grid of 12 columns. */
export const Place = Type.Object(
  {
    i: Id,
    x: Cell,
    y: Cell,
    w: Type.Integer({ minimum: 1, maximum: 12 }),
    h: Type.Integer({ minimum: 1, maximum: 100 }),
    static: Type.Optional(Type.Boolean({ description: 'Stays where it is while others are moved' })),
  },
  CLOSED,
)
export type Place = Static<typeof Place>
const Places = Type.Array(Place, { maxItems: 100 })

const described = {
  name: Label,
  default_from: Type.Optional(WhenText),
  default_to: Type.Optional(WhenText),
  tz: Type.Optional(Zone),
  panels: Type.Array(Panel, { maxItems: 100 }),
  layouts: Type.Object({ lg: Places, md: Type.Optional(Places), sm: Type.Optional(Places) }, CLOSED),
}
export const NewDashboard = Type.Object({ id: Type.Optional(Id), ...described }, CLOSED)
export type NewDashboard = Static<typeof NewDashboard>
export const DashboardReplacement = Type.Object(described, CLOSED)
export type DashboardReplacement = Static<typeof DashboardReplacement>

export const Dashboard = Type.Object({
  id: Type.String(),
  name: Type.String(),
  default_from: Type.String(),
  default_to: Type.String(),
  tz: Nullable(Type.String()),
  panels: Type.Array(Panel),
  layouts: Type.Object({
    lg: Type.Array(Place),
    md: Type.Optional(Type.Array(Place)),
    sm: Type.Optional(Type.Array(Place)),
  }),
  version: Type.Integer(),
  created_at: InstantText,
  updated_at: InstantText,
})
export type Dashboard = Static<typeof Dashboard>
export const DashboardPage = Page(Dashboard)
export const DashboardQuery = Type.Object({ ...PageQuery }, CLOSED)
export type DashboardQuery = Static<typeof DashboardQuery>

/** An object of another board program: what is known of it is read, the rest is left out with a note. */
const Foreign = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown())

/** A board as metrics boards write it: `items` have an `id` and a `queryId`, `layouts` are lists of places. */
export const ForeignBoard = Type.Object(
  {
    items: Type.Array(Foreign, { maxItems: 100 }),
    layouts: Type.Record(Type.String({ maxLength: 40 }), Type.Array(Foreign, { maxItems: 200 }), {
      maxProperties: 20,
    }),
  },
  CLOSED,
)
export type ForeignBoard = Static<typeof ForeignBoard>

/** `queries` is CSV with the columns `id` and `query`. */
export const BoardImport = Type.Object(
  { name: Type.Optional(Label), board: ForeignBoard, queries: Type.String({ maxLength: 1_000_000 }) },
  CLOSED,
)
export type BoardImport = Static<typeof BoardImport>

export const BoardImportResult = Type.Object({
  dashboard_id: Type.String(),
  metrics: Type.Array(Type.String(), { description: 'Ids, which are those of the queries' }),
  notes: Type.Array(Type.String(), { description: 'What was mended or left out, a sentence each' }),
})
export type BoardImportResult = Static<typeof BoardImportResult>

/** The same shape again; panels that are no query are left out, with a note. */
export const BoardExport = Type.Object({
  name: Type.String(),
  board: Type.Object({
    items: Type.Array(Type.Object({ id: Type.String(), queryId: Type.String() })),
    layouts: Type.Record(Type.String(), Type.Array(Place)),
  }),
  queries: Type.String(),
  notes: Type.Array(Type.String()),
})
export type BoardExport = Static<typeof BoardExport>
