/** Bodies as Prometheus sends them: `prometheus.WriteRequest` in protobuf, within a block of Snappy. */

export interface SentSeries {
  labels: [name: string, value: string][]
  /** Milliseconds since 1970. */
  samples: { value: number; timestamp: number }[]
  exemplars?: number
  histograms?: number
}

export const REMOTE_WRITE = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'Prometheus/3.5.0',
}

/** The message, with a field of metadata as Prometheus sends one every minute. */
export function encodeWriteRequest(series: SentSeries[]): Buffer {
  const all = series.map(({ labels, samples, exemplars = 0, histograms = 0 }) =>
    block(
      1,
      ...labels.map(([name, value]) => block(1, block(1, Buffer.from(name)), block(2, Buffer.from(value)))),
      ...samples.map(({ value, timestamp }) => block(2, double(1, value), whole(2, timestamp))),
      ...Array.from({ length: exemplars }, () => block(3, block(1, Buffer.from('trace')))),
      ...Array.from({ length: histograms }, () => block(4, whole(1, 3))),
    ),
  )
  return Buffer.concat([...all, block(3, whole(1, 1), block(2, Buffer.from('up')))])
}

/** As a block of Snappy that copies nothing: pieces of bytes as they are. */
export function snappy(bytes: Uint8Array): Buffer {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  )
  const literals = pieces.flatMap((piece) => [
    Buffer.from([61 << 2, (piece.length - 1) & 0xff, (piece.length - 1) >> 8]),
    piece,
  ])
  return Buffer.concat([varint(bytes.length), ...literals])
}

export const remoteWrite = (series: SentSeries[]) => snappy(encodeWriteRequest(series))

function block(field: number, ...parts: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(parts)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = field * 8 + 1
  bytes.writeDoubleLE(value, 1)
  return bytes
}

const whole = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)])

/** Negative numbers as 64 bits, as protobuf has them. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128)
  return Buffer.from([...bytes, Number(rest)])
}
