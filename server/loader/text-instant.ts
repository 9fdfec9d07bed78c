// The reading of times by the format and zone of a mapping, from bytes and from cells of text.

import type { Instant } from '../engine/sql.ts'
import type { InstantReader } from './instant-parts.ts'
import { FileRefused, type LoaderCounts, type LoaderJob, NO_COUNTS } from './job.ts'
import { createLocalReader } from './local-time.ts'
import { createInstantReader } from './reading-fields.ts'

/** Counts local times around clock changes. Throws FileRefused for a format that cannot be understood. */
export function createMappedInstant(
  { mapping, tz }: Pick<LoaderJob, 'mapping' | 'tz'>,
  counts: LoaderCounts,
): InstantReader {
  const format = mapping.time_format ?? 'iso'
  const read = createInstantReader(format, createLocalReader(mapping.tz ?? tz, counts))
  if (!read)
    throw new FileRefused(
      `the time_format ${JSON.stringify(format)} cannot be understood; it needs YYYY or YY, MM, M or MMM, and DD or D, each part once, and \`a\` beside \`hh\``,
    )
  return read
}

/** Undefined for text that is no time in the format; counts are for the caller who wants them. */
export function createTextInstant(
  job: Pick<LoaderJob, 'mapping' | 'tz'>,
  counts: LoaderCounts = { ...NO_COUNTS },
): (text: string) => Instant | undefined {
  const read = createMappedInstant(job, counts)
  return (text) => {
    const bytes = Buffer.from(text)
    const instant = read(bytes, 0, bytes.length)
    return Number.isNaN(instant) ? undefined : instant
  }
}
