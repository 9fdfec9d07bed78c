import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Compile } from 'typebox/compile'
import { Mapping } from '../../../contract/mapping.ts'
import { ENGINES, startApp } from '../../../tests/harness.ts'
import { CSV, counts, load, mappingOf } from '../../../tests/sent-files.ts'
import { BUILT_IN_MAPPINGS } from './built-in-mappings.ts'

const SCADA = {
  name: 'scada',
  description: 'Export of the control room',
  target: 'measurements',
  mapping: {
    delimiter: '|',
    decimal: ',',
    columns: { Ts: 'measured_at', SignalId: 'signal_id', MeasurementValue: 'value' },
  },
}
const FILE = 'Ts|SignalId|MeasurementValue\n2021-12-24 00:00:00|s|20,5\n'

const INFLUXDB = `#group,false,false,true,true,false,false,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string
#default,_result,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement
,,0,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T10:00:00Z,64.3,used,mem
,,0,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T10:00:10Z,64.5,used,mem
`
const XML = { 'content-type': 'application/xml' }
const PLANS = `<?xml version="1.0"?><eventList><output>
<base_event base_event_id="291" sell_mode="online" title="Concert">
<event event_start_date="2021-06-30T21:00:00" event_id="291" sold_out="false"><zone zone_id="40" price="20.00"/></event></base_event>
<base_event base_event_id="322" sell_mode="online" title="Theatre">
<event event_start_date="2021-02-10T20:00:00" event_id="1642" sold_out="true"/></base_event></output></eventList>`

for (const [name, open] of Object.entries(ENGINES)) {
  describe(`named mappings on ${name}`, () => {
    test('one is made, shown, written anew and deleted; managers write, users read', async (t) => {
      const app = await startApp(t, open)
      const builtIn = BUILT_IN_MAPPINGS.map((template) => template.name)

      const made = await app.post('/mappings', SCADA)
      assert.equal(made.status, 201, made.text)
      assert.equal(made.headers.location, '/api/v1/mappings/scada')
      const { created_at, updated_at } = made.body
      assert.deepEqual(made.body, { ...SCADA, built_in: false, created_at, updated_at })
      assert.deepEqual((await app.as('user').get('/mappings/scada')).body, made.body)
      assert.equal((await app.as('user').post('/mappings', { ...SCADA, name: 'b' })).status, 403)
      assert.equal((await app.post('/mappings', SCADA)).status, 409)

      const listed = (await app.as('user').get('/mappings')).body
      assert.deepEqual(
        listed.items.map((item: { name: string }) => item.name),
        [...builtIn, 'scada'].sort(),
      )
      const replaced = await app.put('/mappings/scada', { mapping: { delimiter: ';' } })
      assert.deepEqual(
        [replaced.body.description, replaced.body.target, replaced.body.mapping, replaced.body.created_at],
        ['', null, { delimiter: ';' }, created_at],
      )

      assert.equal((await app.delete('/mappings/scada')).status, 204)
      for (const answer of [
        await app.get('/mappings/scada'),
        await app.delete('/mappings/scada'),
        await app.put('/mappings/scada', { mapping: {} }),
      ]) {
        assert.equal(answer.status, 404)
      }
    })

    test('lists come in pages by name', async (t) => {
      const app = await startApp(t, open)
      for (const each of ['z', 'a', 'm']) await app.post('/mappings', { ...SCADA, name: each })

      const names: string[] = []
      for (let cursor = ''; ; ) {
        const { body } = await app.get(`/mappings?limit=2${cursor}`)
        names.push(...body.items.map((item: { name: string }) => item.name))
        if (body.next === null) break
        cursor = `&cursor=${body.next}`
      }

      assert.deepEqual(names, [...BUILT_IN_MAPPINGS.map((template) => template.name), 'z', 'a', 'm'].sort())
    })

    test('a name that is none, a mapping that is none and a template of a template are refused', async (t) => {
      const app = await startApp(t, open)
      const cases: [object, RegExp][] = [
        [{ ...SCADA, name: 'Über' }, /name/],
        [{ ...SCADA, mapping: { delimiter: '' } }, /delimiter/],
        [{ ...SCADA, mapping: { template: 'influxdb-csv' } }, /template/],
        [{ ...SCADA, target: 'nothing' }, /target/],
      ]

      for (const [body, path] of cases) {
        const answer = await app.post('/mappings', body)
        assert.equal(answer.status, 422, answer.text)
        assert.match(answer.body.errors[0].path, path)
      }
      const [builtIn] = BUILT_IN_MAPPINGS
      assert.equal((await app.delete(`/mappings/${builtIn?.name}`)).status, 409)
      assert.equal((await app.put(`/mappings/${builtIn?.name}`, { mapping: {} })).status, 409)
    })

    test('files of the built-in kinds are loaded by the name of their mapping alone', async (t) => {
      const app = await startApp(t, open)
      await app.givenAsset({ id: 'mem' })
      await app.givenSignal({ id: 'mem-used', asset_id: 'mem', quantity: 'used', unit: '%' })

      const readings = await load(
        app,
        `target=measurements&${mappingOf({ template: 'influxdb-csv' })}`,
        INFLUXDB,
      )
      const plans = await load(app, `target=dataset:plans&${mappingOf({ template: 'plans' })}`, PLANS, XML)

      assert.deepEqual(
        [counts(readings), counts(plans)],
        [
          [2, 0, 0, 0],
          [2, 0, 0, 0],
        ],
      )
      const { body } = await app.get('/datasets/plans/rows')
      assert.deepEqual(
        body.items.map((row: Record<string, unknown>) => [
          row.event_id,
          row.title,
          row.starts_at,
          row.sold_out,
        ]),
        [
          [291, 'Concert', '2021-06-30T21:00:00Z', false],
          [1642, 'Theatre', '2021-02-10T20:00:00Z', true],
        ],
      )
    })

    test('a load takes what its template says, but for what stands beside it, and keeps it', async (t) => {
      const app = await startApp(t, open)
      await app.givenSignal({ id: 's' })
      await app.post('/mappings', SCADA)

      const loaded = await load(
        app,
        `target=measurements&${mappingOf({ template: 'scada', tz: 'Europe/Zurich' })}`,
        FILE,
        CSV,
      )
      await app.delete('/mappings/scada')

      assert.deepEqual(counts(loaded), [1, 0, 0, 0])
      assert.deepEqual(loaded.mapping, { ...SCADA.mapping, template: 'scada', tz: 'Europe/Zurich' })
      assert.deepEqual((await app.get('/measurements?signal_id=s')).body.items, [
        { signal_id: 's', measured_at: '2021-12-23T23:00:00Z', value: 20.5 },
      ])
      const overridden = await app.post(
        `/loads?target=measurements&${mappingOf({ template: 'scada' })}`,
        FILE,
        CSV,
      )
      assert.equal(overridden.status, 422)
      assert.equal(overridden.body.errors[0].path, '/mapping/template')
    })
  })
}

test('what is built in is valid', () => {
  const check = Compile(Mapping)

  for (const { name, mapping } of BUILT_IN_MAPPINGS) assert.ok(check.Check(mapping), name)
})
