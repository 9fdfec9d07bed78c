import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Staging } from '../server/engine/db.ts'
import { sql } from '../server/engine/sql.ts'
import {
  type LoaderCounts,
  type LoaderJob,
  NO_COUNTS,
  REJECT_COLUMNS,
  REJECTS_FILE,
} from '../server/loader/job.ts'
import { loadReadings } from '../server/loader/load-readings.ts'
import { createRunWriter } from '../server/loader/reading-runs.ts'
import { ENGINES, type Running, startApp } from './harness.ts'
import {
  compare,
  createReference,
  type FileOutcome,
  type Outcome,
  type SentRow,
} from './readings-reference.ts'
import { mappingOf } from './sent-files.ts'

/** How many random histories each engine goes through. */
const CASES = Number(process.env.LOAD_PATH_CASES ?? 60)
const STRANDS = 4
/** Repeat a run that failed by the seed it printed. */
const SEED = process.env.LOAD_PATH_SEED ? { seed: Number(process.env.LOAD_PATH_SEED) } : {}
const SIGNALS_OF_A_CASE = 3

/** Few instants, so that rows meet: neighbours of a microsecond, months apart, before 1970, and far off. */
const INSTANTS = [
  '1900-01-01T00:00:00.000000Z',
  '1969-12-31T23:59:59.999999Z',
  '1970-01-01T00:00:00.000000Z',
  '2026-01-30T23:55:00.000000Z',
  '2026-01-31T00:00:00.000000Z',
  '2026-01-31T00:00:00.000001Z',
  '2026-01-31T00:05:00.000000Z',
  '2026-02-01T00:00:00.000000Z',
  '2026-03-15T12:00:00.500000Z',
  '2026-03-15T12:00:00.500001Z',
  '2027-06-01T00:00:00.000000Z',
  '2200-12-31T23:59:59.999999Z',
]
const VALUES = [0, 1, 2, -1.5, 0.1, 1e300, 5e-324]

/** The instants of the histories lie further ahead than files usually may. */
const FAR_AHEAD = { measured_at: { max_ahead: '999y' } }

/** Rows before they know the signals of their case: `signal` is a place, the last of them an unknown signal. */
interface Draft {
  signal: number
  at: string
  value: number
  /** How the row is spoiled; undefined for a good one. */
  spoil?: 'time' | 'value' | 'width' | undefined
}

type Step =
  | { kind: 'load'; rows: Draft[] }
  | { kind: 'runs'; rows: Draft[]; cuts: number[] }
  | { kind: 'post'; rows: Draft[] }
  | { kind: 'remove'; signal: number; from: string; to: string }

