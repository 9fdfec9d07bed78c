// From what devices send to readings of signals: which signal each value means, and which values are none. Pure.

import type { NewMeasurement } from '../../../contract/measurements.ts'
import { formatInstant, type Instant } from '../../engine/sql.ts'
import { type Field, isWithinYears, type Point } from './line-protocol.ts'
import type { SampledSeries } from './remote-write.ts'
import { fieldHead, metricHead, plainName, type Series, seriesId, shorten } from './series-id.ts'

/** One value that was sent, or a line that has none. */
export type Sent = SentReading | SentOther

export interface SentReading {
  /** Where it stands, for people. */
  where: string
  row: NewMeasurement
  /** What its signal would be, where the sender names no signal of ours. */
  series?: Series
}

export interface SentOther {
  where: string
  reason: string
  /** Text or NaN: right where it comes from, and no reading. */
  isNoReading?: true
}

export const isReading = (sent: Sent): sent is SentReading => 'row' in sent
export const isOther = (sent: Sent): sent is SentOther => 'reason' in sent

/** The asset of series that name no host. */
const NO_HOST = 'devices'

const USABLE_ID = /^[^\0]{1,200}$/

/**
 * One for each field. The tag `signal_id` names the signal of the one field that is a number; `asset_id` names the
 * asset, and then `quantity` or the field what is measured of it; otherwise measurement, field and tags make a series,
 * which belongs to the asset that the tag `host` names, or the bucket. A line without a time is read `now`.
 */
export function readingsOfPoint(
  point: Point,
  { now, bucket }: { now: Instant; bucket?: string | undefined },
): Sent[] {
  const where = `line ${point.line}`
  const tags = new Map(point.tags)
  const named = nameSignal(tags)
  const readable = point.fields.filter(({ value }) => value !== null)
  const namesOne = named !== undefined && ('signal_id' in named || named.quantity !== undefined)
  const fault =
    namesOne && readable.length > 1
      ? `its tags name one signal, and it has ${readable.length} numbers`
      : faultOf(named)
  if (fault !== undefined) return [{ where, reason: fault }]
  const measured_at = formatInstant(point.instant ?? now)
  const asset = plainName(tags.get('host') ?? bucket ?? NO_HOST)
  return point.fields.map(({ key, value }): Sent => {
    if (value === null) {
      return {
        where,
        reason: `the field ${JSON.stringify(key)} is text, which is no reading`,
        isNoReading: true,
      }
    }
    if (named === undefined) {
      const series = seriesOfField(point, { key, value }, asset)
      return { where, row: { signal_id: series.id, measured_at, value }, series }
    }
    if ('signal_id' in named) return { where, row: { signal_id: named.signal_id, measured_at, value } }
    return { where, row: { asset_id: named.asset_id, quantity: named.quantity ?? key, measured_at, value } }
  })
}

type Named = { signal_id: string } | { asset_id: string; quantity: string | undefined }

function nameSignal(tags: Map<string, string>): Named | undefined {
  const signal_id = tags.get('signal_id')
  if (signal_id !== undefined) return { signal_id }
  const asset_id = tags.get('asset_id')
  return asset_id === undefined ? undefined : { asset_id, quantity: tags.get('quantity') }
}

function faultOf(named: Named | undefined): string | undefined {
  const wrong = Object.entries(named ?? {}).find(([, name]) => name !== undefined && !USABLE_ID.test(name))
  return wrong === undefined ? undefined : `the tag ${wrong[0]} must have 1 to 200 characters`
}

function seriesOfField({ measurement, tags }: Point, { key }: Field, asset: string): Series {
  const head = fieldHead(measurement, key)
  return { id: seriesId(head, tags), quantity: shorten(head), asset }
}

/** One for each sample. The metric's name and its labels make a series, of the asset that `instance` or `job` names. */
export function readingsOfSamples({ labels, samples }: SampledSeries): Sent[] {
  const byName = new Map(labels)
  const metric = byName.get('__name__') ?? ''
  const where = `the series ${JSON.stringify(metric.slice(0, 100))}`
  if (metric === '') return [{ where, reason: 'it has no label __name__' }]
  if (byName.size < labels.length || byName.has(''))
    return [{ where, reason: 'it has a label twice, or one without a name' }]
  const head = metricHead(metric)
  const tags = labels.filter(([name]) => name !== '__name__')
  const asset = plainName(byName.get('instance') || byName.get('job') || NO_HOST)
  const series = { id: seriesId(head, tags), quantity: shorten(head), asset }
  return samples.map(({ value, instant }): Sent => {
    if (!Number.isFinite(value)) return { where, reason: 'its value is not finite', isNoReading: true }
    if (!isWithinYears(instant)) return { where, reason: 'its time is outside of the years 1900 to 2200' }
    return { where, row: { signal_id: series.id, measured_at: formatInstant(instant), value }, series }
  })
}
