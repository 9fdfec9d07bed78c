import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { postgresUrl } from '../../../tests/postgres.ts'
import { systemClock } from '../../clock.ts'
import type { Warehouse } from '../../engine/db.ts'
import { openStores } from '../../engine/open.ts'
import { sql } from '../../engine/sql.ts'
import { createLog } from '../../log.ts'
import { parseFormula } from './formula.ts'
import { checkFormula } from './formula-check.ts'
import { ANY, columnTerm, INTEGER } from './formula-sql.ts'
import { type FormulaRows, valuesByBucket, valuesByRow } from './formula-statement.ts'

const ENGINES: Record<string, (t: TestContext) => Promise<string>> = {
  embedded: async () => '',
  postgres: postgresUrl,
}

type Value = number | null
type Row = Record<'a' | 'b' | 'c', Value> & { n: Value }

async function openWarehouse(t: TestContext, urlOf: (t: TestContext) => Promise<string>): Promise<Warehouse> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-formula-'))
  const settings = { databaseUrl: await urlOf(t), dataDir, queryTimeoutMs: 30_000, queryMemoryMb: 512 }
  const log = createLog({ logLevel: 'error', logFile: '' })
  const stores = await openStores(settings, { clock: systemClock, log })
  t.after(async () => {
    await stores.close()
    await rm(dataDir, { recursive: true })
  })
  return stores.warehouse
}

/** Rows a second apart, in places of two; `a b c` are doubles, `n` a whole number. */
function rowsOf(rows: Row[]): FormulaRows {
  const values = rows.map(
    ({ a, b, c, n }, index) =>
      sql`(${index}::bigint, ${Math.floor(index / 2)}::bigint, ${a}::double precision, ${b}::double precision,
        ${c}::double precision, ${n}::double precision)`,
  )
  return {
    rows: sql`select * from (values ${sql.join(values)}) as given (line, place, a, b, c, n)`,
    column: (name) => columnTerm(sql.identifier(name), name === 'n' ? INTEGER : ANY),
    order: sql`line`,
    micros: sql`line * 1000000`,
    samples: sql`count(*)`,
    bucketed: false,
  }
}

function treeOf(text: string) {
  const known = new Set(['a', 'b', 'c', 'n'])
  return checkFormula(parseFormula(text), { over: 'rows', known, unusable: new Map(), timed: true }).tree
}

async function byRow(
  warehouse: Warehouse,
  text: string,
  rows: Row[],
): Promise<{ value: Value; zero: number }[]> {
  const statement = valuesByRow(warehouse.dialect, treeOf(text), rowsOf(rows), sql`line`)
  return warehouse.query(sql`select value, zero from (${statement}) as answer order by line`)
}

async function ofAll(warehouse: Warehouse, text: string, rows: Row[]) {
  const statement = valuesByBucket(warehouse.dialect, treeOf(text), rowsOf(rows))
  const [row] = await warehouse.query<{ value: Value; samples: number; zero: number }>(statement)
  return row
}

function assertClose(actual: Value | undefined, expected: Value, what: string): void {
  if (expected === null || actual === null || actual === undefined) {
    assert.equal(actual, expected, what)
    return
  }
  const slack = 1e-12 * Math.max(Math.abs(expected), Math.abs(actual))
  assert.ok(Math.abs(actual - expected) <= slack, `${what}: ${actual} is not ${expected}`)
}

const row = (a: Value, b: Value = 0, c: Value = 0, n: Value = 0): Row => ({ a, b, c, n })

