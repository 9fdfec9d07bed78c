import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cell, Column, ColumnType } from '../../../contract/datasets.ts'
import { compileRules, type FileRules, findColumnFaults, type Reading } from './row-rules.ts'

/** Times of tests: RFC 3339 in UTC only. */
const readInstant: Reading['readInstant'] = (text) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) * 1000 : undefined

function rulesFor(columns: Column[], rest: Partial<Reading> & { unique_key?: string[] } = {}) {
  const { unique_key = null, ...reading } = rest
  return compileRules({ columns, unique_key }, { readInstant, ...reading })
}

function oneCell(column: Partial<Column> & { type: ColumnType }, reading: Partial<Reading> = {}) {
  const rules = rulesFor([{ name: 'c', ...column }], reading)
  const show = (outcome: ReturnType<typeof rules.ofJson>) =>
    'fault' in outcome ? outcome.fault.reason : outcome.values[0]
  return {
    json: (cell: Cell) => show(rules.ofJson({ c: cell })),
    text: (cell: string | null) => show(rules.ofText([cell])),
  }
}

const WHOLE = 'must be a whole number between -9007199254740991 and 9007199254740991'

describe('cells of JSON', () => {
  const cases: [ColumnType, Cell, Cell | undefined][] = [
    ['integer', 7, 7],
    ['integer', 7.5, WHOLE],
    ['integer', '7', WHOLE],
    ['integer', 2 ** 53, WHOLE],
    ['number', 1e-300, 1e-300],
    ['number', true, 'must be a number'],
    ['text', 'á', 'á'],
    ['text', '', ''],
    ['text', 5, 'must be text'],
    ['text', 'a\u0000', 'must not contain the character NUL or half of a character pair'],
    ['text', '\ud800', 'must not contain the character NUL or half of a character pair'],
    ['boolean', false, false],
    ['boolean', 0, 'must be true or false'],
    ['timestamp', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['timestamp', '2026-02-30', 'must be a time like 2026-01-31T12:00:00Z'],
    ['timestamp', 5, 'must be a time like 2026-01-31T12:00:00Z'],
    ['date', '2024-02-29', '2024-02-29'],
    ['date', '2026-02-29', 'must be a date like 2026-01-31'],
    ['date', '2026-2-1', 'must be a date like 2026-01-31'],
    ['integer', null, null],
  ]
  for (const [type, cell, expected] of cases) {
    test(`${JSON.stringify(cell)} as ${type} gives ${JSON.stringify(expected)}`, () => {
      assert.equal(oneCell({ type }).json(cell), expected)
    })
  }
})

describe('cells of text', () => {
  const cases: [ColumnType, string | null, Cell | undefined, ('.' | ',')?][] = [
    ['integer', ' 7 ', 7],
    ['integer', '-0', 0],
    ['integer', '7.0', WHOLE],
    ['integer', '12345678901234567890', WHOLE],
    ['number', '1.5', 1.5],
    ['number', '.5', 0.5],
    ['number', '1e3', 1000],
    ['number', '1e999', 'must be a number'],
    ['number', 'NaN', 'must be a number'],
    ['number', '0x10', 'must be a number'],
    ['number', '1,5', 'must be a number'],
    ['number', '1,5', 1.5, ','],
    ['number', '1.5', 'must be a number with a decimal comma', ','],
    ['number', '1.000,5', 'must be a number with a decimal comma', ','],
    ['text', ' a ', ' a '],
    ['text', '', null],
    ['boolean', 'Yes', true],
    ['boolean', '0', false],
    ['boolean', 'maybe', 'must be true, false, yes, no, 1 or 0'],
    ['timestamp', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['date', '2026-01-31 ', '2026-01-31'],
    ['number', '  ', null],
    ['number', null, null],
  ]
  for (const [type, cell, expected, decimal] of cases) {
    test(`${JSON.stringify(cell)} as ${type} gives ${JSON.stringify(expected)}${decimal ? ' with a comma' : ''}`, () => {
      assert.equal(oneCell({ type }, decimal ? { decimal } : {}).text(cell), expected)
    })
  }
})

describe('rules of columns', () => {
  test('bounds, choices and patterns hold for JSON and text alike', () => {
    const number = oneCell({ type: 'number', min: 0, max: 10 })
    assert.deepEqual(
      [number.json(-1), number.text('11'), number.json(10)],
      ['must be at least 0', 'must be at most 10', 10],
    )

    const choice = oneCell({ type: 'integer', one_of: [1, 2] })
    assert.deepEqual([choice.json(2), choice.text('3')], [2, 'must be one of 1, 2'])

    const code = oneCell({ type: 'text', pattern: '[A-Z]{2}\\d+' })
    assert.deepEqual([code.json('TR1'), code.text('xTR1')], ['TR1', 'must match the pattern [A-Z]{2}\\d+'])

    assert.equal(
      oneCell({ type: 'text', pattern: '(a*)*b' }).json('a'.repeat(9000)),
      'must match the pattern (a*)*b',
    )
  })

  test('what is required, or in the unique key, must be there', () => {
    const rules = rulesFor(
      [
        { name: 'a', type: 'text', required: true },
        { name: 'b', type: 'integer' },
      ],
      { unique_key: ['b'] },
    )

    assert.deepEqual(rules.ofJson({ b: 1 }), {
      fault: { column: 'a', value: null, rule: 'required', reason: 'is required' },
    })
    assert.deepEqual(rules.ofText(['x', ' ']), {
      fault: { column: 'b', value: null, rule: 'required', reason: 'is required' },
    })
    assert.deepEqual(rules.ofText(['x', '1']), { values: ['x', 1] })
  })

  test('a file may ask more than the dataset does, and give its numbers in another unit', () => {
    const columns: Column[] = [
      { name: 'place', type: 'text' },
      { name: 'power', type: 'number', unit: 'kW', max: 5000 },
      { name: 'at', type: 'timestamp' },
    ]
    const rules = compileRules(
      { columns, unique_key: null },
      { readInstant, decimal: ',', thousands: '.' },
      {
        rules: {
          place: { required: true, one_of: ['a', 'b'] },
          power: { min: 100 },
          at: { max_ahead: '2d' },
        },
        conversions: new Map([['power', { factor: 1000, offset: 0, divisor: 1 }]]),
        now: Date.UTC(2026, 0, 1) * 1000,
      },
    )
    const ruleOf = (cells: string[]) => {
      const outcome = rules.ofText(cells)
      return 'fault' in outcome ? [outcome.fault.column, outcome.fault.rule] : outcome.values
    }

    assert.deepEqual(ruleOf(['a', '1,5', '2026-01-03T00:00:00Z']), ['a', 1500, '2026-01-03T00:00:00Z'])
    assert.deepEqual(ruleOf(['', '1', '']), ['place', 'required'])
    assert.deepEqual(ruleOf(['c', '1', '']), ['place', 'one_of'])
    assert.deepEqual(ruleOf(['a', '0,05', '']), ['power', 'range'])
    assert.deepEqual(ruleOf(['a', '6', '']), ['power', 'range'])
    assert.deepEqual(ruleOf(['a', '1.000', '']), ['power', 'range'])
    assert.deepEqual(ruleOf(['a', '10.00', '']), ['power', 'type'])
    assert.deepEqual(ruleOf(['a', '1', '2026-01-03T00:00:01Z']), ['at', 'future'])
  })

  test('a rule of a file that no value can keep is told before any row', () => {
    const compile = (rules: FileRules['rules']) => () =>
      compileRules({ columns: [{ name: 'n', type: 'number' }], unique_key: null }, { readInstant }, { rules })

    assert.throws(compile({ m: { min: 1 } }), /rules name "m", which is no field of the target/)
    assert.throws(compile({ n: { pattern: 'x' } }), /rule of n cannot be kept: pattern is only for text/)
    assert.throws(compile({ n: { max_ahead: '1d' } }), /max_ahead is only for times/)
    assert.throws(compile({ n: { min: 2, max: 1 } }), /max must not be below min/)
    assert.throws(compile({ n: { one_of: [1, 'x'] } }), /one_of 1 must be a number/)
  })

  test('a row with what is no column is refused, a short one is filled with nulls', () => {
    const rules = rulesFor([
      { name: 'a', type: 'text' },
      { name: 'b', type: 'text' },
    ])

    assert.deepEqual(rules.ofJson({ a: 'x', z: 'y' }), {
      fault: { column: 'z', value: 'y', rule: 'structure', reason: 'is not a column of this dataset' },
    })
    assert.deepEqual(rules.ofText(['1', '2', '3']), {
      fault: { column: null, value: '3', rule: 'structure', reason: 'the row has 3 cells for 2 columns' },
    })
    assert.deepEqual(rules.ofText(['1', '2', '']), { values: ['1', '2'] })
    assert.deepEqual(rules.ofText(['1']), { values: ['1', null] })
    assert.deepEqual(rules.ofJson(JSON.parse('{"constructor": 1}')), {
      fault: {
        column: 'constructor',
        value: '1',
        rule: 'structure',
        reason: 'is not a column of this dataset',
      },
    })
  })

  test('a column may be called like what every object has', () => {
    const rules = rulesFor([{ name: 'constructor', type: 'text' }])

    assert.deepEqual(rules.ofJson({}), { values: [null] })
    assert.deepEqual(rules.ofJson(JSON.parse('{"constructor": "x"}')), { values: ['x'] })
  })

  test('a number written as text is read as it was', () => {
    const number = oneCell({ type: 'number' })
    const comma = oneCell({ type: 'number' }, { decimal: ',' })

    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(number.text(String(value)), value + 0)
        assert.equal(comma.text(String(value).replace('.', ',')), value + 0)
      }),
    )
  })
})