const place = fc.constantFrom(0, 0, 0, 1, 1, 2)
const at = fc.constantFrom(...INSTANTS)
const value = fc.constantFrom(...VALUES)
const goodRow: fc.Arbitrary<Draft> = fc.record({ signal: place, at, value })
const anyRow: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 9, arbitrary: goodRow },
  { weight: 1, arbitrary: fc.record({ signal: fc.constant(SIGNALS_OF_A_CASE), at, value }) },
  {
    weight: 1,
    arbitrary: fc.record({ signal: place, at, value, spoil: fc.constantFrom('time', 'value', 'width') }),
  },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('load'), rows: fc.array(anyRow, { maxLength: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('runs'),
      rows: fc.array(goodRow, { maxLength: 40 }),
      cuts: fc.array(fc.nat(40), { maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('post'),
      rows: fc.array(
        anyRow.filter(({ spoil }) => spoil === undefined || spoil === 'time'),
        { minLength: 1, maxLength: 12 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), signal: place, from: at, to: at }) },
)

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`readings on ${name}`, () => {
    test('random loads, posts and removals leave what applying their rows one by one would', async (t) => {
      const app = await startApp(t, open)
      // Beside one another, so that their writes meet too; each history has signals of its own.
      const goThrough = async (strand: number) => {
        const names = Array.from(
          { length: Math.ceil(CASES / STRANDS) },
          (_, index) => `case-${strand}-${index}`,
        )
        const cases = names.values()
        await givenSignals(app, names)
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
            const name = cases.next().value
            await runHistory(
              app,
              [0, 1, 2].map((index) => `${name}-${index}`),
              steps,
            )
          }),
          { numRuns: names.length, endOnFailure: true, ...SEED },
        )
      }
      await Promise.all(Array.from({ length: STRANDS }, (_, strand) => goThrough(strand)))
    })

    test('files through the loader process count as their rows do one by one', async (t) => {
      const app = await startApp(t, open)
      await givenSignals(app, ['case'])
      const ids = [0, 1, 2].map((index) => `case-${index}`)
      const reference = createReference()

      await fc.assert(
        fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 200 }), async (drafts) => {
          const rows = drafts.map((draft) => rowOf(draft, ids))
          const expected = reference.load(rows)
          const load = await loadFile(app, fileOf(drafts, ids))
          assert.equal(load.status, 'done', load.error ?? '')
          assert.deepEqual(countsOf(load), expected)
          assert.equal(load.rows_read, rows.length)
        }),
        { numRuns: Math.max(5, Math.ceil(CASES / 15)), endOnFailure: true, ...SEED },
      )
      await assertSame(app, ids, reference)
    })

    test('loads and posts at the same time lose no row and count none twice', async (t) => {
      const app = await startApp(t, open)
      await givenSignals(app, ['case'])
      const ids = [0, 1, 2].map((index) => `case-${index}`)
      const rows = fc.sample(fc.array(goodRow, { minLength: 30, maxLength: 60 }), { numRuns: 40, seed: 1 })

      const outcomes = await Promise.all(
        rows.map(async (drafts, index) => {
          const sent = drafts.map((draft) => rowOf(draft, ids))
          const outcome =
            index % 10 === 0 ? countsOf(await loadFile(app, fileOf(drafts, ids))) : await post(app, sent)
          assert.equal(outcome.inserted + outcome.updated + outcome.unchanged + outcome.rejected, sent.length)
          return outcome
        }),
      )

      const distinct = new Set(rows.flat().map(({ signal, at: instant }) => `${signal} ${instant}`))
      const stored = await storedRows(app, ids)
      assert.equal(stored.length, distinct.size)
      assert.equal(
        new Set(stored.map(({ signal, at: instant }) => `${signal} ${instant}`)).size,
        distinct.size,
      )
      assert.equal(
        outcomes.reduce((sum, { inserted }) => sum + inserted, 0),
        distinct.size,
      )
      for (const id of ids) {
        const { body } = await app.get(`/signals/${id}`)
        assert.equal(body.count, stored.filter(({ signal }) => signal === id).length)
      }
    })
  })
}

/** Goes through the steps on signals of their own and compares every count, and at the end everything stored. */
async function runHistory(app: Running, ids: string[], steps: Step[]): Promise<void> {
  const reference = createReference()
  for (const each of steps) {
    if (each.kind === 'remove') {
      const [from, to] = [each.from, each.to].sort(compare) as [string, string] // two went in
      if (from === to) continue
      const query = `signal_id=${ids[each.signal]}&from=${from}&to=${to}`
      const { body } = await app.delete(`/measurements?${query}`)
      assert.deepEqual(body, { deleted: reference.remove(ids[each.signal] ?? '', from, to) })
      continue
    }
    const rows = each.rows.map((draft) => rowOf(draft, ids))
    if (each.kind === 'post') assert.deepEqual(await post(app, rows), reference.post(rows))
    else if (each.kind === 'load') {
      assert.deepEqual(await loadHere(app, each.rows, ids), reference.load(rows))
    } else assert.deepEqual(await mergeRuns(app, rows, each.cuts), reference.load(rows))
  }
  await assertSame(app, ids, reference)
}

