import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compilePattern } from './pattern.ts'

function matches(source: string, text: string, where: 'whole' | 'anywhere' = 'whole'): boolean {
  const pattern = compilePattern(source, where)
  if ('fault' in pattern) throw new Error(`${source} ${pattern.fault}`)
  return pattern.matches(text)
}

function faultOf(source: string): string {
  const pattern = compilePattern(source, 'whole')
  return 'fault' in pattern ? pattern.fault : 'none'
}

describe('patterns', () => {
  const cases: [string, string, boolean][] = [
    ['[A-Z]{2}-\\d{3}', 'TR-001', true],
    ['[A-Z]{2}-\\d{3}', 'TR-0012', false],
    ['open|closed', 'closed', true],
    ['open|closed', 'closedd', false],
    ['[A-Z]+(-[A-Z]+)*', 'A-BC-D', true],
    ['(?<year>\\d{4})', '2026', true],
    ['^a$', 'a', true],
    ['', '', true],
    ['', 'a', false],
    ['\\p{Lu}.', 'Äß', true],
    ['.', '😀', true],
    ['\\ud83d\\ude00', '😀', true],
    ['[\\]a]+', 'a]a', true],
    ['a{2,}', 'a', false],
    ['a{2,}?', 'aaa', true],
    ['(?:a?){3}', 'aa', true],
    ['a.c', 'a\nc', false],
  ]
  for (const [source, text, expected] of cases) {
    test(`/${source}/ ${expected ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
      assert.equal(matches(source, text), expected)
    })
  }

  test('a pattern may be found anywhere', () => {
    assert.equal(matches('b+', 'abbc', 'anywhere'), true)
    assert.equal(matches('^b', 'ab', 'anywhere'), false)
    assert.equal(matches('b$', 'ab', 'anywhere'), true)
    assert.equal(matches('b$', 'ba', 'anywhere'), false)
  })

  test('what would need backtracking is refused with what it is', () => {
    assert.match(faultOf('(a)\\1'), /refers back/)
    assert.match(faultOf('(?<x>a)\\k<x>'), /refers back/)
    assert.match(faultOf('a(?=b)'), /lookahead/)
    assert.match(faultOf('(?<!b)a'), /lookbehind/)
    assert.match(faultOf('\\bword'), /word boundary/)
    assert.match(faultOf('('), /not a regular expression/)
    assert.match(faultOf('((a{100}){100}){100}'), /too long/)
    assert.match(faultOf('a'.repeat(501)), /longer than 500/)
    assert.equal(faultOf('\\\\b'), 'none')
    assert.equal(faultOf('[(?=]'), 'none')
  })

  test('a pattern that makes a backtracking engine hang answers at once', () => {
    const started = performance.now()

    assert.equal(matches('(a+)+b', 'a'.repeat(10_000)), false)
    assert.equal(matches('(.*)*(.*)*(.*)*=', 'x'.repeat(10_000), 'anywhere'), false)

    assert.ok(performance.now() - started < 1000)
  })

  test('it agrees with the engine of the language', () => {
    const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '^', '$')
    const { pattern } = fc.letrec<{ pattern: string; leaf: string }>((tie) => ({
      leaf,
      pattern: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        tie('leaf'),
        fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => left + right),
        fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(?:${left}|${right})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,1}'))
          .map(([inside, count]) => `(?:${inside})${count}`),
      ),
    }))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '\n'), maxLength: 6 })

    fc.assert(
      fc.property(pattern, text, (source, sample) => {
        assert.equal(matches(source, sample), new RegExp(`^(?:${source})$`, 'u').test(sample))
        assert.equal(matches(source, sample, 'anywhere'), new RegExp(source, 'u').test(sample))
      }),
      { numRuns: 2000 },
    )
  })
})
