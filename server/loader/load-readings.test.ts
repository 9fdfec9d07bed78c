import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import type { Mapping } from '../../contract/mapping.ts'
import { formatInstant } from '../engine/sql.ts'
import { readRun } from '../engine/warehouse/run-file.ts'
import { instantOf } from '../zone.ts'
import { type LoaderJob, NO_COUNTS, REJECTS_FILE } from './job.ts'
import { loadReadings } from './load-readings.ts'

const SIGNALS = [
  { signal_key: 1, id: 's1', asset_id: 'a', quantity: 'power', unit: '' },
  { signal_key: 2, id: 's2', asset_id: 'a', quantity: 'voltage', unit: '' },
  { signal_key: 3, id: 'größe', asset_id: 'b', quantity: 'power', unit: '' },
  { signal_key: 4, id: 's4', asset_id: 'c', quantity: 'power', unit: '' },
  { signal_key: 5, id: 's "5"', asset_id: 'c', quantity: 'power', unit: '' },
]

interface Reject {
  line: number
  column: string
  value: string
  rule: string
  reason: string
}

interface Outcome {
  /** `signal instant value`, in the order of the runs. */
  readings: string[]
  rejects: Reject[]
  read: number
}

interface Options extends Mapping {
  format?: LoaderJob['format']
  inflatedBytes?: number
}

/** Loads a file of these bytes; answers what would be merged and what is refused. */
async function load(t: TestContext, file: string | Uint8Array, options: Options = {}): Promise<Outcome> {
  const { format = 'csv', inflatedBytes = 1e9, ...mapping } = options
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-load-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  await writeFile(path, file)
  const counts = { ...NO_COUNTS }
  const paths: string[] = []
  const job: LoaderJob = {
    path,
    folder,
    mapping,
    format,
    tz: 'UTC',
    now: Date.UTC(2200, 0, 1) * 1000,
    limits: { inflatedBytes },
    target: { kind: 'infer' },
  }
  await loadReadings(
    job,
    { kind: 'measurements', signals: SIGNALS },
    {
      counts,
      tell: (message) => {
        if (message.type === 'run') paths.push(message.path)
      },
    },
  )
  const rejects = await readRejects(join(folder, REJECTS_FILE))
  const readings = (await Promise.all(paths.map(readReadings))).flat()
  assert.equal(counts.rows_rejected, rejects.length)
  assert.equal(
    counts.rows_read,
    readings.length + rejects.length + counts.rows_updated + counts.rows_unchanged,
  )
  return { readings, rejects, read: counts.rows_read }
}

async function readReadings(path: string): Promise<string[]> {
  const { rows, signal_key, measured_at, value } = await readRun(path)
  return Array.from({ length: rows }, (_, row) => {
    const instant = (measured_at[2 * row + 1] ?? 0) * 2 ** 32 + ((measured_at[2 * row] ?? 0) >>> 0)
    const id = SIGNALS.find((signal) => signal.signal_key === signal_key[row])?.id
    return `${id} ${formatInstant(instant)} ${value[row]}`
  })
}

async function readRejects(path: string): Promise<Reject[]> {
  const rows: string[][] = parse(await readFile(path, 'utf8'))
  return rows.map(([line, column = '', value = '', rule = '', reason = '']) => ({
    line: Number(line),
    column,
    value,
    rule,
    reason,
  }))
}

const HEADER = 'signal_id,measured_at,value\n'
const reasonsOf = ({ rejects }: Outcome) =>
  rejects.map(({ line, column, value, rule, reason }) => [line, column, value, rule, reason])

