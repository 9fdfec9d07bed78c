// The gate: what it lets through answers as it was written, what it refuses is refused at its place, and what the
// engines offer beyond the list is known.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { WAREHOUSE_ENGINES } from '../../tests/warehouse-engines.ts'
import { AppError } from '../errors.ts'
import type { Warehouse } from './db.ts'
import { type Sql, sql } from './sql.ts'
import { gateSql, readSql, runGated } from './user-sql.ts'
import { FUNCTIONS } from './user-sql-functions.ts'

const SOURCE = sql`(select "id", "n", "v", "s", "d", "flag" from dataset."facts")`
const NOW = '2026-03-29T00:30:00Z'

/** Rows with nulls, equal values, negative and broken numbers. */
async function givenFacts(warehouse: Warehouse): Promise<void> {
  await warehouse.write('facts', async (tx) => {
    await tx.run(sql`
      create table dataset.facts (id bigint, n bigint, v double precision, s text, d date, flag boolean, _row bigint)`)
    await tx.run(sql`
      insert into dataset.facts
      values (1, 3, 1.5, 'north', '2026-03-28', true, 1), (2, -2, -0.25, 'south', '2026-03-29', false, 2),
        (3, 3, 100.125, 'North %', '2026-03-29', null, 3), (4, null, null, null, null, true, 4),
        (5, 0, 0, '', '2025-12-31', false, 5), (6, 12, 2.75, 'it''s "so"', '2026-03-30', true, 6)`)
    return 0
  })
}

async function answer(warehouse: Warehouse, text: string, parameters: Record<string, Sql> = {}) {
  const read = await readSql(text, ['from', 'to', 'tz', ...Object.keys(parameters)])
  const gated = gateSql(read, {
    engine: warehouse.dialect.name,
    tables: new Map([['facts', SOURCE]]),
    tableNames: ['facts'],
    parameters: new Map(Object.entries(parameters)),
    now: sql`${NOW}::timestamptz`,
    tz: sql`cast(${'Europe/Berlin'} as text)`,
  })
  return runGated(warehouse, gated, (inner) => sql`select * from (${inner}) as answer`, { rows: 1000 })
}

const rowsOf = ({ columns, rows }: { columns: ArrayLike<unknown>[]; rows: number }) =>
  Array.from({ length: rows }, (_, row) => columns.map((column) => column[row] ?? null))

/** The fault as the user sees it. */
async function faultOf(warehouse: Warehouse, text: string): Promise<unknown> {
  try {
    await answer(warehouse, text)
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    return { code: error.code, line: error.extra?.line, column: error.extra?.column }
  }
  return 'no fault'
}

const at = (line: number, column: number) => ({ code: 'sql_invalid', line, column })

