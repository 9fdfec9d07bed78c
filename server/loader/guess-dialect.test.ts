import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { guessDialect } from './guess-dialect.ts'

const told = (text: string) => {
  const { delimiter, quote, skip_lines, header } = guessDialect(text, {})
  return [delimiter.value, quote.value, skip_lines.value, header.value]
}

describe('the layout of a CSV file', () => {
  const cases: [string, string, [string, string, number, boolean]][] = [
    ['commas', 'a,b\n1,2\n3,4\n', [',', '"', 0, true]],
    [
      'bars with decimal commas',
      'Ts|Id|Value\n2021-12-24|5|20,1\n2021-12-25|6|138,86\n',
      ['|', '"', 0, true],
    ],
    [
      'semicolons with decimal commas',
      'Zeit;P;Q\n01.02.2021;1,5;2,5\n02.02.2021;3,5;4,5\n',
      [';', '"', 0, true],
    ],
    ['tabs', 'time\tx\n2021-01-01\t1\n2021-01-02\t2\n', ['\t', '"', 0, true]],
    ['quoted text with delimiters', 'id,query\na,"select 1, 2,\n3"\nb,"select 4, 5"\n', [',', '"', 0, true]],
    ['single quotes', "id,text\n'a','x, y'\n'b','z, w'\n", [',', "'", 0, true]],
    ['no header', '2021-01-01,1,2\n2021-01-02,3,4\n', [',', '"', 0, false]],
    ['numbers for names', 'date,427038,427659\n2021-01-01,1,2\n2021-01-02,3,4\n', [',', '"', 0, true]],
    [
      'prose before the table',
      'Export of the plant\nmade 2021\n\nt;p;q\n2021-01-01;1;2\n2021-01-02;3;4\n',
      [';', '"', 3, true],
    ],
    [
      'words about the table',
      'Station;North\nt;p;q\n2021-01-01;1;2\n2021-01-02;3;4\n2021-01-03;5;6\n',
      [';', '"', 1, true],
    ],
    ['one column', 'name\nfirst\nsecond\n', [',', '"', 0, true]],
    [
      'a few broken lines',
      `t,v\n${'2021-01-01,1\n'.repeat(30)}2021-01-01\n2021-01-01,1,2\n`,
      [',', '"', 0, true],
    ],
    [
      'names alone',
      'signal,component,type,unit\nn.voltage,n,voltage,kV\nm.voltage,m,voltage,kV\n',
      [',', '"', 0, true],
    ],
    ['nothing', '', [',', '"', 0, true]],
  ]
  for (const [name, text, layout] of cases) {
    test(`with ${name}`, () => {
      assert.deepEqual(told(text), layout)
    })
  }

  test('what was said is not guessed', () => {
    const text = 'a,b;c\n1,2;3\n4,5;6\n'

    assert.deepEqual(
      Object.values(guessDialect(text, { delimiter: ';', quote: "'", skip_lines: 1, header: false })).map(
        ({ value, confidence }) => [value, confidence],
      ),
      [
        [';', 1],
        ["'", 1],
        [1, 1],
        [false, 1],
      ],
    )
  })

  test('is found again from any table of times, numbers and texts that was written with it', () => {
    const text = fc.stringMatching(/^[a-z]{1,8}( [a-z,;|]{1,5})?$/)
    const rows = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 86_399 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 }), text),
      {
        minLength: 3,
        maxLength: 30,
      },
    )
    fc.assert(
      fc.property(rows, fc.constantFrom(',', ';', '\t', '|'), fc.boolean(), (table, delimiter, header) => {
        const quoted = (cell: string) => (/[,;|\t]/.test(cell) ? `"${cell}"` : cell)
        const lines = table.map(([second, number, word]) =>
          [new Date(1.6e12 + second * 1000).toISOString(), String(number), quoted(word)].join(delimiter),
        )
        const file = [...(header ? [['measured_at', 'value', 'remark'].join(delimiter)] : []), ...lines].join(
          '\n',
        )

        assert.deepEqual(told(file), [delimiter, '"', 0, header])
      }),
      { numRuns: 100 },
    )
  })
})
