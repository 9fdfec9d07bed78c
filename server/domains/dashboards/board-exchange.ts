// Boards of other programs in and out: their queries become metrics, their items panels, and the other way round.

import type {
  BoardExport,
  BoardImport,
  BoardImportResult,
  Dashboard,
  NewDashboard,
} from '../../../contract/dashboards.ts'
import type { MetricReplacement } from '../../../contract/metrics.ts'
import { AppError } from '../../errors.ts'
import type { MetricService } from '../metrics/service.ts'
import { type ForeignQuery, readBoard, readQueries } from './foreign-board.ts'

type Metrics = Pick<MetricService, 'find' | 'create' | 'replace' | 'preview'>

interface Deps {
  metrics: Metrics
  create: (dashboard: NewDashboard) => Promise<Dashboard>
}

/** Queries of such boards name their dates themselves, so that no range of the page may hide what they give. */
const EVERYTHING = { default_from: '2000-01-01', default_to: 'now' }

/**
 * Makes a metric of each query that can run, and a dashboard of the items that show one. AppError `invalid` when
 * nothing of the board can be shown.
 */
export async function importBoard(
  { metrics, create }: Deps,
  { name = 'Imported board', board, queries }: BoardImport,
): Promise<BoardImportResult> {
  const notes: string[] = []
  const titles = new Map<string, string>()
  for (const query of readQueries(queries, notes)) {
    if (await takeQuery(metrics, query, notes)) titles.set(query.id, query.title)
  }
  const { panels, layouts } = readBoard(board, titles, notes)
  if (panels.length === 0) {
    throw new AppError('invalid', 'Nothing of this board can be shown; errors say why.', {
      faults: notes.slice(0, 100).map((message) => ({ path: '/board', message })),
    })
  }
  const dashboard = await create({ name, ...EVERYTHING, panels, layouts })
  return { dashboard_id: dashboard.id, metrics: [...titles.keys()], notes }
}

/** Stores a query as the metric of its id; whether it could be. */
async function takeQuery(
  metrics: Metrics,
  { id, sql, title }: ForeignQuery,
  notes: string[],
): Promise<boolean> {
  const definition = { kind: 'sql', sql } as const
  try {
    const { columns } = await metrics.preview({ definition, limit: 1 })
    // By what it gives as a time, a range can narrow it.
    const time = columns.find(({ type }) => type === 'date' || type === 'timestamp')?.name
    const isName = time !== undefined && /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(time)
    await store(metrics, id, { name: title, definition, ...(isName && { time_column: time }) }, notes)
    return true
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    notes.push(`Query ${id} cannot run and was left out. ${error.message}`)
    return false
  }
}

async function store(
  metrics: Metrics,
  id: string,
  metric: MetricReplacement,
  notes: string[],
): Promise<void> {
  const before = await metrics.find(id)
  if (before === undefined) {
    await metrics.create({ id, ...metric })
  } else if (JSON.stringify(before.definition) !== JSON.stringify(metric.definition)) {
    const { version } = await metrics.replace(id, metric)
    notes.push(`The metric ${id} was there with another definition; it is now version ${version}.`)
  } else {
    notes.push(`The metric ${id} was there already, with the same SQL.`)
  }
}

/** A dashboard in the shape in which boards are imported; what is no SQL is left out, with a note. */
export async function exportBoard(metrics: Metrics, dashboard: Dashboard): Promise<BoardExport> {
  const notes: string[] = []
  const items: BoardExport['board']['items'] = []
  const queries = new Map<string, string>()
  for (const panel of dashboard.panels) {
    const metricId = 'metric_id' in panel ? panel.metric_id : undefined
    const metric = metricId === undefined ? undefined : await metrics.find(metricId)
    if (metricId === undefined || metric?.definition.kind !== 'sql') {
      notes.push(`The panel ${panel.i} shows no metric of SQL, and was left out.`)
      continue
    }
    items.push({ id: panel.i, queryId: metricId })
    queries.set(metricId, metric.definition.sql)
    if (Object.keys(metric.definition.parameters ?? {}).length > 0) {
      notes.push(
        `The parameters of ${metricId} have no place in a board; their types and defaults were left out.`,
      )
    }
  }
  const isShown = new Set(items.map(({ id }) => id))
  const layouts = Object.entries(dashboard.layouts).map(([name, places]) => [
    name,
    places.filter(({ i }) => isShown.has(i)),
  ])
  return {
    name: dashboard.name,
    board: { items, layouts: Object.fromEntries(layouts) },
    queries: queriesCsv(queries),
    notes,
  }
}

/** Every field quoted. Nothing is put before signs that a spreadsheet would run: this is read by programs. */
function queriesCsv(queries: ReadonlyMap<string, string>): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  return ['id,query', ...[...queries].map(([id, sql]) => `${quoted(id)},${quoted(sql)}`), ''].join('\n')
}
