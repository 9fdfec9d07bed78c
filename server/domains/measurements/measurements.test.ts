// The tests of one engine share one service, each with signals of its own: starting one for each would take most of
// the time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { formatInstant } from '../../engine/sql.ts'

const NOON = '2026-01-31T12:00:00Z'
const CSV = { 'content-type': 'text/csv' }
const NDJSON = { 'content-type': 'application/x-ndjson' }

const at = (second: number) => formatInstant(1_769_860_800_000_000 + second * 1_000_000)

/** Every page of a list, one after the other. */
async function pages(app: Running, path: string): Promise<unknown[][]> {
  const found: unknown[][] = []
  for (let cursor = ''; ; ) {
    const { status, body, text } = await app.get(`${path}${cursor}`)
    assert.equal(status, 200, text)
    found.push(body.items)
    if (body.next === null) return found
    cursor = `&cursor=${body.next}`
  }
}

for (const [name, open] of Object.entries(ENGINES)) {
  test(`measurements on ${name}`, async (t) => {
    const app = await startApp(t, open)
    const ids = { next: 1 }
    const givenSignal = () => app.givenSignal({ id: `s${ids.next++}`, unit: 'kV' })
    const stored = async (signal: { id: string }) => {
      const { body } = await app.get(`/measurements?signal_id=${signal.id}&limit=100000`)
      return body.items.map(({ measured_at, value }: { measured_at: string; value: number }) => [
        measured_at,
        value,
      ])
    }

    await t.test('a value sent again is unchanged, another value replaces it', async () => {
      const signal = await givenSignal()
      await app.post('/measurements', [
        { signal_id: signal.id, measured_at: '2026-01-31T12:00:00Z', value: 110 },
      ])

      const answer = await app.post('/measurements', [
        { signal_id: signal.id, measured_at: '2026-01-31T12:00:00Z', value: 110 },
        { signal_id: signal.id, measured_at: '2026-01-31T12:00:00Z', value: 111 },
      ])

      assert.deepEqual(answer.body, {
        accepted: 0,
        updated: 1,
        unchanged: 0,
        rejected: [{ index: 0, reason: 'superseded by index 1' }],
      })
      assert.deepEqual(await stored(signal), [[NOON, 111]])
    })

    await t.test(
      'of several values for one instant the last counts, and each row is told its end',
      async () => {
        const signal = await givenSignal()
        const row = (second: number, value: number) => ({
          signal_id: signal.id,
          measured_at: at(second),
          value,
        })

        const first = await app.post('/measurements', [row(0, 1), row(1, 5), row(0, 2), row(0, 1), row(1, 5)])
        const again = await app.post('/measurements', [row(0, 1), row(1, 6), row(2, 7)])

        assert.deepEqual(first.body, {
          accepted: 2,
          updated: 0,
          unchanged: 2,
          rejected: [{ index: 2, reason: 'superseded by index 3' }],
        })
        assert.deepEqual(again.body, { accepted: 1, updated: 1, unchanged: 1, rejected: [] })
        assert.deepEqual(await stored(signal), [
          [at(0), 1],
          [at(1), 6],
          [at(2), 7],
        ])
      },
    )

    await t.test('rows come as JSON, NDJSON and CSV alike', async () => {
      const rows = (id: string) => [
        { signal_id: id, measured_at: at(0), value: -1.5 },
        { signal_id: id, measured_at: at(1), value: 2e3 },
      ]
      const bodies: ((id: string) => [unknown, Record<string, string>?])[] = [
        (id) => [rows(id)],
        (id) => [
          rows(id)
            .map((row) => `${JSON.stringify(row)}\r\n`)
            .join('\n'),
          NDJSON,
        ],
        (id) => [`signal_id,measured_at,value\n${id},${at(0)},-1.5\n"${id}",${at(1)},2e3`, CSV],
        (id) => [
          `\ufeffvalue,measured_at,signal_id\r\n-1.5, ${at(0)} ,${id}\r\n\r\n2000,${at(1)},${id}\r\n`,
          CSV,
        ],
      ]
      for (const body of bodies) {
        const signal = await givenSignal()
        const { status, body: answer, text } = await app.post('/measurements', ...body(signal.id))
        assert.equal(status, 200, text)
        assert.deepEqual(answer, { accepted: 2, updated: 0, unchanged: 0, rejected: [] })
        assert.deepEqual(await stored(signal), [
          [at(0), -1.5],
          [at(1), 2000],
        ])
      }
    })

    await t.test('what cannot be read is refused as a whole, with its place', async () => {
      const signal = await givenSignal()
      const row = { signal_id: signal.id, measured_at: NOON, value: 1 }
      const wrong: [unknown, Record<string, string> | undefined, number, RegExp][] = [
        [`${JSON.stringify(row)}\n{"signal_id":`, NDJSON, 400, /line 2 is not JSON/],
        ['signal_id,measured_at,value\ns,x\n', CSV, 400, /CSV cannot be read/],
        ['{"signal_id"', { 'content-type': 'application/json' }, 400, /not JSON/],
        [[], undefined, 422, /body/],
        [{ ...row }, undefined, 422, /body/],
        ['<row/>', { 'content-type': 'application/xml' }, 415, /application\/xml/],
      ]
      for (const [body, headers, status, detail] of wrong) {
        const answer = await app.post('/measurements', body, headers)
        assert.equal(answer.status, status, answer.text)
        assert.match(answer.body.detail, detail)
      }
      const faults: [unknown, string][] = [
        [{ ...row, value: '12,5' }, '/1/value'],
        [{ ...row, value: null }, '/1/value'],
        [{ ...row, owner: 'someone' }, '/1/owner'],
        [{ signal_id: signal.id, value: 1 }, '/1/measured_at'],
        [{ ...row, signal_id: 'a\u0000b' }, '/1/signal_id'],
        [{ ...row, measured_at: 'x'.repeat(65) }, '/1/measured_at'],
      ]
      for (const [bad, path] of faults) {
        const answer = await app.post('/measurements', [row, bad])
        assert.equal(answer.status, 422, answer.text)
        assert.ok(
          answer.body.errors.some(
            (error: { path: string }) => error.path.startsWith(path) || error.path === '/1',
          ),
          `${path}: ${answer.text}`,
        )
      }
      const huge = await app.post('/measurements', `[${JSON.stringify(row).replace('1}', '1e400}')}]`, {
        'content-type': 'application/json',
      })
      assert.equal(huge.status, 422, huge.text)
      assert.deepEqual(await stored(signal), [])
    })

    await t.test(
      'unknown signals and impossible times are refused one by one, the rest is stored',
      async () => {
        const signal = await givenSignal()
        const answer = await app.post('/measurements', [
          { signal_id: 'nobody', measured_at: NOON, value: 1 },
          { signal_id: signal.id, measured_at: NOON, value: 1 },
          { signal_id: signal.id, measured_at: '2026-02-30T25:61:00Z', value: 1 },
          { signal_id: signal.id, measured_at: '999999-12-31T00:00:00Z', value: 1 },
          { signal_id: signal.id, measured_at: '1899-12-31T23:59:59Z', value: 1 },
          { asset_id: 'nothing', quantity: 'power', measured_at: NOON, value: 1 },
        ])

        assert.equal(answer.status, 200)
        assert.deepEqual(
          { ...answer.body, rejected: undefined },
          { accepted: 1, updated: 0, unchanged: 0, rejected: undefined },
        )
        const reasons = new Map(
          answer.body.rejected.map(({ index, reason }: { index: number; reason: string }) => [index, reason]),
        )
        assert.deepEqual([...reasons.keys()], [0, 2, 3, 4, 5])
        assert.equal(reasons.get(0), 'signal_id: there is no signal "nobody"')
        assert.match(String(reasons.get(2)), /no such day/)
        assert.match(String(reasons.get(3)), /not a time/)
        assert.match(String(reasons.get(4)), /1900 to 2200/)
        assert.equal(reasons.get(5), 'the asset "nothing" has no signal of quantity "power"')
        assert.deepEqual(await stored(signal), [[NOON, 1]])
      },
    )

    await t.test('with atomic, one bad row refuses all', async () => {
      const signal = await givenSignal()
      const good = { signal_id: signal.id, measured_at: NOON, value: 1 }
      const bad = { signal_id: 'nobody', measured_at: NOON, value: 1 }

      const refused = await app.post('/measurements?atomic=true', [good, bad, bad])
      assert.equal(refused.status, 422)
      assert.deepEqual(
        refused.body.errors.map(({ path }: { path: string }) => path),
        ['/1', '/2'],
      )
      assert.deepEqual(await stored(signal), [])

      const taken = await app.post('/measurements?atomic=true', [good])
      assert.deepEqual(taken.body, { accepted: 1, updated: 0, unchanged: 0, rejected: [] })
    })

    await t.test('a row may name the asset and quantity, unless they have several signals', async () => {
      const asset = await app.givenAsset({ name: 'Substation' })
      const other = await app.givenSignal({ id: 'only', asset_id: asset.id, quantity: 'power' })
      for (const id of ['one', 'two']) {
        await app.givenSignal({ id, name: id, asset_id: asset.id, quantity: 'voltage' })
      }
      const row = (quantity: string) => ({ asset_id: asset.id, quantity, measured_at: NOON, value: 3 })

      const answer = await app.post('/measurements', [row('voltage'), row('power'), row('current')])
      const csv = await app.post(
        '/measurements',
        `asset_id,quantity,measured_at,value\n${asset.id},power,${NOON},3\n`,
        CSV,
      )

      assert.deepEqual(answer.body, {
        accepted: 1,
        updated: 0,
        unchanged: 0,
        rejected: [
          {
            index: 0,
            reason: `the asset "${asset.id}" has 2 signals of quantity "voltage"; name the signal_id`,
          },
          { index: 2, reason: `the asset "${asset.id}" has no signal of quantity "current"` },
        ],
      })
      assert.equal(csv.body.unchanged, 1)
      assert.deepEqual(await stored(other), [[NOON, 3]])
    })

    await t.test('a time without offset is read in the zone of the request', async () => {
      const signal = await givenSignal()
      const row = { signal_id: signal.id, measured_at: '2026-07-01T12:00:00', value: 1 }

      await app.post('/measurements?tz=Europe/Berlin', [row])

      assert.deepEqual(await stored(signal), [['2026-07-01T10:00:00Z', 1]])
      assert.equal((await app.post('/measurements?tz=Europe/Atlantis', [row])).status, 422)
    })

    await t.test('a hundred requests at once are each answered with their own counts', async () => {
      const signals = await Promise.all(Array.from({ length: 10 }, givenSignal))
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          app.post('/measurements', [
            { signal_id: signals[index % 10]?.id, measured_at: at(index), value: index },
            { signal_id: 'nobody', measured_at: at(index), value: index },
            { signal_id: signals[index % 10]?.id, measured_at: at(1000 + index), value: index },
          ]),
        ),
      )

      for (const { body } of answers) {
        assert.deepEqual(body, {
          accepted: 2,
          updated: 0,
          unchanged: 0,
          rejected: [{ index: 1, reason: 'signal_id: there is no signal "nobody"' }],
        })
      }
      for (const [index, signal] of signals.entries()) {
        const rows = await stored(signal)
        assert.equal(rows.length, 20)
        assert.deepEqual(rows[0], [at(index), index])
        assert.equal((await app.get(`/signals/${signal.id}`)).body.count, 20)
      }
    })

    await t.test(
      'a hundred requests for one instant store one of their values, and one of them is new',
      async () => {
        const signal = await givenSignal()
        const answers = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            app.post('/measurements', [{ signal_id: signal.id, measured_at: NOON, value: index % 7 }]),
          ),
        )

        const sum = { accepted: 0, updated: 0, unchanged: 0 }
        for (const { body } of answers) {
          assert.equal(body.accepted + body.updated + body.unchanged, 1)
          sum.accepted += body.accepted
          sum.updated += body.updated
          sum.unchanged += body.unchanged
        }
        assert.equal(sum.accepted, 1)
        assert.equal(sum.updated + sum.unchanged, 99)
        assert.ok(sum.updated > 0)
        assert.equal((await stored(signal)).length, 1)
      },
    )

    await t.test('more rows than a request may carry are refused', async () => {
      const rows = Array.from({ length: 100_001 }, (_, index) => `s,${at(index)},1\n`)

      const answer = await app.post('/measurements', `signal_id,measured_at,value\n${rows.join('')}`, CSV)

      assert.equal(answer.status, 422)
      assert.match(answer.body.detail, /100 ?000/)
    })

    await t.test('a repeated idempotency key answers as the first time and stores nothing more', async () => {
      const signal = await givenSignal()
      const body = [{ signal_id: signal.id, measured_at: NOON, value: 1 }]
      const key = { 'idempotency-key': `key-${signal.id}` }

      const first = await app.post('/measurements', body, key)
      await app.post('/measurements', [{ signal_id: signal.id, measured_at: NOON, value: 2 }])
      const again = await app.post('/measurements', body, key)
      const other = await app.post('/measurements', [...body, ...body], key)

      assert.deepEqual(again.body, first.body)
      assert.deepEqual([first.status, again.status, other.status], [200, 200, 409])
      assert.deepEqual(await stored(signal), [[NOON, 2]])
      for (const bad of ['', 'x'.repeat(10_000), 'tab\there']) {
        const { status } = await app.post('/measurements', body, { 'idempotency-key': bad })
        assert.ok([400, 431].includes(status), `${bad.slice(0, 10)}: ${status}`)
      }
    })

    await t.test('pages of several signals are whole and in order, both ways', async () => {
      const signals = await Promise.all([givenSignal(), givenSignal(), givenSignal()])
      const rows = signals.flatMap(({ id }, place) =>
        Array.from({ length: 5 + place * 3 }, (_, index) => ({
          signal_id: id,
          measured_at: at(index * 7.000001),
          value: index - place / 10,
        })),
      )
      await app.post('/measurements', rows.toReversed())
      const query = signals.map(({ id }) => `signal_id=${id}`).join('&')
      const ids = `signal_id=${signals.map(({ id }) => id).join(',')}`

      for (const order of ['asc', 'desc']) {
        const expected = [...rows].sort((a, b) => {
          const byTime =
            a.measured_at.length - b.measured_at.length || (a.measured_at < b.measured_at ? -1 : 1)
          const time = Date.parse(a.measured_at) - Date.parse(b.measured_at) || byTime
          return a.signal_id < b.signal_id
            ? -1
            : a.signal_id > b.signal_id
              ? 1
              : order === 'asc'
                ? time
                : -time
        })
        for (const limit of [1, 2, 7, rows.length - 1, rows.length, 1000]) {
          const found = await pages(app, `/measurements?${query}&order=${order}&limit=${limit}`)
          assert.deepEqual(found.flat(), expected, `${order} by ${limit}`)
          assert.ok(found.slice(0, -1).every((page) => page.length === limit))
          assert.ok((found.at(-1)?.length ?? 0) > 0)
        }
        const csv = await app.get(`/measurements?${ids}&order=${order}&format=csv`)
        const lines = expected.map((row) => `${row.signal_id},${row.measured_at},${row.value}\n`)
        assert.equal(csv.text, `signal_id,measured_at,value\n${lines.join('')}`)
        assert.match(String(csv.headers['content-type']), /^text\/csv/)
        const ndjson = await app.get(`/measurements?${ids}&order=${order}&format=ndjson&limit=4`)
        assert.equal(
          ndjson.text,
          expected
            .slice(0, 4)
            .map((row) => `${JSON.stringify(row)}\n`)
            .join(''),
        )
      }
    })

    await t.test('a range includes its begin and not its end', async () => {
      const signal = await givenSignal()
      const rows = [0, 1, 2, 3].map((second) => ({
        signal_id: signal.id,
        measured_at: at(second),
        value: second,
      }))
      await app.post('/measurements', rows)
      const values = async (range: string) => {
        const { body } = await app.get(`/measurements?signal_id=${signal.id}${range}`)
        return body.items.map(({ value }: { value: number }) => value)
      }

      assert.deepEqual(await values(`&from=${at(1)}&to=${at(3)}`), [1, 2])
      assert.deepEqual(await values(`&from=${at(3)}`), [3])
      assert.deepEqual(await values(`&to=${at(1)}`), [0])
      assert.deepEqual(await values(`&from=${at(1)}&to=${at(1)}`), [])
      assert.deepEqual(
        await values(`&from=2026-01-31T13:00:01&to=2026-01-31T13:00:03&tz=Europe/Berlin`),
        [1, 2],
      )
      assert.deepEqual(await values('&from=now-1h'), [])
    })

    await t.test('questions that make no sense are refused', async () => {
      const signal = await givenSignal()
      const cases: [string, number][] = [
        ['/measurements', 422],
        ['/measurements?signal_id=nobody', 404],
        ['/series?signal_id=nobody', 404],
        [`/measurements?signal_id=${signal.id},nobody`, 404],
        [`/measurements?signal_id=${signal.id}&order=up`, 422],
        [`/measurements?signal_id=${signal.id}&limit=0`, 422],
        [`/measurements?signal_id=${signal.id}&limit=100001`, 422],
        [`/measurements?signal_id=${signal.id}&from=yesterday`, 422],
        [`/measurements?signal_id=${signal.id}&from=${at(2)}&to=${at(1)}`, 422],
        [`/measurements?signal_id=${signal.id}&format=xml`, 422],
        [`/measurements?signal_id=${signal.id}&format=csv&cursor=nonsense`, 422],
        [`/measurements?signal_id=${signal.id}&cursor=${Buffer.from('[1]').toString('base64url')}`, 422],
        [`/series?signal_id=${signal.id}&points=3`, 422],
        [`/series?signal_id=${signal.id}&points=10001`, 422],
        [`/series?signal_id=${Array.from({ length: 101 }, () => signal.id).join(',')}`, 422],
      ]
      for (const [path, status] of cases) assert.equal((await app.get(path)).status, status, path)
    })

    await t.test('a signal that is deleted while its rows come in takes no other row with it', async () => {
      const other = await givenSignal()
      for (let turn = 0; turn < 8; turn++) {
        const signal = await givenSignal()
        const rows = [signal, other].map(({ id }) => ({ signal_id: id, measured_at: at(turn), value: 1 }))
        const [posted, deleted] = await Promise.all([
          app.post('/measurements', rows),
          app.delete(`/signals/${signal.id}?cascade=true`),
        ])

        assert.deepEqual([posted.status, deleted.status], [200, 200], posted.text)
        assert.equal(posted.body.accepted + posted.body.rejected.length, 2)
        assert.equal(deleted.body.measurements, posted.body.accepted - 1)
      }
      assert.equal((await stored(other)).length, 8)
    })

    await t.test('a range of a signal can be removed, and its state follows', async () => {
      const signal = await givenSignal()
      const rows = [0, 1, 2, 3, 4].map((second) => ({
        signal_id: signal.id,
        measured_at: at(second),
        value: second,
      }))
      await app.post('/measurements', rows)
      const remove = (from: number, to: number) =>
        app.delete(`/measurements?signal_id=${signal.id}&from=${at(from)}&to=${at(to)}`)
      const state = async () => {
        const { first_at, last_at, last_value, count } = (await app.get(`/signals/${signal.id}`)).body
        return [first_at, last_at, last_value, count]
      }

      assert.deepEqual((await remove(3, 9)).body, { deleted: 2 })
      assert.deepEqual(await state(), [at(0), at(2), 2, 3])
      assert.deepEqual((await remove(3, 9)).body, { deleted: 0 })
      assert.deepEqual((await remove(0, 1)).body, { deleted: 1 })
      assert.deepEqual(await state(), [at(1), at(2), 2, 2])
      assert.deepEqual((await remove(-5, 5)).body, { deleted: 2 })
      assert.deepEqual(await state(), [null, null, null, 0])
      await app.post('/measurements', [rows[1]])
      assert.deepEqual(await state(), [at(1), at(1), 1, 1])
      for (const path of [
        `signal_id=${signal.id}`,
        `signal_id=${signal.id}&from=${at(0)}`,
        `signal_id=${signal.id}&from=${at(2)}&to=${at(1)}`,
      ]) {
        assert.equal((await app.delete(`/measurements?${path}`)).status, 422, path)
      }
      assert.equal((await app.delete(`/measurements?signal_id=nobody&from=${at(0)}&to=${at(1)}`)).status, 404)
    })

    await t.test('users read, managers write, others do neither', async () => {
      const signal = await givenSignal()
      const body = [{ signal_id: signal.id, measured_at: NOON, value: 1 }]
      const range = `signal_id=${signal.id}&from=${at(0)}&to=${at(1)}`

      assert.equal((await app.as('user').post('/measurements', body)).status, 403)
      assert.equal((await app.as('user').delete(`/measurements?${range}`)).status, 403)
      assert.equal((await app.as('user').get(`/measurements?${range}`)).status, 200)
      assert.equal((await app.as('user').get(`/series?${range}`)).status, 200)
      for (const path of ['measurements', 'series']) {
        assert.equal((await app.as('anyone').get(`/${path}?${range}`)).status, 401)
      }
    })

    await t.test('a series with few rows is drawn from all of them, and an empty one is empty', async () => {
      const [signal, empty] = [await givenSignal(), await givenSignal()]
      const rows = [0, 1, 2, 3].map((second) => ({
        signal_id: signal.id,
        measured_at: at(second),
        value: -second,
      }))
      await app.post('/measurements', rows)

      const { body } = await app.get(`/series?signal_id=${signal.id},${empty.id}&points=4`)
      const range = await app.get(`/series?signal_id=${signal.id}&from=${at(1)}&to=${at(3)}`)
      const outside = await app.get(`/series?signal_id=${signal.id}&from=${at(10)}&points=4`)

      assert.deepEqual(body, {
        from: null,
        to: null,
        series: [
          {
            signal_id: signal.id,
            unit: 'kV',
            measured_at: rows.map(({ measured_at }) => measured_at),
            value: [0, -1, -2, -3].map((value) => value + 0),
            downsampled: false,
          },
          { signal_id: empty.id, unit: 'kV', measured_at: [], value: [], downsampled: false },
        ],
      })
      assert.deepEqual([range.body.from, range.body.to], [at(1), at(3)])
      assert.deepEqual(range.body.series[0].value, [-1, -2])
      assert.deepEqual(outside.body.series[0].value, [])
    })

    await t.test('a series with many rows keeps first, last, least and greatest of each slice', async () => {
      const { signal, rows } = await givenCurve(app, await givenSignal())

      const range = fc.tuple(fc.nat(40_000), fc.nat(40_000)).filter(([a, b]) => a !== b)
      await fc.assert(
        fc.asyncProperty(range, fc.integer({ min: 4, max: 1500 }), async (seconds, points) => {
          const [from = 0, to = 0] = seconds.sort((a, b) => a - b).map((second) => START + second * SECOND)
          const path = `from=${formatInstant(from)}&to=${formatInstant(to)}&points=${points}`
          const { body } = await app.get(`/series?signal_id=${signal.id}&${path}`)
          const inside = rows.filter(({ instant }) => instant >= from && instant < to)
          const expected = inside.length <= points ? inside : slicesOf(inside, from, to, points)
          assert.deepEqual(
            body.series[0].measured_at,
            expected.map(({ instant }) => formatInstant(instant)),
          )
          assert.deepEqual(
            body.series[0].value,
            expected.map(({ value }) => value),
          )
          assert.equal(body.series[0].downsampled, inside.length > points)
        }),
        { numRuns: 25 },
      )
    })

    await t.test(
      'a series without a range loses no peak, and has about as many points as asked for',
      async () => {
        const { signal, rows } = await givenCurve(app, await givenSignal())

        for (const points of [4, 5, 100, 799, 3000]) {
          const { body } = await app.get(`/series?signal_id=${signal.id}&points=${points}`)
          const { measured_at, value, downsampled } = body.series[0]
          const values = rows.map((row) => row.value)
          assert.ok(downsampled)
          assert.ok(value.length <= points + 4, `${value.length} of ${points}`)
          assert.equal(value[0], values[0])
          assert.equal(value.at(-1), values.at(-1))
          assert.equal(Math.max(...value), Math.max(...values))
          assert.equal(Math.min(...value), Math.min(...values))
          const known = new Map(rows.map((row) => [formatInstant(row.instant), row.value]))
          for (const [index, instant] of measured_at.entries()) assert.equal(value[index], known.get(instant))
        }
      },
    )
  })
}