async function assertSame(
  app: Running,
  ids: string[],
  reference: ReturnType<typeof createReference>,
): Promise<void> {
  assert.deepEqual(await storedRows(app, ids), reference.rows())
  for (const id of ids) {
    const { first_at, last_at, last_value, count } = await app.app.signals.get(id)
    const summary = { first_at: long(first_at), last_at: long(last_at), last_value, count }
    assert.deepEqual(summary, reference.summary(id))
  }
}

/** Every row as it stands in the table: a doubled one would show. */
async function storedRows(app: Running, ids: string[]) {
  const { warehouse } = app.app
  const rows = await warehouse.query<{ signal: string; measured_at: string; value: number }>(sql`
    select signal.id as signal, measured_at, value
    from measurement
    join signal on signal.signal_key = measurement.signal_key
    where ${warehouse.dialect.oneOf(sql`signal.id`, ids)}`)
  return rows
    .map(({ signal, measured_at, value: number }) => ({
      signal,
      at: long(measured_at) ?? '',
      value: number,
    }))
    .sort((a, b) => compare(a.signal, b.signal) || compare(a.at, b.at))
}

/** An instant of an answer, with six digits after the point. */
function long(instant: string | null): string | null {
  const [whole, fraction = ''] = (instant ?? '').slice(0, -1).split('.')
  return instant && `${whole}.${fraction.padEnd(6, '0')}Z`
}

/** Three signals on an asset of each name. */
async function givenSignals(app: Running, names: string[]): Promise<void> {
  const { warehouse, assets, signals } = app.app
  await warehouse.write(`signals of ${names[0]}`, async (tx) => {
    await assets.upsertMany(
      tx,
      names.map((name) => ({ id: name, type: 'site', name })),
    )
    await signals.upsertMany(
      tx,
      names.flatMap((asset_id) =>
        [0, 1, 2].map((index) => ({
          id: `${asset_id}-${index}`,
          asset_id,
          name: String(index),
          quantity: 'power',
        })),
      ),
    )
  })
}

function rowOf(draft: Draft, ids: string[]): SentRow {
  const signal = ids[draft.signal]
  const fault = signal === undefined || draft.spoil !== undefined
  return { signal: signal ?? 'nobody', at: draft.at, value: draft.value, ...(fault && { fault }) }
}

function fileOf(drafts: Draft[], ids: string[]): string {
  const lines = drafts.map((draft) => {
    const signal = ids[draft.signal] ?? 'nobody'
    const instant = draft.spoil === 'time' ? draft.at.replace(/-\d\d-/, '-13-') : draft.at
    const text = draft.spoil === 'value' ? 'about one' : String(draft.value)
    return `${signal},${instant},${text}${draft.spoil === 'width' ? ',more' : ''}`
  })
  return `signal_id,measured_at,value\n${lines.map((line) => `${line}\n`).join('')}`
}

/** The rows as a request; those spoiled have a time that does not exist. */
async function post(app: Running, rows: SentRow[]): Promise<Outcome> {
  const body = rows.map(({ signal, at: instant, value: number, fault }) => ({
    signal_id: signal,
    measured_at: fault ? instant.replace(/-\d\d-/, '-13-') : instant,
    value: number,
  }))
  const answer = await app.post('/measurements', body)
  assert.equal(answer.status, 200, answer.text)
  const { accepted, updated, unchanged, rejected } = answer.body
  return { inserted: accepted, updated, unchanged, rejected: rejected.length }
}

async function loadFile(app: Running, file: string) {
  const query = `target=measurements&${mappingOf({ rules: FAR_AHEAD })}`
  const { status, body, text } = await app.post(`/loads?${query}`, file, {
    'content-type': 'text/csv',
  })
  assert.equal(status, 202, text)
  return await app.loaded(body.id)
}

