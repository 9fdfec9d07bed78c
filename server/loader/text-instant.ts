// The reading of times in cells of text, by the format and zone of a mapping.

import type { Instant } from '../engine/sql.ts'
import { checkZone, instantOf } from '../zone.ts'
import { FileRefused, type LoaderJob } from './job.ts'
import { createInstantReader } from './reading-fields.ts'

/** Undefined for text that is no time in the format. Throws FileRefused for a format that cannot be understood. */
export function createTextInstant({
  mapping,
  tz: defaultZone,
}: LoaderJob): (text: string) => Instant | undefined {
  const tz = mapping.tz ?? defaultZone
  checkZone(tz)
  const format = mapping.time_format ?? 'iso'
  const read = createInstantReader(format, (local) => (Number.isNaN(local) ? local : instantOf(tz, local)))
  if (!read)
    throw new FileRefused(
      `the time_format ${JSON.stringify(format)} cannot be understood; it needs YYYY, MM and DD`,
    )
  return (text) => {
    const bytes = Buffer.from(text)
    const instant = read(bytes, 0, bytes.length)
    return Number.isNaN(instant) ? undefined : instant
  }
}
