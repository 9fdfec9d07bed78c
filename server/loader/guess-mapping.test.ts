import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { jobOfHead, openHead } from './guess-head.ts'
import { formatOfHead } from './guess-layout.ts'
import { type Understanding, understandFile } from './guess-mapping.ts'
import { FileRefused, type Known, type KnownSignal, type LoaderJob, type PreviewTarget } from './job.ts'

const signal = (id: string, unit = 'kV'): KnownSignal => ({
  signal_key: 1,
  id,
  asset_id: 'north',
  quantity: 'voltage',
  unit,
})

const NOTHING: Known = {
  signals: [],
  asset_ids: [],
  asset_types: [
    { name: 'substation', attributes: [] },
    { name: 'transformer', attributes: ['capacity_mva', 'voltage_kv'] },
  ],
  datasets: [],
}

async function understand(
  t: TestContext,
  file: string | Buffer,
  {
    name = 'file.csv',
    known = {},
    mapping = {},
  }: { name?: string; known?: Partial<Known>; mapping?: LoaderJob['mapping'] } = {},
): Promise<Understanding> {
  const folder = await mkdtemp(join(tmpdir(), 'guess-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  await writeFile(path, file)
  const target: PreviewTarget = {
    kind: 'preview',
    file_name: name,
    asked: undefined,
    partial: false,
    known: { ...NOTHING, ...known },
    making: { next_key: 1, assets: [], asset_id: null, makes_assets: true },
    fields: { assets: [], signals: [] },
  }
  const head = await openHead(path, false)
  const format = formatOfHead(head, mapping, name)
  const job: LoaderJob = {
    path,
    folder,
    mapping,
    format,
    tz: 'Europe/Zurich',
    now: 0,
    limits: { inflatedBytes: 1e9 },
    target,
  }
  return await understandFile(await jobOfHead(job, head, false), head, target)
}

const targets = ({ columns }: Understanding) =>
  Object.fromEntries(columns.map(({ name, target }) => [name, target]))

describe('a file is understood', () => {
  test('by German names, with its units, when nothing is known', async (t) => {
    const found = await understand(
      t,
      'Zeitstempel;Messpunkt;Messwert [kV]\n24.12.2021 10:00;UW1;110,25\n24.12.2021 10:15;UW1;110,5\n24.12.2021 10:15;UW2;1.110,5\n',
    )

    assert.equal(found.target, 'measurements')
    assert.deepEqual(found.mapping, {
      format: 'csv',
      delimiter: ';',
      decimal: ',',
      thousands: '.',
      columns: { Zeitstempel: 'measured_at', 'Messwert [kV]': 'value', Messpunkt: 'signal_id' },
      units: { 'Messwert [kV]': 'kV' },
      create_signals: true,
      create_assets: true,
      time_format: 'DD.MM.YYYY HH:mm',
      tz: 'Europe/Zurich',
    })
    assert.match(found.notes.join('\n'), /no signals yet[\s\S]*Europe\/Zurich/)
  })

  test('by the ids of the workspace, whatever its columns are called', async (t) => {
    const file = 'a,b,c\n1640304000,n.u,1\n1640304060,n.u,2\n1640304000,n.i,3\n'
    const found = await understand(t, file, { known: { signals: [signal('n.u'), signal('n.i')] } })

    assert.deepEqual(targets(found), { a: 'measured_at', b: 'signal_id', c: 'value' })
    assert.deepEqual(
      [found.mapping.time_format, found.mapping.tz, found.mapping.create_signals],
      ['epoch_s', undefined, undefined],
    )
    assert.match(found.columns[1]?.why ?? '', /all of its values are ids of signals/)
  })

  test('as wide by columns that are called like signals; others are left out', async (t) => {
    const file = 'when,n.u,remark,n.i\n2021-12-24T00:00:00Z,110,fine,20\n2021-12-24T00:15:00Z,111,bad,21\n'
    const found = await understand(t, file, { known: { signals: [signal('n.u'), signal('n.i', 'A')] } })

    assert.deepEqual([found.mapping.time, found.mapping.wide], ['when', ['n.u', 'n.i']])
    assert.deepEqual(targets(found), { when: 'measured_at', 'n.u': 'value', remark: null, 'n.i': 'value' })
    assert.ok(found.confidence > 0.7)
  })

  test('with units only where they mean something to the signals', async (t) => {
    const rows = '2021-12-24T00:00:00Z,n.u,110000\n2021-12-24T00:00:01Z,n.u,110100\n'
    const mapping = async (unit: string) =>
      (await understand(t, `ts,signal,value_v\n${rows}`, { known: { signals: [signal('n.u', unit)] } }))
        .mapping

    assert.deepEqual((await mapping('kV')).units, { value_v: 'V' })
    assert.equal((await mapping('A')).units, undefined)
    assert.equal((await mapping('')).units, undefined)
  })

  test('as assets by places and types, with the attributes that types have', async (t) => {
    const found = await understand(
      t,
      'Transformer,Bezeichnung,Typ,capacity_mva,Farbe\nt1,Trafo 1,transformer,63,blau\nt2,Trafo 2,transformer,40,rot\n',
    )

    assert.equal(found.target, 'assets')
    assert.deepEqual(targets(found), {
      Transformer: 'id',
      Bezeichnung: 'name',
      Typ: 'type',
      capacity_mva: 'attributes.capacity_mva',
      Farbe: null,
    })
  })

  test('as a dataset that has its columns', async (t) => {
    const known: Partial<Known> = {
      datasets: [
        {
          name: 'stats',
          unique_key: null,
          columns: [
            { name: 'shop', type: 'text' },
            { name: 'sales', type: 'integer' },
          ],
        },
      ],
    }
    const found = await understand(t, 'Shop,Sales\nnorth,1\nsouth,2\n', { known })

    assert.deepEqual(
      [found.target, found.mapping.columns],
      ['dataset:stats', { Shop: 'shop', Sales: 'sales' }],
    )
    assert.ok(found.confidence > 0.5)
  })

  test('with names for columns that can have none of their own, and none for two that have the same', async (t) => {
    const file = 'Größe (m),2nd,x,x\nA,B,C,D\nE,F,G,H\n'
    const found = await understand(t, file, { name: 'Über uns.v2.csv' })

    assert.equal(found.target, 'dataset:ueber_uns')
    assert.deepEqual(found.mapping.columns, { 'Größe (m)': 'Groesse_m', '2nd': 'column_2nd' })
    assert.match(found.notes.join('\n'), /two columns are called "x"/)
  })

  test('in other encodings, of which one is said not to be sure', async (t) => {
    const text = 'Zeit;Wärme\n01.02.2021 10:00;1,5\n02.02.2021 10:00;2,5\n13.02.2021 10:00;2,5\n'
    const utf16 = await understand(t, Buffer.from(`\ufeff${text}`, 'utf16le'))
    const latin = await understand(t, Buffer.from(text, 'latin1'))

    assert.deepEqual([utf16.mapping.encoding, latin.mapping.encoding], ['utf-16le', 'latin1'])
    for (const found of [utf16, latin])
      assert.deepEqual(targets(found), { Zeit: 'measured_at', Wärme: 'value' })
    assert.match(latin.notes.join('\n'), /Windows-1252/)
  })

  test('in JSON, with paths into its objects', async (t) => {
    const reading = (minute: number) => ({
      meta: { point: 'p1' },
      data: { ts: `2021-12-24T00:0${minute}:00Z`, value: minute },
    })
    const file = JSON.stringify({ made: 'now', readings: [reading(1), reading(2), reading(3)] })
    const found = await understand(t, file, { name: 'x.json' })

    assert.deepEqual([found.target, found.mapping.records], ['measurements', 'readings'])
    assert.deepEqual(found.mapping.columns, {
      'data.ts': 'measured_at',
      'data.value': 'value',
      'meta.point': 'signal_id',
    })
  })

  test('with a note where day and month could be either', async (t) => {
    const found = await understand(t, 'time,tag,value\n01/02/2021 10:00,a,1\n02/02/2021 10:00,a,2\n')

    assert.equal(found.mapping.time_format, 'DD/MM/YYYY HH:mm')
    assert.ok(found.confidence < 0.75)
    assert.match(found.notes.join('\n'), /day or month first/)
  })

  test('as the mapping says, where it says something', async (t) => {
    const file = 'time|tag|value\n01/02/2021 10:00|a|1,5\n'
    const said = { delimiter: '|', time_format: 'MM/DD/YYYY HH:mm', tz: 'UTC', decimal: ',' } as const
    const found = await understand(t, file, { mapping: said })

    for (const [key, value] of Object.entries(said)) {
      assert.equal(found.mapping[key as keyof typeof said], value)
    }
    assert.doesNotMatch(found.notes.join('\n'), /day or month|workspace/)
  })
})

test('what is no table is refused with what would be right', async (t) => {
  const cases: [string, string | Buffer, RegExp][] = [
    ['x.bin', Buffer.from([1, 2, 3, 4, 5, 6]), /neither text nor/],
    ['x.json', '{"a": 1}', /array of objects/],
    ['x.xml', '<a/>', /one element/],
  ]
  for (const [name, file, reason] of cases) {
    await assert.rejects(
      understand(t, file, { name }),
      (error) => error instanceof FileRefused && reason.test(error.message),
    )
  }
})