describe('files of readings', () => {
  test('columns are found by their names, in any order, and others are left alone', async (t) => {
    const file = 'more,value,signal_id,measured_at,x\n1,2.5,s1,2026-01-31T12:00:00Z,\n,3,s2,2026-01-31,y\n'

    const { readings, rejects, read } = await load(t, file)

    assert.deepEqual(readings, ['s1 2026-01-31T12:00:00Z 2.5', 's2 2026-01-31T00:00:00Z 3'])
    assert.deepEqual([rejects, read], [[], 2])
  })

  test('a mapping names columns, delimiter, decimal mark and constants', async (t) => {
    const file =
      '\ufeffTs|SignalId|MeasurementValue\n2021-12-27 23:59:49.000| s1 |"110,25"\n2021-12-27 23:59:50.5|s2|-3\n'
    const mapping = {
      delimiter: '|',
      decimal: ',',
      columns: { Ts: 'measured_at', SignalId: 'signal_id', MeasurementValue: 'value' },
    } as const

    const { readings } = await load(t, file, mapping)
    const constant = await load(t, '1,2026-01-31\n2,2026-02-01\n', {
      header: false,
      columns: { '1': 'value', '2': 'measured_at' },
      constants: { asset_id: 'a', quantity: 'voltage' },
    })

    assert.deepEqual(readings, ['s1 2021-12-27T23:59:49Z 110.25', 's2 2021-12-27T23:59:50.500Z -3'])
    assert.deepEqual(constant.readings, ['s2 2026-01-31T00:00:00Z 1', 's2 2026-02-01T00:00:00Z 2'])
  })

  test('a signal may be named by its asset and quantity, when they have exactly one', async (t) => {
    const file =
      'asset_id,quantity,measured_at,value\na,power,2026-01-31,1\na,current,2026-01-31,2\nc,power,2026-01-31,3\n"a",voltage,2026-01-31,4\nd,power,2026-01-31,5\n,power,2026-01-31,6\na,,2026-01-31,7\n'

    const outcome = await load(t, file)

    assert.deepEqual(outcome.readings, ['s1 2026-01-31T00:00:00Z 1', 's2 2026-01-31T00:00:00Z 4'])
    assert.deepEqual(reasonsOf(outcome), [
      [3, 'quantity', 'current', 'reference', 'the asset has no signal of this quantity'],
      [
        4,
        'quantity',
        'power',
        'reference',
        'the asset has several signals of this quantity; name the signal_id',
      ],
      [6, 'asset_id', 'd', 'reference', 'there is no such asset, or it has no signals'],
      [7, 'asset_id', '', 'required', 'the asset is missing'],
      [8, 'quantity', '', 'required', 'the quantity is missing'],
    ])
  })

  test('every refused row says where it stood, what stood there and why', async (t) => {
    const rows = [
      's1,2026-01-31,1',
      'nobody,2026-01-31,1',
      ',2026-01-31,1',
      's1,2026-02-30,1',
      's1,,1',
      's1,31.01.2026,1',
      's1,2026-01-31,',
      's1,2026-01-31,"1,5"',
      's1,2026-01-31,NaN',
      's1,2026-01-31',
      's1,2026-01-31,1,2',
      '"s1"x,2026-01-31,1',
      '"s ""5""",2026-01-31,2',
    ]

    const outcome = await load(t, HEADER + rows.join('\r\n'))

    assert.deepEqual(outcome.readings, ['s1 2026-01-31T00:00:00Z 1', 's "5" 2026-01-31T00:00:00Z 2'])
    assert.deepEqual(reasonsOf(outcome), [
      [3, 'signal_id', 'nobody', 'reference', 'there is no such signal'],
      [4, 'signal_id', '', 'required', 'the signal is missing'],
      [5, 'measured_at', '2026-02-30', 'type', 'there is no such day in the calendar'],
      [6, 'measured_at', '', 'required', 'the time is missing'],
      [
        7,
        'measured_at',
        '31.01.2026',
        'type',
        'it is not a time like 2026-01-31T12:00:00Z; other forms need `time_format` in the mapping',
      ],
      [8, 'value', '', 'required', 'the value is missing'],
      [9, 'value', '1,5', 'type', 'it is not a number like 110.25 (the decimal mark is a point)'],
      [10, 'value', 'NaN', 'type', 'it is not a finite number'],
      [11, '\\N', '\\N', 'structure', 'it has 2 fields, the others have 3'],
      [12, '\\N', '\\N', 'structure', 'it has 4 fields, the others have 3'],
      [13, '\\N', '\\N', 'structure', 'text follows the closing quote of a field'],
    ])
  })

  test('lines in front of the header are skipped by their number, empty ones too', async (t) => {
    const file = `Export of 31 January\n\n\n${HEADER}s1,2026-01-31,1\nbad,2026-01-31,2\n`

    const outcome = await load(t, file, { skip_lines: 3 })

    assert.deepEqual(outcome.readings, ['s1 2026-01-31T00:00:00Z 1'])
    assert.deepEqual(
      outcome.rejects.map(({ line }) => line),
      [6],
    )
  })

  test('text in UTF-16 or a named encoding is read; other bytes are refused, never stored as nonsense', async (t) => {
    const rows = `${HEADER}größe,2026-01-31,1\ns1,2026-01-31,2\n`
    const expected = ['s1 2026-01-31T00:00:00Z 2', 'größe 2026-01-31T00:00:00Z 1']

    assert.deepEqual((await load(t, `\ufeff${rows}`)).readings, expected)
    assert.deepEqual((await load(t, Buffer.from(`\ufeff${rows}`, 'utf16le'))).readings, expected)
    assert.deepEqual(
      (await load(t, Buffer.from(rows, 'utf16le'), { encoding: 'utf-16le' })).readings,
      expected,
    )
    assert.deepEqual((await load(t, Buffer.from(rows, 'latin1'), { encoding: 'latin1' })).readings, expected)
    const plain = await load(t, Buffer.from(rows, 'latin1'))
    assert.deepEqual(plain.readings, [expected[0]])
    assert.match(plain.rejects[0]?.reason ?? '', /not UTF-8; name the encoding/)
    assert.deepEqual((await load(t, Buffer.from(`\ufeff${rows}`, 'utf16le').swap16())).readings, expected)
  })

  test('a file of UTF-16 that ends within a character is not taken for whole', async (t) => {
    const bytes = Buffer.from(`\ufeff${HEADER}s1,2026-01-31,12`, 'utf16le')

    const { readings, rejects } = await load(t, bytes.subarray(0, bytes.length - 1))

    assert.deepEqual(readings, [])
    assert.equal(rejects.length, 1)
  })

  test('gzip is inflated by what it is, whole or refused', async (t) => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `s1,${1_700_000_000 + index},${index % 7}\n`)
    const bytes = gzipSync(HEADER + rows.join(''))
    const mapping = { time_format: 'epoch_s' }

    assert.equal((await load(t, bytes, mapping)).read, rows.length)
    await assert.rejects(load(t, bytes.subarray(0, bytes.length - 20), mapping), /not whole gzip/)
    await assert.rejects(load(t, bytes.subarray(0, 20), mapping), /not whole gzip/)
    const damaged = Buffer.from(bytes)
    damaged.fill(7, 200, 260)
    await assert.rejects(load(t, damaged, mapping), /not whole gzip/)
  })

  test('what inflates beyond any measure is refused before it is read', async (t) => {
    const bomb = gzipSync(HEADER + '\n'.repeat(80_000_000))

    await assert.rejects(load(t, bomb, { inflatedBytes: 50_000_000 }), /larger than 50 MB when inflated/)
    await assert.rejects(load(t, bomb), /inflates to more than 200 times its size/)
  })

  test('a file that cannot be loaded as a whole says what would be right', async (t) => {
    const cases: [string, Options, RegExp][] = [
      [
        'signal,time,value\n',
        {},
        /no column gives .*; the columns of the file are "signal", "time", "value"/,
      ],
      ['signal_id,signal_id,measured_at,value\n', {}, /two columns "signal_id"/],
      [
        HEADER,
        { columns: { Ts: 'measured_at' } },
        /the file has no column "Ts"; its columns are "signal_id"/,
      ],
      [HEADER, { columns: { value: 'amount' } }, /name "amount", which is no field of the target/],
      [HEADER, { constants: { colour: 'red' } }, /constants name "colour"/],
      [HEADER, { constants: { value: 1 } }, /filled twice/],
      [HEADER, { time_format: 'HH:mm' }, /needs YYYY or YY/],
      [HEADER, { tz: 'Europe/Atlantis' }, /no time zone "Europe\/Atlantis"/],
      [HEADER, { delimiter: 'ä' }, /delimiter must be one ASCII character/],
      [HEADER, { delimiter: '\n' }, /delimiter must be one ASCII character/],
      [HEADER, { quote: 'é' }, /quote must be one ASCII character/],
      [HEADER, { quote: ',' }, /delimiter and quote must be two characters/],
      [`${'c,'.repeat(200_000)}c\n`, {}, /more than 5000 columns/],
      ['{"rows":[]}', { format: 'json' }, /name the path of its rows/],
    ]
    for (const [file, options, reason] of cases) await assert.rejects(load(t, file, options), reason)
  })

  test('a file without rows is loaded, and nothing of it', async (t) => {
    for (const file of [HEADER, HEADER.trim(), '', '\n', '\ufeff']) {
      assert.deepEqual(await load(t, file), { readings: [], rejects: [], read: 0 })
    }
  })

  test('JSON and NDJSON give fields by key or path, and whole numbers their every digit', async (t) => {
    const rows = [
      { signal_id: 's1', measured_at: '2026-01-31', value: 1.5 },
      { signal_id: 's2', measured_at: '2026-01-31', value: '2' },
      { signal_id: 's1', measured_at: '2026-02-01' },
    ]
    const outcomes = [
      await load(t, JSON.stringify(rows), { format: 'json' }),
      await load(t, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { format: 'ndjson' }),
    ]
    const mapped = await load(t, '{"data":{"rows":[{"s":{"id":"s1"},"t":1700000000000001999,"v":1e2}]}}', {
      format: 'json',
      records: 'data.rows',
      columns: { 's.id': 'signal_id', t: 'measured_at', v: 'value' },
      time_format: 'epoch_ns',
    })

    for (const { readings, rejects } of outcomes) {
      assert.deepEqual(readings, ['s1 2026-01-31T00:00:00Z 1.5', 's2 2026-01-31T00:00:00Z 2'])
      assert.deepEqual(
        rejects.map(({ line, reason }) => [line, reason]),
        [[3, 'the value is missing']],
      )
    }
    assert.deepEqual(mapped.readings, ['s1 2023-11-14T22:13:20.000001Z 100'])
  })

  test('local times are read in the zone of the mapping, as everywhere', async (t) => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Africa/Monrovia',
      'America/Caracas',
      'Pacific/Apia',
      'Europe/Amsterdam',
      'Asia/Tehran',
      'UTC',
    )
    const minute = fc.integer({
      min: Date.UTC(1900, 0, 2) / 60_000,
      max: Date.UTC(2200, 11, 30) / 60_000,
    })
    const near = fc.constantFrom(
      '2026-03-29T01:59',
      '2026-03-29T02:30',
      '2026-03-29T03:00',
      '2026-10-25T02:30',
      '2026-10-25T03:00',
      '1911-03-11T00:05',
      '1937-06-30T23:50',
      '1937-07-01T00:10',
      '2011-12-30T12:00',
      '1972-01-07T00:20',
    )
    const local = fc.oneof(
      minute.map((at) => new Date(at * 60_000).toISOString().slice(0, 16)),
      near,
    )
    await fc.assert(
      fc.asyncProperty(zones, fc.uniqueArray(local, { minLength: 1, maxLength: 30 }), async (tz, times) => {
        const { readings } = await load(
          t,
          `measured_at,value\n${times.map((time, index) => `${time},${index}\n`).join('')}`,
          {
            tz,
            constants: { signal_id: 's1' },
          },
        )
        const expected = new Map<string, number>()
        for (const [index, time] of times.entries()) {
          expected.set(formatInstant(instantOf(tz, Date.parse(`${time}Z`) * 1000)), index)
        }
        for (const reading of readings) {
          const [, instant = ''] = reading.split(' ')
          assert.ok(expected.has(instant), `${reading} in ${tz}`)
        }
        assert.equal(new Set(readings.map((reading) => reading.split(' ')[1])).size, expected.size)
      }),
      { numRuns: 60 },
    )
  })
})
