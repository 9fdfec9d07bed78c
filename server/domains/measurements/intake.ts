// The rules of what devices send by the protocols of others: every value becomes a reading of a signal, and a series
// that nobody knows yet becomes a signal first. What is stored and how is the matter of the service of measurements.

import { randomUUID } from 'node:crypto'
import type { RemoteWriteResult } from '../../../contract/intake.ts'
import {
  type AppendQuery,
  type AppendResult,
  MEASUREMENTS_PER_REQUEST,
} from '../../../contract/measurements.ts'
import type { Clock } from '../../clock.ts'
import type { Tx, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import {
  isOther,
  isReading,
  readingsOfPoint,
  readingsOfSamples,
  type Sent,
  type SentReading,
} from './device-readings.ts'
import { isPoint, parseLines, UNIT_NAMES } from './line-protocol.ts'
import { readSeries } from './remote-write.ts'
import type { Series } from './series-id.ts'
import type { MeasurementService } from './service.ts'

export interface IntakeDeps {
  warehouse: Warehouse
  clock: Clock
  measurements: Pick<MeasurementService, 'append'>
  directory: { current(): Promise<{ find(id: string): unknown }> }
  /** The ids of assets by their names; makes those that are missing. */
  ensureAssets(tx: Tx, names: string[]): Promise<Map<string, string>>
  /** Makes those whose ids no signal has. */
  insertMissingSignals(
    tx: Tx,
    signals: { id: string; asset_id: string; name: string; quantity: string; unit: string }[],
  ): Promise<void>
}

export interface Lines {
  text: string
  /** The unit of times, one of InfluxDB's names. */
  precision: string | undefined
  /** The asset of series without the tag `host`. */
  bucket?: string | undefined
}

/** How many signals one request may make. */
export const NEW_SIGNALS_PER_REQUEST = 10_000
/** Reasons told of one request. */
const REASONS_SHOWN = 20

export type IntakeService = ReturnType<typeof createIntakeService>

export function createIntakeService(deps: IntakeDeps) {
  const { clock, measurements } = deps

  function readLines({ text, precision = 'ns', bucket }: Lines): Sent[] {
    if (!UNIT_NAMES.includes(precision)) {
      throw new AppError('malformed', `the precision must be one of ${UNIT_NAMES.join(', ')}`)
    }
    const now = clock.now()
    return collect(
      parseLines(text, precision).flatMap((line) =>
        isPoint(line)
          ? readingsOfPoint(line, { now, bucket })
          : [{ where: `line ${line.line}`, reason: line.reason }],
      ),
    )
  }

  /** Stores what can be; throws `malformed` with the places of the rest. Answers how many values were no readings. */
  async function storeAll(sent: Sent[], createSignals: boolean): Promise<number> {
    const readings = sent.filter(isReading)
    const others = sent.filter(isOther)
    if (createSignals) await makeSignals(deps, readings)
    const kept = [...lastPerInstant(readings).values()]
    const { rejected } = await append(kept, false, null)
    const wrong = others.filter(({ isNoReading }) => isNoReading !== true)
    const reasons = [
      ...wrong,
      ...rejected.map(({ index, reason }) => ({ where: kept[index]?.where, reason })),
    ]
    if (reasons.length > 0) throw refusedInPart(reasons, kept.length - rejected.length)
    return others.length
  }

  async function append(readings: SentReading[], atomic: boolean, key: string | null): Promise<AppendResult> {
    if (readings.length === 0) return { accepted: 0, updated: 0, unchanged: 0, rejected: [] }
    return measurements.append(
      readings.map(({ row }) => row),
      { atomic },
      key,
    )
  }

  return {
    /**
     * Line protocol as rows of our own interface: each field is one, in their order, and so is a line that cannot be
     * read. Answers and throws like `append` of the service of measurements.
     */
    async appendLines(lines: Lines, query: AppendQuery, key: string | null): Promise<AppendResult> {
      const { kept, refused } = settleLines(readLines(lines))
      if (kept.length + refused.length === 0)
        throw new AppError('invalid', 'the body has no line with a reading')
      if (query.atomic && refused.length > 0) throw refusedWhole(refused)
      if (query.create_signals === true) await makeSignals(deps, kept)
      const result = await append(kept, query.atomic, key)
      const rejected = result.rejected.map(({ index, reason }) => ({
        index: kept[index]?.index ?? index,
        reason: `${kept[index]?.where}: ${reason}`,
      }))
      return { ...result, rejected: [...refused, ...rejected].sort((a, b) => a.index - b.index) }
    },

    /**
     * Stores line protocol as InfluxDB does: of several values for one instant the last counts, and good lines are
     * stored beside bad ones, which throw `malformed`. Answers how many fields were text and passed over.
     */
    async writeLines(lines: Lines, createSignals: boolean): Promise<number> {
      return storeAll(readLines(lines), createSignals)
    },

    /** Stores a `prometheus.WriteRequest`; throws `malformed` for what can never be stored, after storing the rest. */
    async writeSamples(request: Uint8Array, createSignals: boolean): Promise<RemoteWriteResult> {
      const ignored = { exemplars_ignored: 0, histograms_ignored: 0 }
      const sent = collect(
        readSeries(request).flatMap((series) => {
          ignored.exemplars_ignored += series.exemplars
          ignored.histograms_ignored += series.histograms
          return readingsOfSamples(series)
        }),
      )
      const skipped = await storeAll(sent, createSignals)
      return { samples_stored: sent.length - skipped, samples_skipped: skipped, ...ignored }
    },
  }
}

/** All that was sent, as long as it is not too much for one request. */
function collect(sent: Iterable<Sent>): Sent[] {
  const all: Sent[] = []
  for (const one of sent) {
    if (all.push(one) > MEASUREMENTS_PER_REQUEST) {
      throw new AppError(
        'too_large',
        `one request may have ${MEASUREMENTS_PER_REQUEST} readings; send them in parts`,
      )
    }
  }
  return all
}

/** Makes the signals of series that nobody knows, with the assets that they belong to. */
async function makeSignals(deps: IntakeDeps, readings: SentReading[]): Promise<void> {
  const known = await deps.directory.current()
  const missing = new Map<string, Series>()
  for (const { series } of readings) {
    if (series !== undefined && known.find(series.id) === undefined) missing.set(series.id, series)
  }
  if (missing.size === 0) return
  if (missing.size > NEW_SIGNALS_PER_REQUEST) {
    throw new AppError(
      'too_large',
      `the request has ${missing.size} series that are not known yet, and one may bring ${NEW_SIGNALS_PER_REQUEST}; send it in parts`,
    )
  }
  const series = [...missing.values()]
  await deps.warehouse.write(
    `signals:${randomUUID()}`,
    async (tx) => {
      const assets = await deps.ensureAssets(tx, [...new Set(series.map(({ asset }) => asset))])
      const signals = series.map(({ id, quantity, asset }) => ({
        id,
        asset_id: assets.get(asset) ?? asset,
        name: id,
        quantity,
        unit: '',
      }))
      await deps.insertMissingSignals(tx, signals)
      return null
    },
    { keep: 'brief', fresh: true },
  )
}

interface Refused {
  index: number
  reason: string
}

/** Which values are to be stored, each with its index among all, and which are refused before that. */
function settleLines(sent: Sent[]): { kept: (SentReading & { index: number })[]; refused: Refused[] } {
  const kept: (SentReading & { index: number })[] = []
  const refused: Refused[] = []
  const last = lastPerInstant(sent.filter(isReading))
  for (const [index, one] of sent.entries()) {
    const final = isReading(one) ? last.get(placeOf(one)) : undefined
    const isLast = isReading(one) && final?.row.value === one.row.value
    if (isLast) kept.push({ ...one, index })
    else {
      const reason = isReading(one) ? `superseded by ${final?.where}` : one.reason
      refused.push({ index, reason: `${one.where}: ${reason}` })
    }
  }
  return { kept, refused }
}

/** Of the readings of one signal and instant, the last. */
function lastPerInstant(readings: SentReading[]): Map<string, SentReading> {
  return new Map(readings.map((reading) => [placeOf(reading), reading]))
}

function placeOf({ row }: SentReading): string {
  const signal = 'signal_id' in row ? row.signal_id : JSON.stringify([row.asset_id, row.quantity])
  return `${row.measured_at} ${signal}`
}

function refusedInPart(reasons: { where: string | undefined; reason: string }[], stored: number): AppError {
  const shown = reasons.slice(0, REASONS_SHOWN).map(({ where, reason }) => `${where}: ${reason}`)
  const more = reasons.length - shown.length
  const rest = more > 0 ? `; and ${more} more` : ''
  return new AppError(
    'malformed',
    `partial write: ${stored} values were stored, ${reasons.length} refused: ${shown.join('; ')}${rest}`,
  )
}

function refusedWhole(refused: Refused[]): AppError {
  return new AppError('invalid', `${refused.length} of the rows cannot be stored, so none was`, {
    faults: refused.slice(0, 1000).map(({ index, reason }) => ({ path: `/${index}`, message: reason })),
  })
}
