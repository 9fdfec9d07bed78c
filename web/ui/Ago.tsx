// How long ago something was, with the exact time at hand. What is ahead has its day.

import { formatDay, formatDuration, formatInstant } from './format.ts'

/** `instant` is RFC 3339 text. */
export function Ago({ instant, zone }: { instant: string; zone: string }) {
  const at = Date.parse(instant)
  const age = Date.now() - at
  return (
    <time dateTime={instant} title={formatInstant(at, zone)}>
      {age < -45_000 ? formatDay(at, zone) : age < 45_000 ? 'just now' : `${formatDuration(age)} ago`}
    </time>
  )
}
