import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../../errors.ts'
import { type Node, parseFormula } from './formula.ts'
import { checkFormula, type FormulaNames } from './formula-check.ts'

/** The tree with all its brackets. */
function written(node: Node): string {
  switch (node.kind) {
    case 'number':
      return String(node.value)
    case 'name':
      return node.name
    case 'negate':
      return `(-${written(node.operand)})`
    case 'operation':
      return `(${written(node.left)} ${node.operator} ${written(node.right)})`
    case 'call':
      return `${node.name}(${node.args.map(written).join(', ')})`
  }
}

function faultOf(work: () => unknown): { message: string; position: unknown; length: unknown } {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, 'formula_invalid')
    return { message: error.message, position: error.extra?.position, length: error.extra?.length }
  }
  throw new Error('the formula was taken')
}

const COLUMNS: FormulaNames = {
  over: 'rows',
  known: new Set(['column_1', 'column_2', 'if', 'price']),
  unusable: new Map([['label', 'label is text; formulas calculate with numbers.']]),
  timed: false,
}
const check = (text: string, names: Partial<FormulaNames> = {}) =>
  checkFormula(parseFormula(text), { ...COLUMNS, ...names })

describe('formulas are read with the usual precedence', () => {
  const cases: [text: string, tree: string][] = [
    [
      'column_1 - column_2 / column_3 * column_4 + column_5',
      '((column_1 - ((column_2 / column_3) * column_4)) + column_5)',
    ],
    ['a - b - c', '((a - b) - c)'],
    ['a / b / c % d', '(((a / b) / c) % d)'],
    ['-2^2', '(-(2 ^ 2))'],
    ['2^3^2', '(2 ^ (3 ^ 2))'],
    ['2^-3^2', '(2 ^ (-(3 ^ 2)))'],
    ['-a * b', '((-a) * b)'],
    ['a * -b', '(a * (-b))'],
    ['a - -b', '(a - (-b))'],
    ['--a', '(-(-a))'],
    ['+a + +b', '(a + b)'],
    ['a + b < c * d', '((a + b) < (c * d))'],
    ['a == b', '(a = b)'],
    ['a <> b', '(a != b)'],
    ['(a < b) < c', '((a < b) < c)'],
    ['if(a > 0, a, -a)', 'if((a > 0), a, (-a))'],
    ['SUM(a)/Count(a)', '(sum(a) / count(a))'],
    ['"if" + "voltage kV"', '(if + voltage kV)'],
    ['1.5e3 + .5 + 2.', '((1500 + 0.5) + 2)'],
    ['\t( ( a ) )\n', 'a'],
    ['a = b + 1', '(a = (b + 1))'],
    ['sum + avg', '(sum + avg)'],
  ]
  for (const [text, tree] of cases) {
    test(JSON.stringify(text), () => assert.equal(written(parseFormula(text)), tree))
  }
})