for (const [name, open] of Object.entries(WAREHOUSE_ENGINES)) {
  describe(`the gate for SQL of users on ${name}`, () => {
    test('what is refused says where in the text, behind comments, lines and letters of several bytes', async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)

      assert.deepEqual(await faultOf(warehouse, 'select\n  n,\n  nope(v)\nfrom facts'), at(3, 3))
      assert.deepEqual(await faultOf(warehouse, "-- ä\nselect 'ü', n from secrets"), at(2, 20))
      assert.deepEqual(await faultOf(warehouse, "select 'äöü', /* 日本 */ n frm facts here"), at(1, 30))
      assert.deepEqual(await faultOf(warehouse, 'select n\nfrom facts\nwhere nothing = 1'), at(3, 7))
      assert.deepEqual(await faultOf(warehouse, "select 'ö', :tz, :from, :nothing from facts"), at(1, 25))
      assert.deepEqual(await faultOf(warehouse, "select :tz as zone, 'ö',\n nope(:tz)"), at(2, 2))
      assert.deepEqual(await faultOf(warehouse, 'select f.n, f.nothing from facts f'), at(1, 13))
      assert.deepEqual(await faultOf(warehouse, 'select 1; select 2'), at(1, 11))
    })

    test('parameters are bound: nothing in them is SQL, whatever stands in them', async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)
      const hostile = `' or true; drop table dataset.facts; --`

      const none = await answer(warehouse, 'select id from facts where s = :x', {
        x: sql`cast(${hostile} as text)`,
      })
      const some = await answer(
        warehouse,
        "select ':x' as a, /* :x */ :x as b, s::text as c from facts where s = :x",
        {
          x: sql`cast(${`it's "so"`} as text)`,
        },
      )

      assert.equal(none.rows, 0)
      assert.deepEqual(rowsOf(some), [[':x', `it's "so"`, `it's "so"`]])
    })

    test('one language on both engines: patterns, rounding, days of a zone, names of columns', async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)
      const ask = async (text: string) => rowsOf(await answer(warehouse, text))

      assert.deepEqual(await ask("select count(*) from facts where s ~ 'or'"), [[2]])
      assert.deepEqual(await ask("select count(*) from facts where s ~* '^N' and s !~ '%'"), [[1]])
      assert.deepEqual(await ask("select count(*) from facts where s like '%!%' escape '!'"), [[1]])
      assert.deepEqual(await ask('select round(v, 1)::double precision from facts where id = 3'), [[100.1]])
      assert.deepEqual(await ask('select n / 0, n % 0, n / 2 from facts where id = 1'), [[null, null, 1]])
      assert.deepEqual(await ask('select median(v), count(distinct n) from facts'), [[1.5, 4]])
      assert.deepEqual(await ask("select to_timestamp(0) = timestamptz '1970-01-01 00:00:00Z'"), [[true]])
      assert.deepEqual(await ask("select current_date = date '2026-03-29', now() = current_timestamp"), [
        [true, true],
      ])
      assert.deepEqual(await ask("select current_date - interval '30' day = timestamp '2026-02-27'"), [
        [true],
      ])
      assert.deepEqual(
        await ask(
          "select date_bin(interval '15 minutes', now(), timestamptz '2000-01-01 00:00:00Z') = now()",
        ),
        [[true]],
      )
      const { names } = await answer(
        warehouse,
        'select count(*), sum(n)::bigint, n::text, coalesce(1, 2), now() from facts group by n',
      )
      assert.deepEqual(names, ['count', 'sum', 'n', 'coalesce', 'now'])
    })

    test('selects of every form answer alike on both engines', async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)
      const cases: [string, unknown[][]][] = [
        [
          'select n, count(*) from facts group by rollup (n) order by n nulls last, 2',
          [
            [-2, 1],
            [0, 1],
            [3, 2],
            [12, 1],
            [null, 1],
            [null, 6],
          ],
        ],
        [
          'select n, flag, count(*) from facts where id < 3 group by grouping sets ((n, flag), ()) order by 3, 1',
          [
            [-2, false, 1],
            [3, true, 1],
            [null, null, 2],
          ],
        ],
        [
          'select grouping(n), count(*) from facts where id < 3 group by cube (n) order by 1, 2',
          [
            [0, 1],
            [0, 1],
            [1, 2],
          ],
        ],
        ['select distinct on (n) n, id from facts where n = 3 order by n, id desc', [[3, 3]]],
        ['select id from facts intersect select n from facts order by 1', [[3]]],
        ['(select 1 as a) except all select 2', [[1]]],
        ['values (1, $$a$$), (2, $$b$$) order by 1 desc limit 1 offset 1', [[1, 'a']]],
        [
          'select f.id, g.id from facts f join facts g using (n) where f.id = 1 and f.n = 3 order by 2',
          [
            [1, 1],
            [1, 3],
          ],
        ],
        [
          'select f.id, x.most from facts f, lateral (select max(g.id) as most from facts g where g.n = f.n) x where f.id = 1',
          [[1, 3]],
        ],
        ['select count(*) from facts f full join facts g on f.id = g.id + 5', [[11]]],
        ['select g from generate_series(1, 7, 3) as g order by g', [[1], [4], [7]]],
        [
          'with a as (select 1 as x), b (y) as (select x + 1 from a) select a.x, b.y from a cross join b',
          [[1, 2]],
        ],
        ['select id from facts where n = any (array[0, 12]) and n <> all (array[12]) order by 1', [[5]]],
        [
          "select case n when 3 then 'three' else 'other' end as word from facts where id in (1, 2) order by id",
          [['three'], ['other']],
        ],
        ['select n from facts order by n desc nulls last limit 2', [[12], [3]]],
        ['select x.n from (select n from facts where id = 1) as x', [[3]]],
        ["select (date '2026-03-29' + interval '1' day)::date = d from facts where id = 6", [[true]]],
        [
          'select sum(n) over w from facts where id < 4 window w as (order by id range between unbounded preceding and current row)',
          [[3], [1], [4]],
        ],
      ]

      for (const [text, expected] of cases) {
        assert.deepEqual(rowsOf(await answer(warehouse, text)), expected, text)
      }
    })

    test('every function of the list is there, in each number of arguments that it takes', async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)
      const words = (text: string) => text.split(' ')
      const calls = [
        ...words('abs ceil ceiling floor sign sqrt cbrt exp ln log log10 degrees radians').map(
          (name) => `${name}(2.5)`,
        ),
        ...words('sin cos tan asin acos atan trunc round to_timestamp').map((name) => `${name}(0.5)`),
        ...words('atan2 power pow').map((name) => `${name}(2.0, 3.0)`),
        'mod(7, 4)',
        'round(2.345, 2)',
        'pi()',
        'now()',
        'make_date(2026, 3, 1)',
        'date(now())',
        'isfinite(now())',
        ...words('lower upper length char_length character_length reverse ascii').map(
          (name) => `${name}('abc')`,
        ),
        ...words('trim btrim ltrim rtrim').flatMap((name) => [`${name}(' a ')`, `${name}('xax', 'x')`]),
        "left('abc', 2)",
        "right('abc', 2)",
        "strpos('abc', 'b')",
        "starts_with('abc', 'a')",
        "concat('a', 'b')",
        ...words('substr substring').flatMap((name) => [`${name}('abc', 2)`, `${name}('abc', 2, 1)`]),
        "replace('abc', 'b', 'x')",
        "split_part('a-b', '-', 2)",
        "concat_ws('-', 'a', 'b')",
        "position('b' in 'abc')",
        "date_trunc('month', now())",
        "date_part('year', now())",
        "age(now(), now() - interval '1 day')",
        "date_bin(interval '1 hour', now(), timestamptz '2000-01-01 00:00:00Z')",
        '1 = any (array[1, 2])',
        ...words('count sum avg min max median stddev stddev_samp stddev_pop variance var_samp var_pop').map(
          (name) => `${name}(v)`,
        ),
        'count(*)',
        'bool_and(flag)',
        'bool_or(flag)',
        "string_agg(s, ',' order by s)",
        "string_agg(distinct s, ',')",
        ...words('corr covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count').map(
          (name) => `${name}(v, n)`,
        ),
        ...words('percentile_cont percentile_disc').map((name) => `${name}(0.5) within group (order by v)`),
        ...words('row_number rank dense_rank percent_rank cume_dist').map(
          (name) => `${name}() over (order by id)`,
        ),
        ...words('ntile(2) first_value(v) last_value(v) lag(v) lag(v,1) lead(v,1,0.0) nth_value(v,2)').map(
          (name) => `${name} over (order by id range between unbounded preceding and current row)`,
        ),
      ]

      for (const call of calls) {
        const { rows } = await answer(
          warehouse,
          `select ${call} as answer from facts ${/over \(/.test(call) ? '' : 'limit 1'}`,
        )
        assert.ok(rows > 0, call)
      }
      const called = new Set(calls.map((call) => call.split('(')[0]))
      assert.deepEqual(
        [...FUNCTIONS.keys()].filter((each) => !called.has(each)),
        [],
      )
    })

    test('any allowed query answers what its own text answers', { timeout: 120_000 }, async (t) => {
      const { warehouse } = await open(t)
      await givenFacts(warehouse)
      const ran = { count: 0 }
      const property = fc.asyncProperty(query(), async (text) => {
        const direct = await warehouse
          .columns(sql.trusted(text.replaceAll('§', '(select id, n, v, s, d, flag from dataset.facts)')))
          .catch((error: unknown) => String(error))

        if (typeof direct === 'string') {
          await assert.rejects(answer(warehouse, text.replaceAll('§', 'facts')), AppError, text)
          return
        }
        const gated = await answer(warehouse, text.replaceAll('§', 'facts'))
        assert.deepEqual(comparable(rowsOf(gated)), comparable(rowsOf(direct)), text)
        ran.count++
      })
      await fc.assert(property, { numRuns: 150 })
      assert.ok(ran.count > 100, `only ${ran.count} of the queries ran`)
    })

    test('no upgrade of the engine brings a function, or a form of an allowed one, that nobody has seen', async (t) => {
      const { warehouse } = await open(t)
      const file = new URL(`../../tests/functions-of-${name}.txt`, import.meta.url)
      const seen = new Set(readFileSync(file, 'utf8').split('\n'))

      const unseen = (await functionsOf(warehouse)).filter((line) => !seen.has(line))

      assert.deepEqual(
        unseen,
        [],
        `decide on each whether users may call it, then add it to ${file.pathname}`,
      )
    })
  })
}

