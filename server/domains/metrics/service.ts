// The rules of metrics: a definition is stored only if it can be calculated, and is answered over a range by name.

import { randomUUID } from 'node:crypto'
import type { PageOf, Problem } from '../../../contract/basics.ts'
import type {
  Definition,
  ManyAnswer,
  ManyQuery,
  Metric,
  MetricData,
  MetricQuery,
  MetricReplacement,
  NewMetric,
  Preview,
} from '../../../contract/metrics.ts'
import { resolveRange } from '../../calendar.ts'
import type { Clock } from '../../clock.ts'
import { currentContext } from '../../context.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Control, Warehouse } from '../../engine/db.ts'
import { formatInstant, type Instant } from '../../engine/sql.ts'
import { AppError, ERRORS } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Answer, Question } from './answer.ts'
import { answerDatasetFormula, checkDatasetFormula } from './dataset-formula.ts'
import { answerSignalFormula, checkSignalFormula } from './signal-formula.ts'
import { answerSignalMetric, checkSignalMetric } from './signal-metric.ts'
import { answerSqlMetric, checkSqlMetric } from './sql-metric.ts'
import { refuseParameters } from './sql-parameters.ts'
import * as store from './store.ts'

interface Deps {
  control: Control
  warehouse: Warehouse
  clock: Clock
  /** The zone of questions that name none. */
  defaultZone: string
  /** The most rows that SQL may answer. */
  rowCap: number
  log: Pick<Log, 'error'>
}

export type MetricService = ReturnType<typeof createMetricService>

/** What is asked of a metric or a preview, with the metric if there is one. */
type Asked = Pick<Preview, 'from' | 'to' | 'tz' | 'bucket' | 'limit' | 'parameters'> & { cursor?: string }

/** So many metrics of one question are calculated side by side; the engine uses all cores for each. */
const AT_ONCE = 4
/** CSV has no place to say that it goes on: without a limit it is whole, or refused. */
const CSV_ROWS = 100_000