function countsOf(load: Awaited<ReturnType<typeof loadFile>>): FileOutcome {
  const { rows_loaded, rows_updated, rows_unchanged, rows_rejected } = load
  return {
    repeated: load.rows_repeated,
    superseded: load.rows_superseded,
    inserted: rows_loaded,
    updated: rows_updated,
    unchanged: rows_unchanged,
    rejected: rows_rejected,
  }
}

interface Loaded {
  layers: number
  first_layers: number[]
  counts: LoaderCounts
}

/** A file by the loader's own code in this process, which is quicker than a process for each. */
async function loadHere(app: Running, drafts: Draft[], ids: string[]): Promise<FileOutcome> {
  const target = { kind: 'measurements', signals: await app.app.measurements.knownSignals() } as const
  return merge(app, async (folder, staging) => {
    const path = join(folder, 'file.csv')
    await writeFile(path, fileOf(drafts, ids))
    const job: LoaderJob = {
      path,
      folder,
      mapping: { rules: FAR_AHEAD },
      format: 'csv',
      tz: 'UTC',
      now: Date.now() * 1000,
      limits: { inflatedBytes: 1e9 },
      target,
    }
    const counts = { ...NO_COUNTS }
    const staged: Promise<void>[] = []
    const result = await loadReadings(job, target, {
      counts,
      tell: (message) => {
        if (message.type === 'run') staged.push(stageRun(staging, message))
      },
    })
    await Promise.all(staged)
    await staging.stageCsv({
      table: 'staged_reject',
      path: join(folder, REJECTS_FILE),
      columns: REJECT_COLUMNS,
    })
    assert.equal(counts.rows_read, drafts.length)
    return result
  })
}

/** The rows as a file too large for one run, cut into runs at the given places. */
async function mergeRuns(app: Running, rows: SentRow[], cuts: number[]): Promise<FileOutcome> {
  const signals = await app.app.measurements.knownSignals()
  return merge(app, async (folder, staging) => {
    const counts = { ...NO_COUNTS }
    const staged: Promise<void>[] = []
    const runs = createRunWriter({
      folder,
      keys: () => Int32Array.from(signals, ({ signal_key }) => signal_key),
      counts,
      wrote: (path, layer) => staged.push(stageRun(staging, { path, layer })),
      capacity: rows.length,
    })
    for (const [index, row] of rows.entries()) {
      if (cuts.includes(index)) runs.flush()
      const instant = Date.parse(row.at) * 1000 + Number(row.at.slice(-4, -1))
      const signal = signals.findIndex(({ id }) => id === row.signal)
      runs.add(signal, instant, row.value)
    }
    runs.flush()
    await runs.finish()
    await Promise.all(staged)
    return { layers: runs.layers(), first_layers: runs.firstLayers(), counts }
  })
}

/** A failure is met where all runs are awaited. */
function stageRun(staging: Staging, { path, layer }: { path: string; layer: number }): Promise<void> {
  const stage = staging.stageRun(path, layer)
  stage.catch(() => undefined)
  return stage
}

async function merge(
  app: Running,
  stage: (folder: string, staging: Staging) => Promise<Loaded>,
): Promise<FileOutcome> {
  const folder = join(app.folder, 'staging', crypto.randomUUID())
  await mkdir(folder, { recursive: true })
  const staged: { loaded?: Loaded } = {}
  try {
    return await app.app.warehouse.write(
      folder,
      async (tx) => {
        const { layers = 0, first_layers = [], counts = NO_COUNTS } = staged.loaded ?? {}
        const merged = await app.app.measurements.mergeStaged(tx, layers)
        const across = await app.app.measurements.countRepeats(tx, first_layers)
        return {
          inserted: merged.inserted,
          updated: merged.updated + counts.rows_updated,
          unchanged: merged.unchanged + counts.rows_unchanged,
          rejected: counts.rows_rejected,
          repeated: counts.rows_repeated + across.repeated,
          superseded: counts.rows_superseded + across.superseded,
        }
      },
      {
        stage: async (staging) => {
          staged.loaded = await stage(folder, staging)
        },
      },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
