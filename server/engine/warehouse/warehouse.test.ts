// What every engine of the warehouse must do alike. The tests of one engine share one database, each with names of
// its own: starting one for each would take most of the time.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { WAREHOUSE_ENGINES } from '../../../tests/warehouse-engines.ts'
import { AppError } from '../../errors.ts'
import { createStagedWriter } from '../../loader/staged-csv.ts'
import type { TextFormat, Warehouse } from '../db.ts'
import { formatInstant, type SqlValue, sql } from '../sql.ts'
import { instantWords, writeRun } from './run-file.ts'

const MICROS_OF_1900 = -2_208_988_800_000_000
const MICROS_OF_2200 = 7_258_118_400_000_000
const INSTANTS = [
  0,
  1,
  -1,
  -500_000,
  1_769_860_800_123_456,
  MICROS_OF_1900,
  MICROS_OF_2200 - 1,
  -86_400_000_001,
]

/** Longer than any test lasts, on any engine. */
const ENDLESS = sql`
  select count(*) as found
  from generate_series(1, 100000) as a (x), generate_series(1, 100000) as b (y), generate_series(1, 100) as c (z)
  where (x * 31 + y * 17 + z) % 1000 = 7`

const manyRows = (rows: number) => sql`
  select x as number, 'row ' || x::text as name
  from generate_series(1, ${sql.trusted(String(rows))}) as s (x)
  order by x`

async function textOf(warehouse: Warehouse, format: TextFormat, rows: number): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of warehouse.text(manyRows(rows), format)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