describe('what is no formula is refused with the place of the fault', () => {
  const cases: [text: string, position: number, length: number, message: RegExp][] = [
    ['column_1 +', 10, 0, /ends where a number, a name or \( is expected/],
    ['', 0, 0, /ends where/],
    ['   ', 0, 0, /ends where/],
    ['not column_1', 0, 3, /"not" is not part of formulas/],
    ['a and b', 2, 3, /"and" is not part of formulas/],
    ['self reference / cycle a = b + 1, b = a + 1', 5, 9, /"reference" stands where an operator or the end/],
    ['a = b + 1, b = a + 1', 9, 1, /"," stands where/],
    ['__proto__.x', 9, 1, /"\." is not part of formulas/],
    ['(a + b', 6, 0, /ends where an operator or \)/],
    ['a + b)', 5, 1, /"\)" stands where/],
    ['a < b < c', 6, 1, /two values at a time/],
    ['a; drop table metric', 1, 1, /";" is not part/],
    ["a + 'x'", 4, 1, /"'" is not part/],
    ['a + "x', 4, 1, /no closing/],
    ['a ~ 🙂', 2, 1, /"~" is not part/],
    ['a + 🙂', 4, 2, /"🙂" is not part/],
    ['1e999', 0, 5, /too large/],
    ['2 3', 2, 1, /"3" stands where/],
    ['max(a,)', 6, 1, /"\)" stands where/],
    ['* a', 0, 1, /"\*" stands where/],
    ['"" + 1', 0, 2, /There is no column ""/],
  ]
  for (const [text, position, length, message] of cases) {
    test(JSON.stringify(text), () => {
      const fault = faultOf(() => check(text, { known: new Set(['a', 'b', 'c']) }))

      assert.match(fault.message, message)
      assert.deepEqual([fault.position, fault.length], [position, length])
    })
  }

  test('too much of it', () => {
    assert.match(faultOf(() => parseFormula('a+'.repeat(2001))).message, /more than 4000 characters/)
    assert.match(faultOf(() => parseFormula('('.repeat(101))).message, /nests deeper than 100 levels/)
    assert.match(faultOf(() => parseFormula('-'.repeat(3999))).message, /nests deeper/)
    assert.match(faultOf(() => parseFormula(`a${'^a'.repeat(1900)}`)).message, /nests deeper/)
    assert.match(faultOf(() => parseFormula(`a${'+a'.repeat(1900)}`)).message, /More than 250 operations/)
  })
})

describe('names, functions and aggregates are checked', () => {
  const cases: [text: string, position: number, length: number, message: RegExp][] = [
    ['columns_1', 0, 9, /There is no column "columns_1"; did you mean column_1\?|did you mean column_1\./],
    ['2 * Price', 4, 5, /did you mean price/],
    ['something', 0, 9, /the columns are column_1, column_2, if, price/],
    ['constructor', 0, 11, /There is no column "constructor"/],
    ['label + 1', 0, 5, /label is text/],
    ['averge(price)', 0, 6, /There is no function "averge"/],
    ['constructor(price)', 0, 11, /There is no function "constructor"/],
    ['avgg(price)', 0, 4, /did you mean avg/],
    ['avg(price, 2)', 0, 3, /avg takes one value/],
    ['max()', 0, 3, /max takes one value, or 2 to 100 values/],
    ['sqrt(1, 2)', 0, 4, /sqrt takes 1 value/],
    ['if(1, 2)', 0, 2, /if takes 3 values/],
    ['sum(avg(price))', 4, 3, /avg stands within sum/],
    ['price - avg(price)', 0, 5, /write avg\(price\)/],
    ['avg(price) - price', 13, 5, /write avg\(price\)/],
    ['rate(price)', 0, 4, /needs the time_column/],
  ]
  for (const [text, position, length, message] of cases) {
    test(JSON.stringify(text), () => {
      const fault = faultOf(() => check(text))

      assert.match(fault.message, message)
      assert.deepEqual([fault.position, fault.length], [position, length])
    })
  }

  test('a formula is by row, or of all rows', () => {
    assert.equal(check('column_1 + "if"').aggregated, false)
    assert.equal(check('max(column_1, column_2)').aggregated, false)
    assert.equal(check('max(column_1)').aggregated, true)
    assert.equal(check('sum(column_1 * max(column_2, 1)) / count(price) + 1').aggregated, true)
    assert.equal(check('1 + 1').aggregated, false)
    assert.equal(check('rate(price)', { timed: true }).aggregated, true)
  })

  test('over signals a bare name and an aggregate go together, and at least one signal is named', () => {
    const signals = { over: 'signals', known: new Set(['v', 'i']), timed: true } as const

    assert.deepEqual([check('v * i', signals).enclosed, check('avg(v * i)', signals).enclosed], [false, true])
    assert.deepEqual([check('max(v) - v', signals).plain, check('max(v * i)', signals).plain], [true, false])
    assert.match(faultOf(() => check('1 + 1', signals)).message, /names no signal/)
  })
})
