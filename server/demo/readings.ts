// What the demo grid's signals read at each step: loads with a day, a week and a season, and the voltages and
// currents that follow from them by P = √3 · U · I · cos φ. The same numbers on every machine; no stores, no files.

import {
  type Consumer,
  DEMO_PERIOD,
  demoSignals,
  LINES,
  type Line,
  OUTAGES,
  SILENCES,
  SWITCHES,
  TRANSFORMERS,
} from './grid.ts'

/** The readings of one step; a signal that sent nothing is left out. */
export interface DemoStep {
  /** Milliseconds since 1970. */
  at: number
  readings: { signal_id: string; value: number }[]
}

/** Latitude of the solar panels, in radians. */
const LATITUDE = (47.2 * Math.PI) / 180
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Europe/Zurich is two hours ahead of UTC until this instant, one hour after it (a test compares with Intl). */
const SUMMER_TIME_ENDS = Date.parse('2026-10-25T01:00:00Z')

/** Hours and widths of a weekday's peaks, above a base; weekends scale them. */
const DAYS: Record<Exclude<Consumer, 'solar'>, Day> = {
  households: {
    base: 0.52,
    peaks: [
      { hour: 7.25, width: 1.1, height: 0.3 },
      { hour: 12.2, width: 1.2, height: 0.22 },
      { hour: 19.1, width: 2, height: 0.48 },
    ],
    saturday: 0.96,
    sunday: 0.91,
  },
  commerce: {
    base: 0.34,
    peaks: [
      { hour: 10.5, width: 2.4, height: 0.5 },
      { hour: 16.3, width: 2.3, height: 0.46 },
    ],
    saturday: 0.78,
    sunday: 0.45,
  },
  industry: {
    base: 0.6,
    peaks: [
      { hour: 9, width: 2.6, height: 0.3 },
      { hour: 15, width: 3, height: 0.32 },
    ],
    saturday: 0.62,
    sunday: 0.5,
  },
}

interface Day {
  base: number
  peaks: { hour: number; width: number; height: number }[]
  saturday: number
  sunday: number
}

/** All steps of the period in order of time; about 26 500 steps of 52 signals. */
export function* demoSteps(): Generator<DemoStep> {
  const order = demoSignals().map(({ id }) => id)
  const random = mulberry32(20_260_820)
  const wander = new Map(LINES.map(({ id }) => [id, 0]))
  for (let at = DEMO_PERIOD.from; at < DEMO_PERIOD.to; at += DEMO_PERIOD.step) {
    const power = powers(at, wander, random)
    const values = valuesOf(power, random)
    const silent = SILENCES.filter((silence) => isWithin(at, silence)).map(({ substation }) => substation)
    const readings = order
      .filter((id) => !silent.some((substation) => id.startsWith(`${substation}-`)))
      .map((signal_id) => ({ signal_id, value: values.get(signal_id) ?? 0 }))
    yield { at, readings }
  }
}

/** MW of every line and transformer at an instant; what supplies others carries their sum and its losses. */
function powers(at: number, wander: Map<string, number>, random: () => number): Map<string, number> {
  const power = new Map<string, number>()
  const loadOf = (substation: string): number =>
    LINES.filter((line) => line.substation === substation).reduce(
      (sum, line) => sum + (power.get(line.id) ?? 0),
      0,
    )
  for (const line of LINES) {
    const noise = 0.93 * (wander.get(line.id) ?? 0) + 0.011 * (random() + random() - 1)
    wander.set(line.id, noise)
    const isOut = OUTAGES.some((outage) => outage.line === line.id && isWithin(at, outage))
    const mw =
      'supplies' in line.load ? loadOf(line.load.supplies) * 1.018 : consumption(line.load, at) * (1 + noise)
    power.set(line.id, isOut ? 0 : mw)
  }
  for (const { id, substation, share } of TRANSFORMERS) power.set(id, loadOf(substation) * 1.006 * share)
  return power
}