const BY_ROW: [text: string, row: Row, expected: Value, zero?: 1][] = [
  ['a + b * c', row(1, 2, 3), 7],
  ['a - b / c * n + a', row(1, 2, 4, 8), -2],
  ['-2^2', row(0), -4],
  ['2^3^2', row(0), 512],
  ['2^-1', row(0), 0.5],
  ['a^0.5', row(9), 3],
  ['a^0.5', row(-9), null],
  ['a^3', row(-2), -8],
  ['a^b', row(-2, 3), -8],
  ['a^b', row(-2, -3), -0.125],
  ['a^b', row(null, 2), null],
  ['a^b', row(2, null), null],
  ['a^2', row(null), null],
  ['a^b', row(0, 0), 1],
  ['a^b', row(0, -1), null],
  ['a^b', row(10, 400), null],
  ['a^b', row(10, -400), 0],
  ['a^b', row(-10, 401), null],
  ['1 / a^b', row(-10, 401), 0],
  ['a^1000', row(10), null],
  ['a / b', row(1, 0), null, 1],
  ['a / b', row(0, 0), null, 1],
  ['a % b', row(7, 0), null, 1],
  ['a / b', row(null, 0), null, 1],
  ['a / b', row(1, null), null],
  ['if(b = 0, 0, a / b)', row(1, 0), 0],
  ['coalesce(a / b, -1)', row(1, 0), -1],
  ['1 / (1 / (1 / (a - b)))', row(3, 1), 0.5],
  ['1 / (1 / (1 / (a - b)))', row(3, 3), null, 1],
  ['a % b', row(7, 3), 1],
  ['a % b', row(-7, 3), -1],
  ['a % b', row(7, -3), 1],
  ['a % b', row(5.5, 2), 1.5],
  ['a % b', row(1e300, 3), null],
  ['a < b', row(1, 2), 1],
  ['a >= b', row(1, 2), 0],
  ['a = b', row(1, null), null],
  ['a != b', row(1, 2), 1],
  ['if(a > 0, b, c)', row(1, 2, 3), 2],
  ['if(a > 0, b, c)', row(-1, 2, 3), 3],
  ['if(a > 0, b, c)', row(null, 2, 3), null],
  ['if(a, b, c)', row(0.1, 2, 3), 2],
  ['abs(a)', row(-2.5), 2.5],
  ['ceil(a)', row(-2.5), -2],
  ['floor(a)', row(-2.5), -3],
  ['round(a)', row(2.5), 3],
  ['round(a)', row(-2.5), -3],
  ['round(a)', row(0.49999999999999994), 0],
  ['round(a)', row(1e300), 1e300],
  ['sqrt(a)', row(16), 4],
  ['sqrt(a)', row(-1), null],
  ['sqrt(sqrt(sqrt(a + b)))', row(200, 56), 2],
  ['ln(a)', row(Math.E), 1],
  ['ln(a)', row(0), null],
  ['log10(a)', row(1000), 3],
  ['log10(a)', row(-1), null],
  ['exp(a)', row(1), Math.E],
  ['exp(a)', row(1000), null],
  ['exp(a)', row(-1000), 0],
  ['exp(n)', row(0, 0, 0, -1000), 0],
  ['min(a, b, c)', row(3, 1, 2), 1],
  ['max(a, b, c)', row(3, null, 2), 3],
  ['coalesce(a, b, c)', row(null, null, 2), 2],
  ['a * b', row(1e200, 1e200), null],
  ['a * b', row(1e-200, 1e-200), 0],
  ['a * b', row(1e200, -1e-200), -1],
  ['1 / (a * b)', row(1e200, 1e200), 0],
  ['a / b', row(1e200, 1e-200), null],
  ['a / b', row(1e-200, 1e200), 0],
  ['a + b', row(1.7e308, 1.7e308), null],
  ['a - b', row(-1.7e308, 1.7e308), null],
  ['a + b - c', row(1.7e308, 1.7e308, 1.7e308), null],
  ['a * a * a * a', row(1e100), null],
  ['n * n * n * n * n', row(0, 0, 0, 1e15), 1e75],
  ['a * b - a * b', row(1e200, 1e200), null],
  ['(a = b) + (a < c) * 2', row(1, 1, 2), 3],
  ['1e308 * 10', row(0), null],
  ['1 / 0', row(0), null, 1],
]

