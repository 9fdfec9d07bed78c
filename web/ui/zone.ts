// Wall time in a named zone: reading it from an instant and back. Instants are milliseconds since 1970 UTC; a wall time
// is the same number as if the zone's clock showed UTC.

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far the zone's clock is ahead of UTC at that instant. */
export function offsetMs(zone: string, instant: number): number {
  const second = Math.floor(instant / 1000) * 1000
  const parts: Record<string, number> = {}
  for (const { type, value } of clockOf(zone).formatToParts(second)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: shown = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, shown) - second
}

export function toWall(zone: string, instant: number): number {
  return instant + offsetMs(zone, instant)
}

/** A wall time that is skipped in spring gives the instant after the gap; one that comes twice gives the first. */
export function fromWall(zone: string, wall: number): number {
  const before = wall - offsetMs(zone, wall - DAY_MS)
  if (toWall(zone, before) === wall) return before
  const after = wall - offsetMs(zone, wall + DAY_MS)
  return toWall(zone, after) === wall ? after : before
}

/** For the label beside a time range: `UTC+2`. */
export function offsetLabel(zone: string, instant: number): string {
  const minutes = Math.round(offsetMs(zone, instant) / MINUTE_MS)
  if (minutes === 0) return 'UTC'
  const hours = Math.floor(Math.abs(minutes) / 60)
  const rest = Math.abs(minutes) % 60
  return `UTC${minutes < 0 ? '\u2212' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`
}

/** The zone itself, or UTC when this browser does not know it. */
export function knownZone(zone: string): string {
  try {
    clockOf(zone)
    return zone
  } catch {
    return 'UTC'
  }
}

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(zone, format)
  return format
}
