// The tests of one engine share one service, each with signals and datasets of its own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Load } from '../../../contract/loads.ts'
import type { Reject, RejectGroup, RejectReplay } from '../../../contract/rejects.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { counts, HEADER, JSON_TYPE, load, mappingOf } from '../../../tests/sent-files.ts'
import { writeXlsx } from '../../../tests/write-xlsx.ts'

const rejectsOf = async (app: Running, { id }: { id: string }, query = ''): Promise<Reject[]> =>
  (await app.get(`/loads/${id}/rejects?limit=1000${query}`)).body.items

/** Line, column and state of each refused row. */
const states = async (app: Running, ended: { id: string }) =>
  (await rejectsOf(app, ended)).map(({ line, column, state }) => [line, column, state])

/** Sends refused rows again and waits until that load has ended. */
async function replay(app: Running, { id }: { id: string }, request: RejectReplay = {}): Promise<Load> {
  const answer = await app.post(`/loads/${id}/rejects/replay`, request)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.headers.location, `/api/v1/loads/${answer.body.id}`)
  return await app.loaded(answer.body.id)
}

const placesOfFaults = (answer: { body: { errors?: { path: string }[] } }) =>
  answer.body.errors?.map(({ path }) => path)

for (const [name, open] of Object.entries(ENGINES)) {
  test(`refused rows on ${name}`, async (t) => {
    const app = await startApp(t, open)
    const ids = { next: 101 }
    const givenSignal = () => app.givenSignal({ id: `s${ids.next++}` })
    const stored = async ({ id }: { id: string }): Promise<[string, number][]> =>
      (await app.get(`/measurements?signal_id=${id}&limit=1000`)).body.items.map(
        ({ measured_at, value }: { measured_at: string; value: number }) => [
          measured_at.slice(11, 19),
          value,
        ],
      )
    const at = (second: number) => `2026-01-31T12:00:${String(second).padStart(2, '0')}Z`

    await t.test('come by what was wrong with them, the most frequent first', async () => {
      const signal = await givenSignal()
      const rows = [
        ...['n/a', 'n/a', 'off', 'n/a', 'off', 'x'].map(
          (value, index) => `${signal.id},${at(index)},${value}`,
        ),
        `${signal.id},never,1`,
        `${signal.id},${at(50)},1`,
        'ghost',
      ]
      const ended = await load(app, 'target=measurements', `${HEADER}${rows.join('\n')}\n`)

      const { body } = await app.get(`/loads/${ended.id}/rejects/groups`)
      const groups: RejectGroup[] = body.items
      assert.equal(body.header, HEADER.trim())
      assert.deepEqual(
        groups.map(({ rule, column, rows: many, open: left, lines, values }) => [
          rule,
          column,
          many,
          left,
          lines,
          values,
        ]),
        [
          ['type', 'value', 6, 6, [2, 3, 4, 5, 6], ['n/a', 'off', 'x']],
          ['structure', null, 1, 1, [10], [null]],
          ['type', 'measured_at', 1, 1, [8], ['never']],
        ],
      )
      const [first] = groups
      const filter = `&rule=type&column=value&reason=${encodeURIComponent(first?.reason ?? '')}`
      assert.equal((await rejectsOf(app, ended, filter)).length, 6)
      assert.deepEqual(
        (await rejectsOf(app, ended, '&column=')).map(({ line }) => line),
        [10],
      )
      assert.deepEqual(await rejectsOf(app, ended, '&state=mended'), [])
      const { text } = await app.get(`/loads/${ended.id}/rejects?format=csv&rule=type&column=measured_at`)
      assert.match(
        text,
        /^signal_id,measured_at,value,rejected_line,rejected_reason\ns\d+,never,1,8,measured_at: [^\n]+\n$/,
      )
    })

    await t.test(
      'are mended all at once by replacing a text, and keep the link to what they were',
      async () => {
        const signal = await givenSignal()
        const mapping = mappingOf({ delimiter: ';', decimal: ',', quote: `'`, skip_lines: 1 })
        const rows = [
          `${signal.id};${at(1)};'n;a'`,
          `${signal.id};${at(2)};2,5`,
          `${signal.id};${at(3)};'n;a'`,
          `x;${at(4)};off`,
        ]
        const file = `export\nsignal_id;measured_at;value\n${rows.join('\n')}\n`
        const ended = await load(app, `target=measurements&${mapping}`, file)
        assert.deepEqual(counts(ended), [1, 0, 0, 3])

        const again = await replay(app, ended, {
          rule: 'type',
          replace: [{ column: 'value', from: 'n;a', to: '0,5' }],
        })

        assert.deepEqual(counts(again), [2, 0, 0, 0])
        assert.equal(again.replays, ended.id)
        assert.equal(again.target, 'measurements')
        assert.deepEqual(await stored(signal), [
          ['12:00:01', 0.5],
          ['12:00:02', 2.5],
          ['12:00:03', 0.5],
        ])
        const [one] = await rejectsOf(app, ended)
        assert.deepEqual([one?.state, one?.mended_load_id, one?.raw], ['mended', again.id, rows[0]])
        assert.equal(one?.mended_raw, `${signal.id};${at(1)};0,5`)
        assert.deepEqual(await states(app, ended), [
          [3, 'value', 'mended'],
          [5, 'value', 'mended'],
          [6, 'signal_id', 'open'],
        ])
        const { body } = await app.get(`/loads/${ended.id}/rejects/groups`)
        assert.deepEqual(
          body.items.map(({ rows: many, open: left }: RejectGroup) => [many, left]),
          [
            [2, 0],
            [1, 1],
          ],
        )
      },
    )

    await t.test(
      'are written anew one by one; what is refused again stays open where it was first',
      async () => {
        const signal = await givenSignal()
        const rows = [
          `${signal.id},${at(1)},a`,
          `${signal.id},${at(2)}`,
          `${signal.id},${at(3)},c`,
          `${signal.id},${at(4)},d`,
        ]
        const ended = await load(app, 'target=measurements', `${HEADER}${rows.join('\n')}\n`)

        const again = await replay(app, ended, {
          rows: [
            { line: 3, raw: `${signal.id},${at(2)},2` },
            { line: 2, raw: `${signal.id},never,1` },
          ],
        })

        assert.deepEqual(counts(again), [1, 0, 0, 1])
        const all = await rejectsOf(app, ended)
        assert.deepEqual(
          all.map(({ line, state, mended_load_id }) => [line, state, mended_load_id]),
          [
            [2, 'open', again.id],
            [3, 'mended', again.id],
            [4, 'open', null],
            [5, 'open', null],
          ],
        )
        assert.equal(all[0]?.mended_raw, `${signal.id},never,1`)
        // Why it was refused again is in the replay, where it is no longer open.
        const [refused] = await rejectsOf(app, again)
        assert.deepEqual([refused?.column, refused?.state], ['measured_at', 'dismissed'])

        // From there it is sent by its line, and is then mended where it was first.
        const nothing = await app.post(`/loads/${again.id}/rejects/replay`, {})
        assert.equal(nothing.status, 422)
        assert.ok(nothing.body.detail.includes(ended.id))
        const third = await replay(app, again, {
          lines: [refused?.line ?? 0],
          replace: [{ column: 'measured_at', to: at(1) }],
        })
        assert.deepEqual([counts(third), third.replays], [[1, 0, 0, 0], ended.id])
        const [first] = await rejectsOf(app, ended)
        assert.deepEqual(
          [first?.state, first?.raw, first?.mended_raw, first?.mended_load_id],
          ['mended', rows[0], `${signal.id},${at(1)},1`, third.id],
        )
        assert.deepEqual(await stored(signal), [
          ['12:00:01', 1],
          ['12:00:02', 2],
        ])
      },
    )

    await t.test('are read by a changed mapping, quotes and line ends in them included', async () => {
      const file =
        'day;note;amount\n2026-01-31;"one\n""two"""; 1,5\n2026-02-01;three;2,5\n2026-02-02;four;5\n'
      await app.post('/datasets', {
        name: 'amounts',
        columns: [
          { name: 'day', type: 'date', required: true },
          { name: 'note', type: 'text' },
          { name: 'amount', type: 'number' },
        ],
      })
      const ended = await load(app, `target=dataset:amounts&${mappingOf({ delimiter: ';' })}`, file)
      assert.deepEqual(counts(ended), [1, 0, 0, 2])

      const again = await replay(app, ended, { mapping: { decimal: ',' } })

      assert.deepEqual(counts(again), [2, 0, 0, 0])
      assert.deepEqual(again.mapping, { delimiter: ';', decimal: ',', format: 'csv' })
      assert.deepEqual((await app.get('/datasets/amounts/rows')).body.items.map(Object.values), [
        ['2026-02-02', 'four', 5],
        ['2026-01-31', 'one\n"two"', 1.5],
        ['2026-02-01', 'three', 2.5],
      ])
      assert.deepEqual(await states(app, ended), [
        [2, 'amount', 'mended'],
        [4, 'amount', 'mended'],
      ])
      assert.equal((await app.post(`/loads/${ended.id}/rejects/replay`, {})).status, 422)
    })

    await t.test('of JSON are sent as a record a line', async () => {
      const signal = await givenSignal()
      const readings = [
        { data: { id: signal.id, value: 'n/a' }, at: at(1) },
        { data: { id: signal.id, value: 2 }, at: 'never' },
      ]
      const mapping = mappingOf({
        records: 'readings',
        columns: { 'data.id': 'signal_id', 'data.value': 'value', at: 'measured_at' },
      })
      const file = JSON.stringify({ readings }, undefined, 2)
      const ended = await load(app, `target=measurements&${mapping}`, file, JSON_TYPE)
      assert.deepEqual(counts(ended), [0, 0, 0, 2])

      const again = await replay(app, ended, {
        replace: [
          { column: 'data.value', from: 'n/a', to: '1' },
          { column: 'at', from: 'never', to: at(2) },
        ],
      })

      assert.deepEqual([again.format, counts(again)], ['ndjson', [2, 0, 0, 0]])
      assert.deepEqual(await stored(signal), [
        ['12:00:01', 1],
        ['12:00:02', 2],
      ])
    })

    await t.test('of XML are sent as a record a line, by the same paths', async () => {
      const signal = await givenSignal()
      const mapping = mappingOf({
        records: 'list/reading',
        columns: { '@of': 'signal_id', 'when/@at': 'measured_at', value: 'value' },
      })
      const reading = (second: number, value: string) =>
        `<reading of="${signal.id}"><when at="${at(second)}"/><value>${value}</value></reading>`
      const file = `<list>${reading(1, '1')}${reading(2, 'n/a')}</list>`
      const ended = await load(app, `target=measurements&${mapping}`, file, {
        'content-type': 'application/xml',
      })
      assert.deepEqual(counts(ended), [1, 0, 0, 1])

      const again = await replay(app, ended, { replace: [{ column: 'value', from: 'n/a', to: '2' }] })

      assert.deepEqual([again.format, counts(again)], ['ndjson', [1, 0, 0, 0]])
      assert.deepEqual(await stored(signal), [
        ['12:00:01', 1],
        ['12:00:02', 2],
      ])
    })

    await t.test(
      'of a wide sheet are sent as CSV, numbers with the decimal mark of the mapping',
      async () => {
        const [u, v] = [await givenSignal(), await givenSignal()]
        const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`
        const rows = [
          [text('at'), text(u.id), text(v.id)],
          [text(at(1)), '<c><v>1.5</v></c>', text('n/a')],
          [text('never'), '<c><v>2.5</v></c>', '<c><v>3</v></c>'],
        ]
        const sheet = rows.map((cells) => `<row>${cells.join('')}</row>`).join('')
        const mapping = mappingOf({ time: 'at', wide: '*', decimal: ',', sheet: 'Data' })
        const type = { 'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }
        const ended = await load(app, `target=measurements&${mapping}`, writeXlsx({ rows: sheet }), type)
        assert.deepEqual(counts(ended), [1, 0, 0, 2])

        const again = await replay(app, ended, {
          replace: [
            { column: v.id, from: 'n/a', to: '1,25' },
            { column: 'at', from: 'never', to: at(2) },
          ],
        })

        assert.deepEqual([again.format, counts(again)], ['csv', [3, 0, 0, 0]])
        assert.deepEqual(await stored(u), [
          ['12:00:01', 1.5],
          ['12:00:02', 2.5],
        ])
        assert.deepEqual(await stored(v), [
          ['12:00:01', 1.25],
          ['12:00:02', 3],
        ])
      },
    )

    await t.test('of a wide file are cells: one that was stored is not sent again with its row', async () => {
      const [u, v, w] = [await givenSignal(), await givenSignal(), await givenSignal()]
      const mapping = mappingOf({ time: 'at', wide: '*' })
      const header = `at,${u.id},${v.id},${w.id}`
      const rows = [`${at(1)},1,x,y`, `never,5,6,7`, `${at(3)},3,,z`]
      const ended = await load(app, `target=measurements&${mapping}`, `${header}\n${rows.join('\n')}\n`)
      assert.deepEqual(counts(ended), [2, 0, 0, 4])
      const places = [
        [2, v.id, 'open'],
        [2, w.id, 'open'],
        [3, 'at', 'open'],
        [4, w.id, 'open'],
      ]
      assert.deepEqual(await states(app, ended), places)
      const pages: unknown[] = []
      for (let cursor = ''; ; ) {
        const { body } = await app.get(`/loads/${ended.id}/rejects?limit=1${cursor}`)
        pages.push(...body.items.map(({ line, column, state }: Reject) => [line, column, state]))
        if (body.next === null) break
        cursor = `&cursor=${body.next}`
      }
      assert.deepEqual(pages, places)
      // A correction that came since is not undone by the row's being sent again.
      await load(app, 'target=measurements', `${HEADER}${u.id},${at(1)},100\n`)

      const one = await replay(app, ended, { column: v.id, replace: [{ column: v.id, to: '2' }] })
      assert.deepEqual(counts(one), [1, 0, 0, 0])
      const rest = await replay(app, ended, {
        replace: [
          { column: 'at', from: 'never', to: at(2) },
          { column: w.id, from: 'z', to: '9' },
        ],
      })

      assert.deepEqual(counts(rest), [4, 0, 0, 1])
      assert.deepEqual(
        (await states(app, ended)).map(([, , state]) => state),
        ['mended', 'open', 'mended', 'mended'],
      )
      assert.deepEqual(await stored(u), [
        ['12:00:01', 100],
        ['12:00:02', 5],
        ['12:00:03', 3],
      ])
      assert.deepEqual(await stored(v), [
        ['12:00:01', 2],
        ['12:00:02', 6],
      ])
      assert.deepEqual(await stored(w), [
        ['12:00:02', 7],
        ['12:00:03', 9],
      ])
      const { text } = await app.get(`/loads/${ended.id}/rejects?format=csv&state=open`)
      const mended = await load(app, `target=measurements&${mapping}`, text.replace(',x,y', ',2,8'))
      assert.deepEqual(counts(mended), [1, 1, 1, 0])
    })

    await t.test('of assets and signals are sent again like any others', async () => {
      const ended = await load(
        app,
        'target=assets',
        'id,type,name,latitude\nnew-1,site,One,91\nnew-2,none,Two,1\n',
      )
      assert.deepEqual(counts(ended), [0, 0, 0, 2])

      const again = await replay(app, ended, { replace: [{ column: 'latitude', from: '91', to: '9.1' }] })

      assert.deepEqual(counts(again), [1, 0, 0, 1])
      assert.equal((await app.get('/assets/new-1')).body.latitude, 9.1)
      assert.deepEqual(
        (await states(app, ended)).map(([line, , state]) => [line, state]),
        [
          [2, 'mended'],
          [3, 'open'],
        ],
      )
    })

    await t.test('are set aside, and come back only by their lines', async () => {
      const signal = await givenSignal()
      const rows = ['a', 'b', 'c'].map((value, index) => `${signal.id},${at(index)},${value}`)
      const ended = await load(app, 'target=measurements', `${HEADER}${rows.join('\n')}\n`)
      const dismiss = async (choice: object) =>
        (await app.post(`/loads/${ended.id}/rejects/dismiss`, choice)).body

      assert.deepEqual(await dismiss({ lines: [2, 99] }), { dismissed: 1 })
      assert.deepEqual(await dismiss({ lines: [2] }), { dismissed: 0 })
      assert.deepEqual(await dismiss({ column: 'measured_at' }), { dismissed: 0 })
      assert.deepEqual(await dismiss({ rule: 'type', lines: [3] }), { dismissed: 1 })
      const replace = [{ column: 'value', to: '7' }]
      assert.deepEqual(counts(await replay(app, ended, { replace })), [1, 0, 0, 0])
      assert.deepEqual(await states(app, ended), [
        [2, 'value', 'dismissed'],
        [3, 'value', 'dismissed'],
        [4, 'value', 'mended'],
      ])
      assert.deepEqual(counts(await replay(app, ended, { lines: [2, 4], replace })), [1, 0, 0, 0])
      assert.equal((await states(app, ended))[0]?.[2], 'mended')
    })

    await t.test('are sent by managers, as they can be, once their load is done', async () => {
      const signal = await givenSignal()
      const ended = await load(app, 'target=measurements', `${HEADER}${signal.id},${at(1)},a\n`)
      const path = `/loads/${ended.id}/rejects/replay`
      const user = app.as('user')

      assert.equal((await user.post(path, {})).status, 403)
      assert.equal((await user.post(`/loads/${ended.id}/rejects/dismiss`, {})).status, 403)
      assert.equal((await user.get(`/loads/${ended.id}/rejects/groups`)).status, 200)
      assert.equal((await app.post('/loads/none/rejects/replay', {})).status, 404)
      assert.equal((await app.post('/loads/none/rejects/dismiss', {})).status, 404)
      assert.equal((await app.get('/loads/none/rejects/groups')).status, 404)

      assert.equal((await app.post(path, { lines: [3] })).status, 422)
      const anew = { rows: [{ line: 3, raw: `${signal.id},${at(1)},1` }] }
      assert.deepEqual(placesOfFaults(await app.post(path, anew)), ['/rows/0/line'])
      const two = { rows: [{ line: 2, raw: `${signal.id},${at(1)},1\n${signal.id},${at(2)},2` }] }
      assert.deepEqual(placesOfFaults(await app.post(path, two)), ['/rows/0/raw'])
      const elsewhere = { replace: [{ column: 'none', to: '' }] }
      assert.deepEqual(placesOfFaults(await app.post(path, elsewhere)), ['/replace/0/column'])
      assert.equal((await app.post(path, { mapping: { template: 'no-such' } })).status, 422)
      assert.deepEqual(await states(app, ended), [[2, 'value', 'open']])

      const failed = await load(app, 'target=measurements', 'a,b\n1,2\n')
      assert.equal(failed.status, 'failed')
      assert.equal((await app.post(`/loads/${failed.id}/rejects/replay`, {})).status, 409)
      // One that fails as a whole leaves the rows open.
      const again = await replay(app, ended, { mapping: { columns: { none: 'value' } } })
      assert.equal(again.status, 'failed')
      assert.deepEqual(await states(app, ended), [[2, 'value', 'open']])
    })
  })
}
