// What devices write by protocols of others: InfluxDB 1 and 2, and Prometheus. Their words and their shapes.

import { type Static, Type } from 'typebox'

/** Parameters that these protocols have and that mean nothing here are passed over, as InfluxDB does. */
const WRITE_PARAMETERS = {
  precision: Type.Optional(
    Type.String({ maxLength: 10, description: 'The unit of times: ns (when left out), us, ms, s, m or h' }),
  ),
  create_signals: Type.Boolean({
    default: true,
    description: 'Makes a signal of each series that is not known yet',
  }),
}
const Name = (description: string) => Type.Optional(Type.String({ maxLength: 1000, description }))

export const InfluxWriteQuery = Type.Object({
  bucket: Name('Becomes the asset of series without the tag host'),
  org: Name('Means nothing here'),
  ...WRITE_PARAMETERS,
})

export const Influx1WriteQuery = Type.Object({
  db: Name('Becomes the asset of series without the tag host'),
  rp: Name('Means nothing here'),
  u: Name('Name of the account'),
  p: Name('Password of the account'),
  ...WRITE_PARAMETERS,
})

export const InfluxQuery = Type.Object({
  q: Name('CREATE DATABASE and a name'),
  u: Name('Name of the account'),
  p: Name('Password of the account'),
})

/** What goes wrong under /api/v2, as InfluxDB 2 has it. */
export const InfluxError = Type.Object({ code: Type.String(), message: Type.String() })
/** What goes wrong at /write and /query, as InfluxDB 1 has it. */
export const Influx1Error = Type.Object({ error: Type.String() })
export const InfluxResults = Type.Object({
  results: Type.Array(Type.Object({ statement_id: Type.Integer() })),
})

/** What became of a remote write of which not all could be a reading. */
export const RemoteWriteResult = Type.Object({
  samples_stored: Type.Integer(),
  samples_skipped: Type.Integer({ description: 'NaN, marks of staleness among them, and infinities' }),
  exemplars_ignored: Type.Integer(),
  histograms_ignored: Type.Integer(),
})
export type RemoteWriteResult = Static<typeof RemoteWriteResult>