for (const [name, open] of Object.entries(WAREHOUSE_ENGINES)) {
  test(`the warehouse on ${name}`, async (t) => {
    const { warehouse, folder, acknowledged, kill } = await open(t)
    const { dialect } = warehouse

    await warehouse.write('tables', async (tx) => {
      await tx.run(sql`create table sample (place integer, label text, number double precision)`)
    })

    const one = async (value: Parameters<typeof sql>[1]): Promise<unknown> => {
      const [row] = await warehouse.query<{ value: unknown }>(sql`select ${value ?? null} as value`)
      return row?.value
    }
    const labels = async (prefix: string): Promise<string[]> => {
      const rows = await warehouse.query<{ label: string }>(sql`
        select label
        from sample
        where label like ${`${prefix}%`}
        order by label`)
      return rows.map(({ label }) => label)
    }

    await t.test('rows arrive as they go on the wire', async () => {
      const [row] = await warehouse.query(sql`
        select
          ${sql.instant(1_769_860_800_000_000)} as whole,
          ${sql.instant(1_769_860_800_120_000)} as milliseconds,
          ${sql.instant(1_769_860_800_123_456)} as microseconds,
          date '2026-01-31' as day,
          9007199254740991::bigint as big,
          12.25::numeric(10, 2) as exact,
          -7::integer as small,
          0.1::double precision as inexact,
          true as yes,
          'text "with" ''all'', of it' as words,
          '{"b": [1, null]}'::json as document,
          null::text as nothing`)

      assert.deepEqual(row, {
        whole: '2026-01-31T12:00:00Z',
        milliseconds: '2026-01-31T12:00:00.120Z',
        microseconds: '2026-01-31T12:00:00.123456Z',
        day: '2026-01-31',
        big: 9007199254740991,
        exact: 12.25,
        small: -7,
        inexact: 0.1,
        yes: true,
        words: `text "with" 'all', of it`,
        document: '{"b": [1, null]}',
        nothing: null,
      })
    })

    await t.test('aggregates are numbers, whatever the engine widens them to', async () => {
      const [row] = await warehouse.query(sql`
        select count(*) as rows, sum(x::bigint) as total, avg(x) as mean, max(x::smallint) as greatest
        from generate_series(1, 4) as s (x)`)

      assert.deepEqual(row, { rows: 4, total: 10, mean: 2.5, greatest: 4 })
    })

    await t.test('instants are exact to the microsecond, before 1970 too', async () => {
      for (const instant of INSTANTS) {
        assert.equal(await one(sql.instant(instant)), formatInstant(instant))
        assert.equal(await one(dialect.epochMicros(sql.instant(instant))), instant)
        const { columns } = await warehouse.columns(sql`select ${sql.instant(instant)} as value`)
        assert.deepEqual(columns, [Float64Array.of(instant)])
      }
    })

    await t.test('parameters of every kind are values, never SQL', async () => {
      const texts = ['', ' ', 'ä€😀', `'; drop table sample; --`, '\\N', '{"a"}', 'null', '$1', 'a\tb\r\nc']
      for (const text of texts) assert.equal(await one(sql`${text}::text`), text)
      const numbers = [0, -1, 2_147_483_648, Number.MAX_SAFE_INTEGER, 1.5, 1e300, 5e-324, -1e-7]
      for (const number of numbers) assert.equal(await one(sql`${number}::double precision`), number)
      assert.equal(await one(sql`${2n ** 53n}::bigint`), 2 ** 53)
      assert.equal(await one(sql`${true}::boolean`), true)
      assert.equal(await one(sql`${null}::integer`), null)
      assert.equal(await one(sql`octet_length(${new Uint8Array([0, 255, 39, 92])}::bytea)`), 4)
      const lists: [SqlValue, string][] = [
        [['a', `b'`, 'c,"d"', '', 'NULL'], 'text[]'],
        [[3, 1, 2], 'bigint[]'],
        [[1.5, -2], 'double precision[]'],
      ]
      for (const [list, type] of lists) {
        const rows = await warehouse.query<{ item: unknown }>(
          sql`select unnest(${list}::${sql.trusted(type)}) as item`,
        )
        assert.deepEqual(
          rows.map(({ item }) => item),
          list,
        )
      }
    })

    await t.test(
      'columns are of memory where they are numbers without nulls, and arrays otherwise',
      async () => {
        const { names, columns, rows } = await warehouse.columns(sql`
        select x, x * 1.5::double precision as half, nullif(x, 2) as gap, 'n' || x::text as label
        from generate_series(1, 3) as s (x)
        order by x`)

        assert.deepEqual(names, ['x', 'half', 'gap', 'label'])
        assert.equal(rows, 3)
        assert.deepEqual(columns, [
          Float64Array.of(1, 2, 3),
          Float64Array.of(1.5, 3, 4.5),
          [1, null, 3],
          ['n1', 'n2', 'n3'],
        ])
        const none = await warehouse.columns(sql`select 1 as x where false`)
        assert.deepEqual([none.names, none.rows, none.columns[0]?.length], [['x'], 0, 0])
      },
    )

    await t.test('text comes in each format, with what a spreadsheet would run made harmless', async () => {
      const statement = sql`
        select *
        from (values
          (1, 'plain', ${sql.instant(0)}, true),
          (2, 'a "b", c', null, false),
          (3, '=1+1', ${sql.instant(1)}, null),
          (4, null, null, true)
        ) as s (x, label, measured_at, flag)
        order by x`
      const read = async (format: TextFormat) => {
        const chunks: Uint8Array[] = []
        for await (const chunk of warehouse.text(statement, format)) chunks.push(chunk)
        return Buffer.concat(chunks).toString()
      }

      assert.equal(
        await read('csv'),
        [
          'x,label,measured_at,flag',
          '1,plain,1970-01-01T00:00:00Z,true',
          '2,"a ""b"", c",,false',
          "3,'=1+1,1970-01-01T00:00:00.000001Z,",
          '4,,,true',
          '',
        ].join('\n'),
      )
      const rows = JSON.parse(`[${await read('json')}]`)
      assert.deepEqual(rows[2], {
        x: 3,
        label: '=1+1',
        measured_at: '1970-01-01T00:00:00.000001Z',
        flag: null,
      })
      const lines = (await read('ndjson')).split('\n')
      assert.equal(lines.pop(), '')
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        rows,
      )
    })

    await t.test('text of no rows is empty, or a header alone', async () => {
      assert.deepEqual(
        [
          await textOf(warehouse, 'csv', 0),
          await textOf(warehouse, 'ndjson', 0),
          await textOf(warehouse, 'json', 0),
        ],
        ['number,name\n', '', ''],
      )
    })

    await t.test('a long text is whole, in pieces, in each format', async () => {
      const rows = 50_000
      const csv = await textOf(warehouse, 'csv', rows)
      const ndjson = await textOf(warehouse, 'ndjson', rows)
      const json = await textOf(warehouse, 'json', rows)

      assert.equal(csv.split('\n')[rows], `${rows},row ${rows}`)
      assert.equal(csv.split('\n').length, rows + 2)
      const objects: { number: number }[] = JSON.parse(`[${json}]`)
      assert.equal(objects.length, rows)
      assert.ok(objects.every(({ number }, index) => number === index + 1))
      assert.equal(`[${ndjson.trimEnd().split('\n').join(',')}]`, `[${json}]`)
    })

    await t.test('a text may be left half way, often and at once, and others go on', async () => {
      for (let turn = 0; turn < 5; turn++) {
        await Promise.all(
          Array.from({ length: 6 }, async () => {
            for await (const chunk of warehouse.text(manyRows(200_000), 'csv')) {
              assert.ok(chunk.length > 0)
              break
            }
          }),
        )
      }

      assert.equal((await textOf(warehouse, 'csv', 10)).split('\n').length, 12)
    })

    await t.test('readers of text who pause keep nobody from asking', async () => {
      const paused = Array.from({ length: 8 }, () =>
        warehouse.text(manyRows(200_000), 'csv')[Symbol.asyncIterator](),
      )
      await Promise.all(paused.map((text) => text.next()))

      assert.equal(await one(sql`1::integer`), 1)

      for (const text of paused) await text.return?.()
    })

    await t.test(
      'more long texts than there are places are refused at once, until places are free',
      async () => {
        const begin = () => warehouse.text(manyRows(50_000), 'csv')[Symbol.asyncIterator]()
        const texts = Array.from({ length: 40 }, begin)
        const begun = await Promise.allSettled(texts.map((text) => text.next()))

        const refused = begun.filter(({ status }) => status === 'rejected')
        assert.ok(refused.length > 0 && refused.length < 40)
        for (const { reason } of refused as PromiseRejectedResult[]) assert.equal(reason.code, 'busy')
        for (const text of texts) await text.return?.()
        const again = begin()
        assert.equal((await again.next()).done, false)
        await again.return?.()
      },
    )

    await t.test('a wrong statement is an error, of text too', async () => {
      await assert.rejects(warehouse.query(sql`select nothing_like_it`), /nothing_like_it/)
      await assert.rejects(async () => {
        for await (const _ of warehouse.text(sql`select nothing_like_it`, 'csv')) assert.fail()
      }, /nothing_like_it/)
      assert.equal(await one(sql`1::integer`), 1)
    })

    await t.test('the value at the smallest and greatest, and the median', async () => {
      const aggregates = async (rows: [number | null, number | null][]) => {
        const values = rows.map(
          ([value, by], index) => sql`(${index}, ${value}::double precision, ${by}::double precision)`,
        )
        const [row] = await warehouse.query(sql`
          select
            ${dialect.argMin(sql`value`, sql`rank`)} as least,
            ${dialect.argMax(sql`value`, sql`rank`)} as greatest,
            ${dialect.median(sql`value`)} as median
          from (values ${sql.join([sql`(-1, 0::double precision, 0::double precision)`, ...values])}) as s (place, value, rank)
          where place >= 0`)
        return row
      }

      assert.deepEqual(await aggregates([]), { least: null, greatest: null, median: null })
      assert.deepEqual(await aggregates([[5, 1]]), { least: 5, greatest: 5, median: 5 })
      const rows: [number, number][] = [
        [5, 2],
        [7, -1],
        [1, 9],
        [2, 3],
      ]
      assert.deepEqual(await aggregates(rows), { least: 7, greatest: 1, median: 3.5 })
      assert.deepEqual(await aggregates([[5, null], ...rows, [6, null]]), {
        least: 7,
        greatest: 1,
        median: 5,
      })
      assert.deepEqual(await aggregates([[null, -5], ...rows, [null, 50]]), {
        least: 7,
        greatest: 1,
        median: 3.5,
      })
    })

    await t.test('whole-number division rounds down', async () => {
      const numbers = fc.sample(
        fc.tuple(fc.maxSafeInteger(), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1 }))),
        { numRuns: 60, seed: 5 },
      )
      numbers.push([-7, 2], [7, 2], [-8, 2], [-1, 3], [0, 3])
      const quotients = numbers.map(([a, b]) => dialect.floorDivide(sql`${a}`, sql`${b}`))
      const [row] = await warehouse.query(
        sql`select ${sql.join(quotients.map((quotient, index) => sql`${quotient} as ${sql.identifier(`q${index}`)}`))}`,
      )

      const expected = numbers.map(([a, b]) => {
        const [dividend, divisor] = [BigInt(a), BigInt(b)]
        const rest = ((dividend % divisor) + divisor) % divisor
        return Number((dividend - rest) / divisor)
      })
      assert.deepEqual(Object.values(row ?? {}), expected)
    })

    await t.test('the text at a key of a JSON object', async () => {
      const document = JSON.stringify({ a: 'x', 'b.c': 'y z', ä: 1.5, yes: true, nothing: null, 'd"e': 'q' })
      for (const [key, expected] of [
        ['a', 'x'],
        ['b.c', 'y z'],
        ['ä', '1.5'],
        ['yes', 'true'],
        ['nothing', null],
        ['absent', null],
        ['d"e', 'q'],
        ["it's", null],
      ] as const) {
        assert.equal(await one(dialect.jsonText(sql`${document}::json`, key)), expected, key)
      }
    })

    await t.test('one of several values, or of none', async () => {
      const found = async (values: string[] | number[], column: string) => {
        const rows = await warehouse.query<{ x: number }>(sql`
          select x
          from (values (1, 'a'), (2, 'b'), (3, 'c''s')) as s (x, label)
          where ${dialect.oneOf(sql.identifier(column), values)}
          order by x`)
        return rows.map(({ x }) => x)
      }

      assert.deepEqual(await found(['b', `c's`, 'zz'], 'label'), [2, 3])
      assert.deepEqual(await found([3, 1], 'x'), [1, 3])
      assert.deepEqual(await found([], 'label'), [])
      assert.deepEqual(await found([], 'x'), [])
    })

    await t.test('a write is kept whole or not at all', async () => {
      const done = await warehouse.write('whole', async (tx) => {
        const written = await tx.run(sql`insert into sample (label) values ('whole 1'), ('whole 2')`)
        const [row] = await tx.query<{ seen: number }>(
          sql`select count(*) as seen from sample where label like 'whole%'`,
        )
        return { written, seen: row?.seen }
      })
      const failure = new Error('on purpose')
      const failed = warehouse.write('half', async (tx) => {
        await tx.run(sql`insert into sample (label) values ('half')`)
        throw failure
      })

      await assert.rejects(failed, failure)
      assert.deepEqual(done, { written: 2, seen: 2 })
      assert.deepEqual(await labels('whole'), ['whole 1', 'whole 2'])
      assert.deepEqual(await labels('half'), [])
      const wrong = warehouse.write('half', (tx) => tx.query(sql`select nothing_like_it`))
      await assert.rejects(wrong, /nothing_like_it/)
      await warehouse.write('half', (tx) => tx.run(sql`insert into sample (label) values ('half, later')`))
      assert.deepEqual(await labels('half'), ['half, later'])
    })

    await t.test('an update and a removal say how many rows they changed', async () => {
      const counts = await warehouse.write('counts', async (tx) => [
        await tx.run(sql`insert into sample (label) values ('counted 1'), ('counted 2'), ('counted 3')`),
        await tx.run(sql`update sample set number = 1 where label > 'counted 1' and label like 'counted%'`),
        await tx.run(sql`delete from sample where label like 'counted%'`),
        await tx.run(sql`delete from sample where label like 'counted%'`),
      ])

      assert.deepEqual(counts, [3, 2, 3, 0])
    })

    await t.test('a batch key that was committed is answered again without the work', async () => {
      let times = 0
      const again = () =>
        warehouse.write('again', async (tx) => {
          times++
          await tx.run(sql`insert into sample (label) values ('again')`)
          return { answer: [1, null, 'ä'], times }
        })
      const stage = async () => assert.fail('staged again')

      const first = await again()
      const version = await warehouse.version()

      assert.deepEqual(await again(), first)
      assert.deepEqual(
        await warehouse.write('again', async () => assert.fail('worked again'), { stage }),
        first,
      )
      assert.equal(times, 1)
      assert.deepEqual(await labels('again'), ['again'])
      assert.equal(await warehouse.version(), version)
    })

    await t.test('the same batch key at once is done once', async () => {
      let times = 0
      const answers = await Promise.all(
        Array.from({ length: 4 }, () =>
          warehouse.write('at once', async (tx) => {
            times++
            await tx.run(sql`insert into sample (label) values ('at once')`)
            return times
          }),
        ),
      )

      assert.deepEqual(answers, [1, 1, 1, 1])
      assert.deepEqual(await labels('at once'), ['at once'])
    })

    await t.test('writers take turns, and each committed version is acknowledged in order', async () => {
      await warehouse.write('counter', (tx) =>
        tx.run(sql`insert into sample (label, place) values ('counter', 0)`),
      )
      const before = await warehouse.version()
      const told = acknowledged.length

      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          warehouse.write(`turn ${index}`, async (tx) => {
            const [row] = await tx.query<{ place: number }>(
              sql`select place from sample where label = 'counter'`,
            )
            await delay(2)
            await tx.run(sql`update sample set place = ${(row?.place ?? 0) + 1} where label = 'counter'`)
          }),
        ),
      )

      const [row] = await warehouse.query(sql`select place from sample where label = 'counter'`)
      assert.equal(row?.place, 12)
      assert.equal(await warehouse.version(), before + 12)
      assert.deepEqual(
        acknowledged.slice(told),
        Array.from({ length: 12 }, (_, index) => before + index + 1),
      )
    })

    await t.test('readers go on while a write is under way, and see nothing of it', async () => {
      const seen = await warehouse.write('slow', async (tx) => {
        await tx.run(sql`insert into sample (label) values ('slow')`)
        return await labels('slow')
      })

      assert.deepEqual(seen, [])
      assert.deepEqual(await labels('slow'), ['slow'])
    })

    await t.test('a write that is staging delays no other', async () => {
      let finish = () => {}
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      const long = warehouse.write(
        'long',
        (tx) => tx.run(sql`insert into sample (label) values ('staged long')`),
        {
          stage: () => finished,
        },
      )
      await warehouse.write('short', (tx) => tx.run(sql`insert into sample (label) values ('staged short')`))

      assert.deepEqual(await labels('staged'), ['staged short'])
      finish()
      await long
      assert.deepEqual(await labels('staged'), ['staged long', 'staged short'])
    })

    await t.test('a failure while staging stores nothing and leaves nothing behind', async () => {
      for (let turn = 0; turn < 2; turn++) {
        const failed = warehouse.write('not staged', async () => assert.fail('worked'), {
          stage: async (staging) => {
            await staging.stageReadings(readings([[1, 0, 1, 0]]))
            throw new Error('on purpose')
          },
        })
        await assert.rejects(failed, /on purpose/)
      }
    })

    await t.test(
      'readings are staged with their layers, from memory and from files, several at once',
      async () => {
        const rows: Reading[] = INSTANTS.map((instant, index) => [index - 2, instant, index / 3, index % 3])
        const many: Reading[] = Array.from({ length: 5000 }, (_, index) => [index, index * 1e9, -index, 4])
        const runs: Reading[][] = [rows, many, []]
        const paths = runs.map((_, index) => join(folder, `run-${index}`))
        for (const [index, run] of runs.entries()) {
          const { signal_key, measured_at, value } = readings(run)
          await writeRun(paths[index] ?? '', {
            rows: run.length,
            signal_key,
            measured_at: instantWords(measured_at, run.length),
            value,
          })
        }

        const staged = await warehouse.write(
          'staged readings',
          (tx) =>
            tx.query<{ signal_key: number; measured_at: string; value: number; layer: number }>(sql`
            select signal_key, measured_at, value, layer
            from staged_reading
            order by layer, measured_at, signal_key`),
          {
            stage: async (staging) => {
              await Promise.all([
                staging.stageReadings(readings(rows)),
                ...paths.map((path, index) => staging.stageRun(path, index + 3)),
              ])
            },
          },
        )

        const layered = [...rows, ...rows.map(([key, at, value]): Reading => [key, at, value, 3]), ...many]
        const expected = layered
          .sort((a, b) => a[3] - b[3] || a[1] - b[1] || a[0] - b[0])
          .map(([signal_key, at, value, layer]) => ({
            signal_key,
            measured_at: formatInstant(at),
            value,
            layer,
          }))
        assert.equal(staged.length, expected.length)
        assert.deepEqual(staged, expected)
      },
    )

    await t.test('a run file that is not whole is refused', async () => {
      const path = join(folder, 'broken-run')
      await writeFile(path, Buffer.alloc(40, 1))

      const failed = warehouse.write('broken run', async () => assert.fail('worked'), {
        stage: (staging) => staging.stageRun(path, 0),
      })
      await assert.rejects(failed, /not a whole run/)
    })

    await t.test('rows of any text survive staging as CSV', async () => {
      const cell = fc.oneof(
        fc.constantFrom(
          '',
          '\\N',
          'NULL',
          '"',
          '""',
          ',',
          '\n',
          '\r\n',
          '\r',
          '\\',
          `'`,
          ' x ',
          '\u2028',
          '#',
        ),
        fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\u0000', '')),
        fc.constant(null),
      )
      const table = fc.array(
        fc.tuple(cell, fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), cell),
        { maxLength: 30 },
      )
      const cases = { next: 0 }

      await fc.assert(
        fc.asyncProperty(table, async (rows) => {
          const path = join(folder, `rows-${cases.next++}.csv`)
          const writer = createStagedWriter(path)
          for (const [index, row] of rows.entries()) writer.write([index, ...row])
          await writer.close()
          const staged = await warehouse.write(
            path,
            (tx) => tx.query(sql`select place, a, number, b from staged_row order by place`),
            {
              stage: (staging) =>
                staging.stageCsv({
                  table: 'staged_row',
                  path,
                  columns: [
                    { name: 'place', type: 'bigint' },
                    { name: 'a', type: 'text' },
                    { name: 'number', type: 'double precision' },
                    { name: 'b', type: 'text' },
                  ],
                }),
            },
          )
          assert.deepEqual(
            staged,
            rows.map(([a, number, b], place) => ({
              place,
              a,
              number: number === null ? null : number + 0,
              b,
            })),
          )
        }),
        { numRuns: 40 },
      )
    })

    await t.test('a statement beyond its time is stopped, and the next one is not', async () => {
      const timedOut = (error: unknown) => error instanceof AppError && error.code === 'query_timeout'
      const started = performance.now()
      await assert.rejects(warehouse.columns(ENDLESS, { timeoutMs: 100 }), timedOut)
      await assert.rejects(async () => {
        for await (const _ of warehouse.text(ENDLESS, 'csv', { timeoutMs: 100 })) assert.fail()
      }, timedOut)
      assert.ok(performance.now() - started < 3000)

      assert.equal((await textOf(warehouse, 'csv', 10)).split('\n').length, 12)
      for (let turn = 0; turn < 25; turn++) {
        const about = warehouse.columns(manyRows(20_000), { timeoutMs: 1 + turn })
        await about.catch((error: unknown) => assert.ok(timedOut(error), String(error)))
        assert.equal(await one(sql`1::integer`), 1)
      }
    })

    await t.test('a read is asked again when the engine is killed', async () => {
      const reads = Array.from({ length: 6 }, () => warehouse.columns(manyRows(300_000)))
      await delay(20)
      await kill()

      for (const { rows } of await Promise.all(reads)) assert.equal(rows, 300_000)
    })

    await t.test('a write is done again when the engine is killed under it, and stored once', async () => {
      let tries = 0
      const answer = await warehouse.write(
        'killed',
        async (tx) => {
          tries++
          await tx.run(sql`insert into sample (label) select 'killed' from staged_reading`)
          if (tries === 1) await kill()
          const [row] = await tx.query<{ found: number }>(
            sql`select count(*) as found from sample where label = 'killed'`,
          )
          return row?.found
        },
        { stage: (staging) => staging.stageReadings(readings([[1, 0, 1, 0]])) },
      )

      assert.ok(tries >= 2)
      assert.equal(answer, 1)
      assert.deepEqual(await labels('killed'), ['killed'])
    })

    await t.test('kills at any moment lose no acknowledged write and double none', async () => {
      const state = { running: true }
      const killing = (async () => {
        for (let kills = 0; kills < 4; kills++) {
          await delay(30 + kills * 17)
          await kill()
        }
        state.running = false
      })()
      const written: string[] = []
      for (let index = 0; state.running || index < 10; index++) {
        const label = `survives ${String(index).padStart(4, '0')}`
        await warehouse.write(
          label,
          (tx) =>
            tx.run(sql`insert into sample (label, place) select ${label}, signal_key from staged_reading`),
          { stage: (staging) => staging.stageReadings(readings([[index, 0, 1, 0]])) },
        )
        written.push(label)
      }
      await killing

      assert.deepEqual(await labels('survives'), written)
      const versions = await warehouse.query<{ version: number }>(sql`select version from batch`)
      assert.equal(new Set(versions.map(({ version }) => version)).size, versions.length)
    })

    await t.test('a closed warehouse answers nothing more, and says so at once', async () => {
      await warehouse.close()

      const started = performance.now()
      await assert.rejects(warehouse.query(sql`select 1 as x`))
      await assert.rejects(warehouse.write('closed', async () => assert.fail('worked')))
      assert.ok(performance.now() - started < 1000)
    })
  })
}

/** Signal key, instant, value, layer. */
type Reading = [number, number, number, number]

function readings(rows: Reading[]) {
  return {
    signal_key: Int32Array.from(rows, ([key]) => key),
    measured_at: Float64Array.from(rows, ([, at]) => at),
    value: Float64Array.from(rows, ([, , value]) => value),
    layer: Int32Array.from(rows, ([, , , layer]) => layer),
  }
}