const TEN: Row[] = [row(4, 1, 1, 1), row(2, 0, 1, 2), row(null, 2, 1, 3), row(8, 4, 1, null), row(6, 2, 1, 5)]
const OF_ALL: [text: string, expected: Value, zero?: number][] = [
  ['avg(a)', 5],
  ['sum(a)', 20],
  ['count(a)', 4],
  ['count(1)', 5],
  ['min(a)', 2],
  ['max(a)', 8],
  ['first(a)', 4],
  ['last(a)', 6],
  ['first(n)', 1],
  ['last(n)', 5],
  ['delta(a)', 2],
  ['rate(a)', 0.5],
  ['rate(if(n = 1, n, c - 1))', -0.25],
  ['max(a) - min(a)', 6],
  ['sum(a * b) / sum(b)', 48 / 9],
  ['sum(a / b)', 4 + 2 + 3, 1],
  ['avg(a) / (sum(c) - 5)', null, 1],
  ['sum(if(b > 1, 1, 0))', 3],
  ['sum(a > 3)', 3],
  ['max(max(a, 5))', 8],
  ['min(max(a, 5))', 5],
  ['sqrt(sum((a - 5) ^ 2) / count(a))', Math.sqrt(20 / 4)],
  ['1 / (1 / (1 / avg(a)))', 0.2],
  ['max(a) * 0', 0],
]

for (const [engine, urlOf] of Object.entries(ENGINES)) {
  describe(`formulas compiled for the ${engine} warehouse`, () => {
    test('give the values of arithmetic, and null where there is none', async (t) => {
      const warehouse = await openWarehouse(t, urlOf)

      for (const [text, given, expected, zero = 0] of BY_ROW) {
        const [answer] = await byRow(warehouse, text, [given])

        assertClose(answer?.value, expected, `${text} of ${JSON.stringify(given)}`)
        assert.equal(answer?.zero, zero, `${text} of ${JSON.stringify(given)}`)
      }
    })

    test('aggregate over rows, passing over nulls', async (t) => {
      const warehouse = await openWarehouse(t, urlOf)

      for (const [text, expected, zero = 0] of OF_ALL) {
        const answer = await ofAll(warehouse, text, TEN)

        assertClose(answer?.value, expected, text)
        assert.deepEqual([answer?.samples, answer?.zero], [5, zero], text)
      }
    })

    test('aggregate by bucket', async (t) => {
      const warehouse = await openWarehouse(t, urlOf)
      const source = { ...rowsOf(TEN), bucketed: true }

      const statement = valuesByBucket(warehouse.dialect, treeOf('last(a) / (sum(b) - 1)'), source)

      assert.deepEqual(await warehouse.query(statement), [
        { place: 0, value: null, samples: 2, zero: 1 },
        { place: 1, value: 8 / 5, samples: 2, zero: 0 },
        { place: 2, value: 6, samples: 1, zero: 0 },
      ])
    })

    test('agree with a calculator that knows nothing of SQL', async (t) => {
      const warehouse = await openWarehouse(t, urlOf)
      const rows: Row[] = [
        row(1, 2, 3, 4),
        row(0, -1, 0.5, 0),
        row(1e200, -1e200, 1e-200, 7),
        row(null, 5, -2.5, -3),
      ]

      await fc.assert(
        fc.asyncProperty(expressions, async (expression) => {
          const answer = await byRow(warehouse, expression.text, rows)

          for (const [index, given] of rows.entries()) {
            const value = expression.compute(given)
            const expected = value === null || !Number.isFinite(value) ? null : value
            assertClose(answer[index]?.value, expected, `${expression.text} of ${JSON.stringify(given)}`)
          }
        }),
        { numRuns: 300 },
      )
    })

    test('are answered however deeply they divide', async (t) => {
      const warehouse = await openWarehouse(t, urlOf)
      const deep = `${'1/(a+'.repeat(30)}1${')'.repeat(30)}`
      const long = `a${'/b%c*a^b'.repeat(25)}`
      const sums = `a${'+a'.repeat(240)}`

      const [first] = await byRow(warehouse, deep, [row(1)])
      const [second] = await byRow(warehouse, long, [row(1, 1, 2)])
      const [third] = await byRow(warehouse, sums, [row(1)])

      assertClose(first?.value, (Math.sqrt(5) - 1) / 2, 'a continued fraction')
      assertClose(second?.value, 1, 'a long chain')
      assertClose(third?.value, 241, 'a long sum')
    })
  })
}

