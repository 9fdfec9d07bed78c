import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { CSV, counts, JSON_TYPE, load, mappingOf, refusals } from '../../../tests/sent-files.ts'

const AS_IT_COMES = { time: 'date', wide: '*', create_signals: true, create_assets: true }

async function stored(app: Running, id: string): Promise<[string, number][]> {
  const { body } = await app.get(`/measurements?signal_id=${encodeURIComponent(id)}&limit=1000`)
  return body.items.map(({ measured_at, value }: { measured_at: string; value: number }) => [
    measured_at,
    value,
  ])
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`wide files on ${name}`, () => {
    test('a file of one column a signal comes as it is, and makes its signals and their asset', async (t) => {
      const app = await startApp(t, open)
      const file = [
        'date,HUFL,OT',
        '2016-07-01 00:00:00,5.827000141143799,30.5310001373291',
        '2016-07-01 01:00:00,5.692999839782715,',
        '2016-07-01 02:00:00,,27.78700065612793',
      ].join('\n')
      const send = () => load(app, `target=measurements&file_name=ETT.csv&${mappingOf(AS_IT_COMES)}`, file)

      const first = await send()
      const again = await send()

      assert.deepEqual(counts(first), [4, 0, 0, 0])
      assert.deepEqual(counts(again), [0, 0, 4, 0])
      const { items } = (await app.get('/signals')).body
      assert.deepEqual(
        items.map((signal: Record<string, unknown>) => [
          signal.id,
          signal.asset_id,
          signal.name,
          signal.quantity,
          signal.unit,
          signal.count,
        ]),
        [
          ['HUFL', 'ETT', 'HUFL', 'HUFL', '', 2],
          ['OT', 'ETT', 'OT', 'OT', '', 2],
        ],
      )
      const { type, name: assetName } = (await app.get('/assets/ETT')).body
      assert.deepEqual([type, assetName], ['site', 'ETT'])
      assert.deepEqual(await stored(app, 'HUFL'), [
        ['2016-07-01T00:00:00Z', 5.827000141143799],
        ['2016-07-01T01:00:00Z', 5.692999839782715],
      ])
    })

    test('a bad cell is refused alone, an empty one is none, a row without a time is refused once', async (t) => {
      const app = await startApp(t, open)
      const [a, b] = [await app.givenSignal({ id: 'a' }), await app.givenSignal({ id: 'b' })]
      const file = [
        'at;a;b;;c',
        '01.02.2026 10:00;1.000,5;-;;1',
        '01.02.2026 11:00;  ;2;;',
        'noon;3;4;;',
        '01.02.2026 12:00;10.00;"5";;',
        '01.02.2026 13:00;1;2',
        '01.02.2199 12:00;1;2;;',
        '',
      ].join('\r\n')
      const mapping = {
        delimiter: ';',
        decimal: ',',
        thousands: '.',
        time: 'at',
        wide: '*',
        time_format: 'DD.MM.YYYY HH:mm',
      }

      const ended = await load(app, `target=measurements&${mappingOf(mapping)}`, file)

      assert.deepEqual(counts(ended), [3, 0, 0, 6])
      assert.deepEqual(await stored(app, a.id), [['2026-02-01T10:00:00Z', 1000.5]])
      assert.deepEqual(await stored(app, b.id), [
        ['2026-02-01T11:00:00Z', 2],
        ['2026-02-01T12:00:00Z', 5],
      ])
      assert.deepEqual(await refusals(app, ended), [
        [2, 'b', '-', 'type'],
        [2, 'c', '1', 'reference'],
        [4, 'at', 'noon', 'type'],
        [5, 'a', '10.00', 'type'],
        [6, null, null, 'structure'],
        [7, 'at', '01.02.2199 12:00', 'future'],
      ])
    })

    test('columns find their signals by id, by a name of the mapping, or by asset and quantity', async (t) => {
      const app = await startApp(t, open)
      await app.post('/assets', { id: 'T1', type: 'site', name: 'T1' })
      await app.post('/signals', { id: 'u-1', asset_id: 'T1', quantity: 'voltage', unit: 'V' })
      await app.post('/signals', { id: 'oil', asset_id: 'T1', quantity: 'temperature', unit: '°C' })
      const mapping = {
        time: 't',
        wide: ['voltage', 'Oil [F]', 'load'],
        columns: { 'Oil [F]': 'oil' },
        units: { voltage: 'kV', 'Oil [F]': '°F', load: 'kW' },
        constants: { asset_id: 'T1' },
        create_signals: true,
      }
      const file = 't,voltage,Oil [F],load,remark\n2026-02-01,110.25,212,7,x\n2026-02-02,,32,,y\n'

      const ended = await load(app, `target=measurements&${mappingOf(mapping)}`, file)

      assert.deepEqual(counts(ended), [4, 0, 0, 0])
      assert.deepEqual(await stored(app, 'u-1'), [['2026-02-01T00:00:00Z', 110_250]])
      assert.deepEqual(await stored(app, 'oil'), [
        ['2026-02-01T00:00:00Z', 100],
        ['2026-02-02T00:00:00Z', 0],
      ])
      const made = (await app.get('/signals/load')).body
      assert.deepEqual([made.asset_id, made.quantity, made.unit, made.last_value], ['T1', 'load', 'kW', 7])
    })

    test('a signal of another asset is not taken for that of a column of its name', async (t) => {
      const app = await startApp(t, open)
      const send = (asset_id: string) =>
        load(
          app,
          `target=measurements&${mappingOf({ ...AS_IT_COMES, constants: { asset_id } })}`,
          'date,power\n2026-02-01,1\n',
        )

      await send('north')
      await send('south')
      const again = await send('south')

      assert.deepEqual(counts(again), [0, 0, 1, 0])
      const { items } = (await app.get('/signals')).body
      assert.deepEqual(
        items.map(({ id, asset_id, count }: Record<string, unknown>) => [id, asset_id, count]),
        [
          ['power', 'north', 1],
          ['south:power', 'south', 1],
        ],
      )
    })

    test('records of JSON are wide, too', async (t) => {
      const app = await startApp(t, open)
      const rows = [
        { date: '2026-02-01', a: 1, b: null },
        { date: '2026-02-02', a: '2', c: 3 },
      ]
      const query = `target=measurements&file_name=plant.json&${mappingOf(AS_IT_COMES)}`

      const ended = await load(app, query, JSON.stringify(rows), JSON_TYPE)

      assert.deepEqual(counts(ended), [3, 0, 0, 0])
      assert.deepEqual(await stored(app, 'c'), [['2026-02-02T00:00:00Z', 3]])
    })

    test('what cannot be a wide file says what would be right', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'a' })
      await app.givenSignal({ id: 'b' })
      const cases: [object, RegExp][] = [
        [{ wide: '*' }, /needs `time`, the name of its column of times/],
        [{ time: 'at' }, /`time` is for wide files/],
        [{ wide: '*', time: 'when' }, /no column "when"; its columns are "at", "a", "b"/],
        [{ wide: ['a', 'x'], time: 'at' }, /no column "x"/],
        [{ wide: ['a', 'at'], time: 'at' }, /the column of times cannot be one of `wide`/],
        [{ wide: '*', time: 'at', units: { x: 'kV' } }, /units name "x", which is no column of values/],
        [{ wide: '*', time: 'at', columns: { a: 'b' } }, /the columns "a", "b" are the same signal/],
        [{ wide: '*', time: 'at', constants: { value: 1 } }, /constants name "value"/],
        [{ wide: '*', time: 'at', rules: { wert: { min: 1 } } }, /rules name "wert"/],
      ]
      for (const [mapping, reason] of cases) {
        const query = `target=measurements&${mappingOf(mapping)}`
        const ended = await load(app, query, 'at,a,b\n2026-02-01,1,2\n', CSV)
        assert.equal(ended.status, 'failed')
        assert.match(ended.error ?? '', reason)
      }
    })

    test('many columns over many runs leave every cell once', async (t) => {
      const app = await startApp(t, open)
      const names = Array.from({ length: 120 }, (_, index) => `column-${index}`)
      const rows = Array.from({ length: 6000 }, (_, row) => {
        const at = new Date(Date.UTC(2025, 0, 1) + row * 600_000).toISOString()
        return `${at},${names.map((_, column) => ((row * 7 + column) % 13 === 0 ? '' : row + column / 1000)).join(',')}`
      })
      const mapping = mappingOf(AS_IT_COMES)

      const ended = await load(
        app,
        `target=measurements&file_name=w.csv&${mapping}`,
        [`date,${names.join(',')}`, ...rows].join('\n'),
      )

      const cells = rows.length * names.length
      const empty = rows.join('\n').split(/,(?=,|\n|$)/).length - 1
      assert.deepEqual(counts(ended), [cells - empty, 0, 0, 0])
      const { body } = await app.get('/signals/column-119/stats')
      assert.equal(body.max, 5999.119)
      assert.equal(body.count, rows.filter((_, row) => (row * 7 + 119) % 13 !== 0).length)
    })
  })
}
