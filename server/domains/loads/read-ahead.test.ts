import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { CSV, counts, HEADER, rejects } from '../../../tests/sent-files.ts'

/** Enough to be read while it comes in. */
const ROWS = 40_000

const rowsOf = (id: string, from: number, rows: number) =>
  Array.from({ length: rows }, (_, index) => {
    const at = new Date(1_767_225_600_000 + (from + index) * 1000).toISOString()
    return `${id},${at},${from + index}\n`
  }).join('')

/** A file whose second half is sent when it is asked for, once its reading has begun. */
async function sendInHalves(app: Running, first: string, second: () => Promise<string>) {
  const body = new PassThrough()
  const answer = app.post('/loads?target=measurements', body, CSV)
  body.write(first)
  while (!(await namesIn(join(app.folder, 'staging'))).some((name) => name.endsWith('-ahead'))) await delay(5)
  body.end(await second())
  return await app.loaded((await answer).body.id)
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`a file that is read while it comes in, on ${name}`, () => {
    test('is stored as any other, and its refused rows are kept', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's' })
      const first = `${HEADER}${rowsOf('s', 0, ROWS)}nobody,2026-01-31T12:00:00Z,1\ns,2026-01-31T12:0`

      const ended = await sendInHalves(app, first, async () => `0:00Z,7\n${rowsOf('s', ROWS, ROWS)}`)

      assert.deepEqual(counts(ended), [2 * ROWS + 1, 0, 0, 1])
      assert.deepEqual(
        (await rejects(app, ended)).map(([line]) => line),
        [ROWS + 2],
      )
      assert.deepEqual(await namesIn(join(app.folder, 'staging')), [])
    })

    test('is read again when signals were made meanwhile', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's' })
      const first = `${HEADER}${rowsOf('late', 0, ROWS)}`

      const ended = await sendInHalves(app, first, async () => {
        await app.givenSignal({ id: 'late' })
        return rowsOf('s', 0, 10)
      })

      assert.deepEqual(counts(ended), [ROWS + 10, 0, 0, 0])
    })

    test('leaves nothing behind when it breaks off', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's' })
      const body = new PassThrough()
      const answer = app.post('/loads?target=measurements', body, CSV).catch(() => undefined)
      body.write(`${HEADER}${rowsOf('s', 0, ROWS)}`)
      while ((await namesIn(join(app.folder, 'staging'))).length === 0) await delay(5)

      body.destroy(new Error('the sender is gone'))
      await answer

      while ((await namesIn(join(app.folder, 'staging'))).length > 0) await delay(5)
      assert.deepEqual(await namesIn(join(app.folder, 'loads')), [])
      assert.deepEqual((await app.get('/measurements?signal_id=s')).body.items, [])
    })
  })
}