/** Names of all functions; those that users may call with what they take. */
async function functionsOf(warehouse: Warehouse): Promise<string[]> {
  const rows = await warehouse.query<{ name: string; takes: string }>(
    warehouse.dialect.name === 'duckdb'
      ? sql`select distinct function_name as name, array_to_string(parameter_types, ', ') as takes from duckdb_functions()`
      : sql`select distinct proname as name, pg_get_function_identity_arguments(oid) as takes from pg_proc
          where pronamespace = 'pg_catalog'::regnamespace`,
  )
  const lines = rows.map(({ name, takes }) => (FUNCTIONS.has(name) ? `${name} (${takes ?? ''})` : name))
  return [...new Set(lines)].toSorted()
}

/** Rows in no order, with numbers to twelve digits: engines add up in any order. */
function comparable(rows: unknown[][]): string[] {
  return rows
    .map((row) =>
      JSON.stringify(row.map((cell) => (typeof cell === 'number' ? Number(cell.toPrecision(12)) : cell))),
    )
    .toSorted()
}

/** Selects in the common language; § stands for the table. Types fit, so that nearly all of them run. */
function query(): fc.Arbitrary<string> {
  const { number, text, truth } = fc.letrec<{ number: string; text: string; truth: string }>((tie) => {
    const [number, text, truth] = [tie('number'), tie('text'), tie('truth')]
    const words = (parts: TemplateStringsArray, ...items: fc.Arbitrary<string>[]) =>
      fc.tuple(...items).map((found) => String.raw({ raw: parts }, ...found))
    const depth = { depthSize: 'small', maxDepth: 3 } as const
    return {
      number: fc.oneof(
        depth,
        fc.constantFrom('n', 'v', 'id', '0', '2', '7', '-3', '0.5', '1.25e1', 'f.n', '"v"'),
        words`(${number} + ${number})`,
        words`${number} - ${number} * 2`,
        words`-(${number})`,
        words`abs(${number})`,
        words`case when ${truth} then ${number} else ${number} end`,
        words`case ${text} when ${text} then ${number} end`,
        words`coalesce(${number}, ${number})`,
        words`nullif(${number}, ${number})`,
        words`greatest(${number}, ${number})`,
        words`length(${text})`,
        words`extract(day from d)`,
        words`(select max(id) from § as g where g.n = ${number})`,
        words`floor(${number})::bigint`,
        words`cast(${number} as double precision)`,
      ),
      text: fc.oneof(
        depth,
        fc.constantFrom('s', "'north'", "'it''s'", "''", "'a\\b'", "E'x\\ny'", "$$q'q$$", 'f.s'),
        words`upper(${text})`,
        words`${text} || ${text}`,
        words`coalesce(${text}, ${text})`,
        words`replace(${text}, ${text}, 'z')`,
        words`substring(${text} from 2 for 3)`,
        words`trim(${text})`,
      ),
      truth: fc.oneof(
        depth,
        fc.constantFrom('flag', 'true', 'n is null', 'f.flag is not true', "d >= date '2026-03-29'"),
        words`(${number} < ${number})`,
        words`${number} between ${number} and ${number}`,
        words`${number} in (${number}, ${number}, 3)`,
        words`${text} like '%o%'`,
        words`${text} not ilike ${text}`,
        words`not (${truth})`,
        words`(${truth} and ${truth})`,
        words`(${truth} or ${truth})`,
        words`${number} is distinct from ${number}`,
        words`exists (select 1 from § as g where g.id > ${number})`,
        words`id in (select n from § where flag)`,
        words`${number} >= all (select n from § where n is not null)`,
      ),
    }
  })
  const plain = fc
    .tuple(number, text, truth, truth)
    .map(([a, b, c, where]) => `select ${a} as a, ${b} as b, ${c} as c from § as f where ${where}`)
  const grouped = fc
    .tuple(fc.constantFrom('sum', 'avg', 'min', 'max', 'count', 'stddev'), number, text, truth, truth)
    .map(
      ([call, a, b, filter, having]) =>
        `select ${b} as b, ${call}(${a}) as a, count(*) filter (where ${filter}) as c from § as f group by 1 having count(*) > 0 and bool_or(${having}) is not null`,
    )
  const windowed = fc
    .tuple(number, text)
    .map(
      ([a, b]) =>
        `select id as a, sum(${a}) over (partition by ${b} order by id rows between 1 preceding and current row) as b, row_number() over w as c from § as f window w as (order by id desc)`,
    )
  const one = fc.oneof(plain, grouped, windowed)
  const wrapped = fc
    .tuple(plain, truth)
    .map(([inner]) => `with x as (${inner}) select a, b, c from x where c is not false`)
  const united = fc.tuple(plain, plain).map(([a, b]) => `${a} union all (${b})`)
  const joined = fc
    .tuple(truth)
    .map(
      ([on]) =>
        `select f.id as a, g.s as b, f.flag as c from § as f left join § as g on f.n = g.n and ${on.replaceAll(/\b(n|v|id|s|flag|d)\b(?!')/g, (found) => (found === 'd' ? 'f.d' : found))}`,
    )
    .filter((text) => !/[^.\w](n|v|id|s|flag)\b/.test(text.replaceAll(/[fg]\.\w+|as \w+|'[^']*'/g, '')))
  return fc.oneof(one, one, wrapped, united, joined)
}