const SECOND = 1_000_000
const START = 1_769_860_800_000_000

interface Point {
  instant: number
  value: number
}

/** Seven thousand readings in forty thousand seconds, with a gap, none of a value twice. */
async function givenCurve(
  app: Running,
  signal: { id: string },
): Promise<{ signal: { id: string }; rows: Point[] }> {
  const rows: Point[] = []
  for (let second = 0; second < 40_000; second += 5) {
    if (second > 20_000 && second < 25_000) continue
    const noise = (second * 7919) % 1009
    const peak = second % 9995 === 0 ? 500 : 0
    rows.push({
      instant: START + second * SECOND + (second % 3),
      value: Math.sin(second / 3000) * 100 + noise / 50 + peak + second / 1e7,
    })
  }
  const lines = rows.map(({ instant, value }) => `${signal.id},${formatInstant(instant)},${value}\n`)
  const { body, text } = await app.post(
    '/measurements',
    `signal_id,measured_at,value\n${lines.join('')}`,
    CSV,
  )
  assert.equal(body.accepted, rows.length, text)
  return { signal, rows }
}

/** First, last, least and greatest of each of a quarter as many slices as points. */
function slicesOf(rows: Point[], from: number, to: number, points: number): Point[] {
  const width = Math.max(1, Math.ceil((to - from) / Math.floor(points / 4)))
  const slices = Map.groupBy(rows, ({ instant }) => Math.floor((instant - from) / width))
  return [...slices.values()].flatMap((slice) => {
    const byValue = slice.toSorted((a, b) => a.value - b.value)
    const kept = new Set([slice[0], slice.at(-1), byValue[0], byValue.at(-1)])
    return slice.filter((row) => kept.has(row))
  })
}
