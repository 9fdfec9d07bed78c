// A page of readings around rows that arrive as text: passed on as they come, with the cursor of the next page behind.

const HEAD = Buffer.from('{"items":[')
const SEPARATOR = Buffer.from('},{"signal_id":')

/**
 * `{"items": […], "next": …}` of rows asked for with one more than `limit`, in JSON with commas between them. A quote
 * inside an id is escaped, so that the separator stands only between rows.
 */
export async function* pageText(rows: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  // The head waits for the first rows: until something was sent, a failure can still be answered as one.
  let held: Buffer = HEAD
  let row = HEAD.length
  let whole = 0
  for await (const chunk of rows) {
    held = Buffer.concat([held, chunk])
    let start = row
    for (let end = held.indexOf(SEPARATOR); end >= 0; end = held.indexOf(SEPARATOR, start)) {
      whole++
      if (whole === limit) {
        yield held.subarray(0, end + 1)
        yield Buffer.from(`],"next":${JSON.stringify(cursorBehind(held.subarray(start, end + 1)))}}`)
        return
      }
      start = end + 2
    }
    if (start === row) continue
    yield held.subarray(0, start)
    held = held.subarray(start)
    row = 0
  }
  yield held
  yield Buffer.from('],"next":null}')
}

function cursorBehind(row: Buffer): string {
  const { signal_id, measured_at } = JSON.parse(row.toString()) as Record<string, unknown> // a row of ours
  return Buffer.from(JSON.stringify({ signal_id, measured_at })).toString('base64url')
}