describe('columns of a dataset', () => {
  const pathsOf = (columns: Column[], key: string[] | null = null) =>
    findColumnFaults(columns, key, { readInstant }).map(({ path }) => path)

  test('names differ by more than case and are none of the databases', () => {
    assert.deepEqual(
      pathsOf([
        { name: 'Ts', type: 'text' },
        { name: 'ts', type: 'text' },
        { name: 'xmin', type: 'text' },
      ]),
      ['/columns/1/name', '/columns/2/name'],
    )
  })

  test('rules fit the type', () => {
    assert.deepEqual(
      pathsOf([
        { name: 'a', type: 'text', min: 1, max: 2 },
        { name: 'b', type: 'number', min: 2, max: 1, pattern: 'x' },
        { name: 'c', type: 'integer', one_of: [1, 'x', null] },
        { name: 'd', type: 'text', pattern: '(' },
        { name: 'e', type: 'date', one_of: ['2026-01-01'] },
      ]),
      [
        '/columns/0/min',
        '/columns/0/max',
        '/columns/1/max',
        '/columns/1/pattern',
        '/columns/2/one_of/1',
        '/columns/2/one_of/2',
        '/columns/3/pattern',
      ],
    )
  })

  test('the unique key names columns, each once', () => {
    assert.deepEqual(pathsOf([{ name: 'a', type: 'text' }], ['a', 'b', 'a']), [
      '/unique_key/1',
      '/unique_key/2',
    ])
  })
})