interface Expression {
  text: string
  compute(row: Row): Value
}

/** NaN is greater than all, as both engines have it. */
function order(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
  return x < y ? -1 : x > y ? 1 : 0
}

const both = (work: (x: number, y: number) => Value) => (x: Value, y: Value) =>
  x === null || y === null ? null : work(x, y)
const BINARY: Record<string, (x: Value, y: Value) => Value> = {
  '+': both((x, y) => x + y),
  '-': both((x, y) => x - y),
  '*': both((x, y) => x * y),
  '/': both((x, y) => (y === 0 ? null : x / y)),
  '%': both((x, y) => (y !== 0 && Math.abs(x / y) < 2 ** 53 ? x - y * Math.trunc(x / y) : null)),
  '<': both((x, y) => Number(order(x, y) < 0)),
  '<=': both((x, y) => Number(order(x, y) <= 0)),
  '>': both((x, y) => Number(order(x, y) > 0)),
  '>=': both((x, y) => Number(order(x, y) >= 0)),
  '=': both((x, y) => Number(order(x, y) === 0)),
  '!=': both((x, y) => Number(order(x, y) !== 0)),
}
const one = (work: (x: number) => Value) => (x: Value) => (x === null ? null : work(x))
const UNARY: Record<string, (x: Value) => Value> = {
  '-': one((x) => -x),
  abs: one(Math.abs),
  floor: one(Math.floor),
  ceil: one(Math.ceil),
  round: one((x) => (Math.abs(x - Math.trunc(x)) >= 0.5 ? Math.trunc(x) + Math.sign(x) : Math.trunc(x))),
  sqrt: one((x) => (x >= 0 || Number.isNaN(x) ? Math.sqrt(x) : null)),
}
const extreme = (sign: 1 | -1) => (x: Value, y: Value) => {
  if (x === null || y === null) return x ?? y
  return order(x, y) * sign >= 0 ? x : y
}

const leaves: fc.Arbitrary<Expression> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'n').map((name) => ({ text: name, compute: (given: Row) => given[name] })),
  fc
    .constantFrom(0, 1, 2, 0.5, 3.25, 1e150, 1e-150)
    .map((number) => ({ text: String(number), compute: () => number })),
)
const { expressions } = fc.letrec<{ expressions: Expression }>((tie) => ({
  expressions: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc
      .tuple(fc.constantFrom(...Object.keys(BINARY)), tie('expressions'), tie('expressions'))
      .map(([operator, left, right]) => ({
        text: `(${left.text}) ${operator} (${right.text})`,
        compute: (given: Row) => BINARY[operator]?.(left.compute(given), right.compute(given)) ?? null,
      })),
    fc.tuple(fc.constantFrom(...Object.keys(UNARY)), tie('expressions')).map(([name, operand]) => ({
      text: `${name}(${operand.text})`,
      compute: (given: Row) => UNARY[name]?.(operand.compute(given)) ?? null,
    })),
    fc.tuple(tie('expressions'), tie('expressions'), tie('expressions')).map(([condition, yes, no]) => ({
      text: `if(${condition.text}, ${yes.text}, ${no.text})`,
      compute(given: Row) {
        const chosen = condition.compute(given)
        return chosen === null ? null : (chosen !== 0 ? yes : no).compute(given)
      },
    })),
    fc
      .tuple(fc.constantFrom('min', 'max', 'coalesce'), tie('expressions'), tie('expressions'))
      .map(([name, left, right]) => ({
        text: `${name}(${left.text}, ${right.text})`,
        compute(given: Row) {
          const [x, y] = [left.compute(given), right.compute(given)]
          return name === 'coalesce' ? (x ?? y) : extreme(name === 'max' ? 1 : -1)(x, y)
        },
      })),
  ),
}))