export function createMetricService({ control, warehouse, clock, defaultZone, rowCap, log }: Deps) {
  const now = () => new Date(clock.now() / 1000).toISOString()
  const check = (described: Described) => checkDefinition(warehouse, described, clock.now())

  async function getMetric(id: string): Promise<Metric> {
    const metric = await store.findMetric(control, id)
    if (!metric) throw nowhere(id)
    return metric
  }

  async function answer(
    definition: Definition,
    asked: Asked,
    { time_column, unit }: Pick<Metric, 'time_column' | 'unit'>,
  ): Promise<Omit<MetricData, 'metric_id' | 'version'>> {
    const range = resolveRange(asked, clock, defaultZone)
    const { bucket, limit, cursor, parameters = {} } = asked
    if (definition.kind !== 'sql') refuseParameters(parameters)
    const question = {
      range,
      bucket,
      limit,
      cursor,
      time_column,
      parameters,
      rowCap,
      unit: unit === '' ? null : unit,
      now: clock.now(),
    }
    const found = await answerDefinition(warehouse, definition, question)
    return {
      from: found.from === null ? null : formatInstant(found.from),
      to: found.to === null ? null : formatInstant(found.to),
      bucket: found.bucket,
      tz: range.tz,
      columns: found.columns,
      rows: found.rows,
      next: found.next,
      division_by_zero: found.division_by_zero,
      computed_at: formatInstant(clock.now()),
      cached: false,
      truncated: found.truncated ?? found.next !== null,
    }
  }

  async function data(id: string, asked: Asked): Promise<MetricData> {
    const metric = await getMetric(id)
    return { metric_id: id, version: metric.version, ...(await answer(metric.definition, asked, metric)) }
  }

  return {
    /** Metrics in the order in which they were made. */
    async list({ q, tag, limit, cursor }: MetricQuery): Promise<PageOf<Metric>> {
      const page = { after: readCursor(cursor, isPosition), limit: limit + 1 }
      const rows = await store.listMetrics(control, { q, tag }, page)
      return pageOf(rows, limit, ({ created_at, id }) => [created_at, id])
    },

    get: getMetric,

    find: (id: string): Promise<Metric | undefined> => store.findMetric(control, id),

    /** Makes a metric of version 1, with an id of its own when none is given; refuses what cannot run. */
    async create({ id = randomUUID(), ...described }: NewMetric): Promise<Metric> {
      const made = now()
      const metric = { id, ...complete(described), version: 1, created_at: made, updated_at: made }
      await check(metric)
      await control.write(async (tx) => {
        if (await store.findMetric(tx, id)) {
          throw new AppError('conflict', `There is already a metric ${id}; choose another id.`)
        }
        await store.insertMetric(tx, metric)
      })
      return metric
    },

    /** The whole metric anew, as its next version. */
    async replace(id: string, replacement: MetricReplacement): Promise<Metric> {
      const described = complete(replacement)
      await getMetric(id)
      await check(described)
      return control.write(async (tx) => {
        const before = await store.findMetric(tx, id)
        if (!before) throw nowhere(id)
        const after = { ...before, ...described, version: before.version + 1, updated_at: now() }
        await store.updateMetric(tx, after)
        return after
      })
    },

    async remove(id: string): Promise<null> {
      const removed = await control.write((tx) => store.removeMetric(tx, id))
      if (removed === 0) throw nowhere(id)
      return null
    },

    /** The metric's rows over [from, to); without an end, to that of its data. */
    data,

    /** The same for a file: whole, or as long as `limit` says. */
    async dataForCsv(id: string, asked: Asked): Promise<MetricData> {
      const answered = await data(id, { ...asked, limit: asked.limit ?? CSV_ROWS })
      if (asked.limit === undefined && answered.truncated) {
        throw new AppError(
          'range_too_large',
          'The answer has more than 100 000 rows; ask for it in parts by `limit`.',
        )
      }
      return answered
    },

    /** A definition that is not stored, over a range. */
    async preview({ definition, time_column, ...asked }: Preview): Promise<MetricData> {
      const described = { time_column: time_column ?? null, unit: '' }
      return { metric_id: null, version: null, ...(await answer(definition, asked, described)) }
    },

    /** Many metrics over one range; each has its data or its problem, in the order asked. */
    async query({ metrics, ...asked }: ManyQuery): Promise<ManyAnswer> {
      resolveRange(asked, clock, defaultZone)
      const items: ManyAnswer['items'] = []
      for (let start = 0; start < metrics.length; start += AT_ONCE) {
        const some = metrics.slice(start, start + AT_ONCE)
        items.push(
          ...(await Promise.all(
            some
              .map((each) => (typeof each === 'string' ? { id: each } : each))
              .map(({ id, ...given }) =>
                data(id, { ...asked, ...given }).then(
                  (found) => ({ metric_id: id, data: found, problem: null }),
                  (error: unknown) => ({ metric_id: id, data: null, problem: problemOf(error, id) }),
                ),
              ),
          )),
        )
      }
      return { items }
    },
  }

  /** As the metric's own address would answer it. */
  function problemOf(error: unknown, id: string): Problem {
    if (!(error instanceof AppError)) log.error({ err: error, metric_id: id }, 'a metric failed unexpectedly')
    const known =
      error instanceof AppError
        ? error
        : new AppError('internal', 'Something went wrong here; the log has the reason under this request_id.')
    return {
      ...known.extra,
      type: `/docs/errors#${known.code}`,
      ...ERRORS[known.code],
      detail: known.message,
      instance: `/api/v1/metrics/${encodeURIComponent(id)}/data`,
      request_id: currentContext()?.request_id ?? '',
      ...(known.faults && { errors: known.faults }),
    }
  }
}

interface Described {
  definition: Definition
  time_column: string | null
}

async function checkDefinition(
  warehouse: Warehouse,
  { definition, time_column: timeColumn }: Described,
  now: Instant,
): Promise<void> {
  if (definition.kind === 'sql') return checkSqlMetric(warehouse, definition, { timeColumn, now })
  if (definition.kind === 'formula' && 'dataset' in definition) {
    await checkDatasetFormula(warehouse, definition, timeColumn)
    return
  }
  if (timeColumn !== null) {
    const message = 'is only for SQL and for formulas over a dataset; measurements have their own time'
    throw new AppError('invalid', `time_column ${message}.`, { faults: [{ path: '/time_column', message }] })
  }
  if (definition.kind === 'signal') await checkSignalMetric(warehouse, definition)
  else await checkSignalFormula(warehouse, definition)
}

function answerDefinition(warehouse: Warehouse, definition: Definition, question: Question): Promise<Answer> {
  if (definition.kind === 'signal') return answerSignalMetric(warehouse, definition, question)
  if (definition.kind === 'sql') return answerSqlMetric(warehouse, definition, question)
  if ('dataset' in definition) return answerDatasetFormula(warehouse, definition, question)
  return answerSignalFormula(warehouse, definition, question)
}

function complete(described: MetricReplacement) {
  const {
    name,
    description = '',
    unit = '',
    format = '',
    tags = [],
    time_column = null,
    definition,
  } = described
  return { name, description, unit, format, tags, time_column, definition }
}

function isPosition(value: unknown): value is store.Position {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}

function nowhere(id: string): AppError {
  return new AppError('not_found', `There is no metric ${JSON.stringify(id)}.`)
}
