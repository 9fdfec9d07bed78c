// What identifiers and names may look like, apart from the schemas that say it, for who checks many of them.

/** Of identifiers and names alike. */
export const NAME_LENGTH = 200

/** No control, bidirectional or slash characters. */
export const ID_PATTERN =
  '^[^\\u0000-\\u001f\\u007f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff/]+$'

/** No control or bidirectional characters. */
export const LABEL_PATTERN =
  '^[^\\u0000-\\u001f\\u007f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]+$'
