import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Load } from '../../../contract/loads.ts'
import type { Mapping } from '../../../contract/mapping.ts'
import { ENGINES, type Running, startApp } from '../../../tests/harness.ts'
import { counts, HEADER, JSON_TYPE, load, mappingOf, refusals } from '../../../tests/sent-files.ts'
import { storeMade } from './made-signals.ts'

const readings = (mapping: Mapping, rest = '') => `target=measurements&${mappingOf(mapping)}${rest}`

async function valuesOf(app: Running, id: string): Promise<number[]> {
  const { body } = await app.get(`/measurements?signal_id=${encodeURIComponent(id)}&limit=1000`)
  return body.items.map(({ value }: { value: number }) => value)
}

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`fields of files on ${name}`, () => {
    test('values come into the unit of their signal, or are refused where they cannot', async (t) => {
      const app = await startApp(t, open)
      const [volts, warm, plain] = [
        await app.givenSignal({ id: 'volts', unit: 'V' }),
        await app.givenSignal({ id: 'warm', unit: '°C' }),
        await app.givenSignal({ id: 'plain', unit: '' }),
      ]
      const rows = [volts, warm, plain]
        .map(({ id }, index) => `${id},2026-02-0${index + 1},110.25\n`)
        .join('')

      const fixed = await load(app, readings({ units: { value: 'kV' } }), HEADER + rows)
      const byRow = await load(
        app,
        readings({}),
        'signal_id,measured_at,value,unit\nvolts,2026-02-03,5,mV\nvolts,2026-02-04,5,\nwarm,2026-02-03,293.15,K\nplain,2026-02-03,1,A\n',
      )

      assert.deepEqual(counts(fixed), [1, 0, 0, 2])
      assert.deepEqual(await refusals(app, fixed), [
        [3, 'value', '110.25', 'unit'],
        [4, 'value', '110.25', 'unit'],
      ])
      assert.deepEqual(counts(byRow), [3, 0, 0, 1])
      assert.deepEqual(await refusals(app, byRow), [[5, 'value', '1', 'unit']])
      assert.deepEqual(await valuesOf(app, 'volts'), [110_250, 0.005, 5])
      assert.deepEqual(await valuesOf(app, 'warm'), [20])
    })

    test('rules of the mapping hold for values as they are stored, for names and for times', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'a', unit: 'V' })
      await app.givenSignal({ id: 'b-1', unit: 'V' })
      const now = Date.now()
      const ahead = (days: number) => new Date(now + days * 86_400_000).toISOString()
      const rows = [
        'a,2026-02-01,1.5',
        'a,2026-02-02,0.5',
        'a,2026-02-03,3',
        'b-1,2026-02-03,2',
        `a,${ahead(1)},2`,
        `a,${ahead(3)},2`,
        'a,2026-02-04,',
      ]
      const rules = {
        value: { min: 1000, max: 2000, required: false },
        signal_id: { pattern: '[a-z]' },
        measured_at: { max_ahead: '2d' },
      }

      const ended = await load(app, readings({ units: { value: 'kV' }, rules }), HEADER + rows.join('\n'))

      assert.deepEqual(counts(ended), [2, 0, 0, 4])
      assert.deepEqual(await refusals(app, ended), [
        [3, 'value', '0.5', 'range'],
        [4, 'value', '3', 'range'],
        [5, 'signal_id', 'b-1', 'pattern'],
        [7, 'measured_at', ahead(3), 'future'],
      ])
      const wrong = await load(app, readings({ rules: { wert: { min: 1 } } }), `${HEADER}a,2026-02-01,1\n`)
      assert.equal(wrong.status, 'failed')
      assert.match(wrong.error ?? '', /rules name "wert", which is no field of the target/)
    })

    test('local times around clock changes are settled and counted', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'a' })
      const times = [
        '2026-03-29 01:59',
        '2026-03-29 02:00',
        '2026-03-29 02:59',
        '2026-03-29 03:00',
        '2026-10-25 02:00',
        '2026-10-25 02:59',
        '2026-10-25 03:00',
        '2026-10-25T02:30+01:00',
      ]
      const file = HEADER + times.map((time, index) => `a,${time},${index}\n`).join('')

      const ended = await load(app, readings({ tz: 'Europe/Berlin' }), file)
      const dataset = await load(app, `target=dataset:clock&${mappingOf({ tz: 'Europe/Berlin' })}`, file)

      for (const one of [ended, dataset]) {
        assert.deepEqual(counts(one), one === ended ? [7, 1, 0, 0] : [8, 0, 0, 0])
        assert.deepEqual([one.times_skipped, one.times_repeated], [2, 2])
      }
    })

    test('what a file says twice is told from what was stored', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 'a' })
      const told = (ended: Load) => [ended.rows_repeated, ended.rows_superseded]
      const file = `${HEADER}a,2026-02-01,1\na,2026-02-01,1\na,2026-02-01,2\na,2026-02-02,1\na,2026-02-02,3\na,2026-02-02,1\n`
      await app.post('/datasets', {
        name: 'trips',
        columns: [
          { name: 'day', type: 'date' },
          { name: 'trips', type: 'integer' },
        ],
        unique_key: ['day'],
      })
      const rows = 'day,trips\n2026-02-01,1\n2026-02-01,1\n2026-02-01,2\n2026-02-02,5\n'
      const assets = 'id,type,name\nx,site,X\nx,site,X\nx,site,Y\n'

      const first = await load(app, readings({}), file)
      const again = await load(app, readings({}), `${HEADER}a,2026-02-01,2\na,2026-02-01,2\n`)
      const dataset = await load(app, 'target=dataset:trips', rows)
      const records = await load(app, 'target=assets', assets)

      assert.deepEqual([...counts(first), ...told(first)], [2, 3, 1, 0, 1, 3])
      assert.deepEqual([...counts(again), ...told(again)], [0, 0, 2, 0, 1, 0])
      assert.deepEqual([...counts(dataset), ...told(dataset)], [2, 1, 1, 0, 1, 1])
      assert.deepEqual([...counts(records), ...told(records)], [1, 1, 1, 0, 1, 1])
    })

    test('signals and assets that are not there are made where the mapping says so', async (t) => {
      const app = await startApp(t, open)
      await app.givenAsset({ id: 'north', name: 'North' })
      const byPair =
        'asset_id,quantity,unit,measured_at,value\nnorth,power,kW,2026-02-01,1\nsouth,power,kW,2026-02-01,2\nnorth,power,MW,2026-02-02,3\n'
      const byId =
        'signal_id,measured_at,value\np1,2026-02-01,1\np/2,2026-02-01,2\np3,never,3\np1,2026-02-02,4\n'

      const refused = await load(app, readings({}), byPair)
      const some = await load(app, readings({ create_signals: true }), byPair)
      const all = await load(app, readings({ create_signals: true, create_assets: true }), byPair)
      const constants = { asset_id: 'north', quantity: 'current', unit: 'A' }
      const named = await load(app, readings({ create_signals: true, constants }), byId)
      const nowhere = await load(app, readings({ create_signals: true }), `${HEADER}lost,2026-02-01,1\n`)
      const ofFile = await load(
        app,
        readings({ create_signals: true, create_assets: true }, '&file_name=plant%207.csv'),
        `${HEADER}new,2026-02-01,1\n`,
      )

      assert.deepEqual(counts(refused), [0, 0, 0, 3])
      assert.deepEqual(counts(some), [2, 0, 0, 1])
      assert.deepEqual(await refusals(app, some), [[3, 'asset_id', 'south', 'reference']])
      assert.deepEqual(counts(all), [1, 0, 2, 0])
      assert.deepEqual(await valuesOf(app, 'north:power'), [1, 3000])
      assert.deepEqual(counts(named), [2, 0, 0, 2])
      assert.deepEqual(await refusals(app, named), [
        [3, 'signal_id', 'p/2', 'pattern'],
        [4, 'measured_at', 'never', 'type'],
      ])
      assert.deepEqual(counts(nowhere), [0, 0, 0, 1])
      assert.deepEqual(counts(ofFile), [1, 0, 0, 0])
      const { items } = (await app.get('/signals')).body
      assert.deepEqual(
        items.map(({ id, asset_id, quantity, unit }: Record<string, unknown>) => [
          id,
          asset_id,
          quantity,
          unit,
        ]),
        [
          ['new', 'plant 7', 'new', ''],
          ['north:power', 'north', 'power', 'kW'],
          ['p1', 'north', 'current', 'A'],
          ['south:power', 'south', 'power', 'kW'],
        ],
      )
    })

    test('a signal that others made while its file was read keeps its readings', async (t) => {
      const app = await startApp(t, open)
      const { warehouse, measurements } = app.app
      await app.givenSignal({
        id: 'there',
        asset_id: (await app.givenAsset({ id: 'x', name: 'x' })).id,
        unit: 'kV',
      })
      const draft = { asset_id: 'x', quantity: 'voltage', unit: 'kV' }
      const made = [
        { ...draft, signal_key: 1000, id: 'first', name: 'first' },
        { ...draft, signal_key: 1001, id: 'there', name: 'there' },
        { ...draft, signal_key: 1002, id: 'last', name: 'last' },
      ]

      await warehouse.write(
        'made meanwhile',
        async (tx) => {
          await storeMade(tx, app.app, {}, made)
          return await measurements.mergeStaged(tx, 1)
        },
        {
          stage: (staging) =>
            staging.stageReadings({
              signal_key: Int32Array.of(1000, 1001, 1002),
              measured_at: Float64Array.of(0, 0, 0),
              value: Float64Array.of(1, 2, 3),
              layer: Int32Array.of(0, 0, 0),
            }),
        },
      )

      assert.deepEqual(await Promise.all(['first', 'there', 'last'].map((id) => valuesOf(app, id))), [
        [1],
        [2],
        [3],
      ])
    })

    test('assets and signals come in shapes of their own, and each broken rule has its name', async (t) => {
      const app = await startApp(t, open)
      const assets = [
        { AssetID: '1', Latitude: '47,55', Longitude: '8,23', descri: 'UW One' },
        { AssetID: '2', Latitude: '97', Longitude: '8,97', descri: 'UW Two' },
        { AssetID: '3', Latitude: '47', Longitude: '9', descri: '' },
        { AssetID: '4', Latitude: '47', Longitude: '9', descri: 'UW One' },
        { AssetID: '5/6', Latitude: '47', Longitude: '9', descri: 'UW Five' },
        { AssetID: '7', Latitude: 'north', Longitude: '9', descri: 'UW Seven' },
        { AssetID: '8', Latitude: '30', Longitude: '9', descri: 'UW Eight' },
      ]
      const mapping = {
        decimal: ',',
        columns: { AssetID: 'id', Latitude: 'latitude', Longitude: 'longitude', descri: 'name' },
        constants: { type: 'substation' },
        rules: { latitude: { min: 40 }, name: { pattern: 'UW .*' } },
      } as const
      const signals = [
        { SignalId: 's1', SignalName: 'A_P', AssetId: '1', Unit: 'kW' },
        { SignalId: 's2', SignalName: 'A_P', AssetId: '1', Unit: 'kW' },
        { SignalId: 's3', SignalName: 'B_P', AssetId: '9', Unit: 'kW' },
        { SignalId: 's4', SignalName: 'C_P', AssetId: '1', Unit: 'MVA' },
      ]
      const signalMapping = {
        columns: { SignalId: 'id', SignalName: 'name', AssetId: 'asset_id', Unit: 'unit' },
        constants: { quantity: 'power' },
        rules: { unit: { one_of: ['kW', 'MW'] } },
      }
      const send = (target: string, given: object, rows: object[]) =>
        load(app, `target=${target}&${mappingOf(given)}`, JSON.stringify(rows), JSON_TYPE)

      const loadedAssets = await send('assets', mapping, assets)
      const loadedSignals = await send('signals', signalMapping, signals)
      const withAssets = await send('signals', { ...signalMapping, create_assets: true }, signals)
      const wrong = await send('assets', { ...mapping, rules: { height: { min: 1 } } }, assets)

      assert.deepEqual(counts(loadedAssets), [1, 0, 0, 6])
      assert.deepEqual(await refusals(app, loadedAssets), [
        [2, 'Latitude', '97', 'range'],
        [3, 'descri', null, 'required'],
        [4, 'descri', 'UW One', 'unique'],
        [5, 'AssetID', '5/6', 'pattern'],
        [6, 'Latitude', 'north', 'type'],
        [7, 'Latitude', '30', 'range'],
      ])
      assert.deepEqual(counts(loadedSignals), [1, 0, 0, 3])
      assert.deepEqual(await refusals(app, loadedSignals), [
        [2, 'SignalName', 'A_P', 'unique'],
        [3, 'AssetId', '9', 'reference'],
        [4, 'Unit', 'MVA', 'one_of'],
      ])
      assert.deepEqual(counts(withAssets), [1, 0, 1, 2])
      assert.equal((await app.get('/assets/9')).body.type, 'site')
      assert.equal(wrong.status, 'failed')
      assert.match(wrong.error ?? '', /rules name "height"/)
    })

    test('numbers of a dataset come into the unit of their column, under its rules and those of the file', async (t) => {
      const app = await startApp(t, open)
      await app.post('/datasets', {
        name: 'feeders',
        columns: [
          { name: 'feeder', type: 'text', required: true },
          { name: 'power', type: 'number', unit: 'kW' },
        ],
      })
      const mapping = {
        delimiter: ';',
        decimal: ',',
        thousands: '.',
        columns: { Abgang: 'feeder', Leistung: 'power' },
        units: { Leistung: 'MW' },
        rules: { power: { max: 2_000_000 } },
      } as const
      const send = (given: object) =>
        load(
          app,
          `target=dataset:feeders&${mappingOf(given)}`,
          'Abgang;Leistung\nA;1.250,5\nB;12.50\nC;2.500\n;1\n',
        )

      const ended = await send(mapping)
      const wrong = await send({ ...mapping, units: { Leistung: 'kV' } })

      assert.deepEqual(counts(ended), [1, 0, 0, 3])
      assert.deepEqual(await refusals(app, ended), [
        [3, 'Leistung', '12.50', 'type'],
        [4, 'Leistung', '2.500', 'range'],
        [5, 'Abgang', null, 'required'],
      ])
      assert.deepEqual((await app.get('/datasets/feeders/rows')).body.items, [
        { feeder: 'A', power: 1_250_500 },
      ])
      assert.match(wrong.error ?? '', /kV cannot be converted to kW, the unit of power/)
      const first = await load(
        app,
        `target=dataset:new&${mappingOf({ units: { power: 'MW' } })}`,
        'feeder,power\nA,5\n',
      )
      assert.deepEqual(counts(first), [1, 0, 0, 0])
      assert.deepEqual((await app.get('/datasets/new')).body.columns[1], {
        name: 'power',
        type: 'number',
        unit: 'MW',
      })
    })
  })
}