/** Every signal's value at a step, rounded as a meter would. */
function valuesOf(power: Map<string, number>, random: () => number): Map<string, number> {
  const values = new Map<string, number>()
  for (const { id, voltage_kv } of [...TRANSFORMERS, ...LINES]) {
    const mw = power.get(id) ?? 0
    const drop = (0.0009 * mw * 20) / voltage_kv
    const kv = voltage_kv * (1.012 - drop + 0.003 * (random() - 0.5))
    const cosPhi = 0.965 + 0.02 * random()
    values.set(`${id}-power`, round(mw, 1000))
    values.set(`${id}-voltage`, round(kv, 1000))
    values.set(`${id}-current`, round((Math.abs(mw) * 1000) / (Math.sqrt(3) * kv * cosPhi), 100))
  }
  for (const { id, line } of SWITCHES) {
    const current = values.get(`${line}-current`) ?? 0
    values.set(`${id}-current`, round(current * (1 + 0.004 * (random() - 0.5)), 100))
  }
  values.set('auenfeld-frequency', round(50 + 0.03 * (random() + random() + random() - 1.5), 1000))
  return values
}

/** MW that consumers draw at an instant; negative where their panels give more than they use. */
function consumption(load: Extract<Line['load'], { consumer: Consumer }>, at: number): number {
  const season = 1 + (0.22 * (at - DEMO_PERIOD.from)) / (DEMO_PERIOD.to - DEMO_PERIOD.from)
  if (load.consumer !== 'solar') return load.mw * season * shapeOf(DAYS[load.consumer], at)
  return load.mw * season * shapeOf(DAYS.households, at) - 2.8 * load.mw * sunshine(at)
}

/** The share of the usual load at the local time of day and day of the week. */
function shapeOf(day: Day, at: number): number {
  const local = at + (at < SUMMER_TIME_ENDS ? 2 : 1) * HOUR_MS
  const hour = (local % DAY_MS) / HOUR_MS
  const peaks = day.peaks.reduce((sum, peak) => {
    const away = Math.abs(hour - peak.hour)
    const distance = Math.min(away, 24 - away) / peak.width
    return sum + peak.height * Math.exp((-distance * distance) / 2)
  }, 0)
  return (day.base + peaks) * scaleOf(day, local)
}

/** One day's scale passes into the next from three hours before midnight to three hours after it. */
function scaleOf(day: Day, local: number): number {
  const turn = 3 * HOUR_MS
  const [before, after] = [local - turn, local + turn].map((time) => {
    const weekday = new Date(time).getUTCDay()
    return weekday === 0 ? day.sunday : weekday === 6 ? day.saturday : 1
  }) as [number, number] // one for each of the two times
  const passed = Math.min(1, ((local + turn) % DAY_MS) / (2 * turn))
  return before + (after - before) * passed
}

/** 0 to 1: the sine of the sun's height, by sun time rather than the clock, less the day's clouds. */
function sunshine(at: number): number {
  const day = Math.floor(at / DAY_MS)
  const dayOfYear = day - Math.floor(Date.UTC(2026, 0, 1) / DAY_MS) + 1
  const declination = ((-23.44 * Math.PI) / 180) * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365)
  const angle = 2 * Math.PI * ((at % DAY_MS) / DAY_MS - 0.5 + 8.8 / 360)
  const height =
    Math.sin(LATITUDE) * Math.sin(declination) + Math.cos(LATITUDE) * Math.cos(declination) * Math.cos(angle)
  const clearness = 0.35 + 0.65 * mulberry32(day)()
  return Math.max(0, height) * clearness
}

function isWithin(at: number, range: { from: number; to: number }): boolean {
  return at >= range.from && at < range.to
}

/** Never minus zero, which would be written as such. */
function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts + 0
}

/** Tommy Ettinger's mulberry32: numbers from 0 to 1, the same for the same seed on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296
  }
}
