import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHead, guessEncoding } from './guess-encoding.ts'

const TEXT = 'Zeit;Wärme in °C\n01.02.2026;20,5\n'
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()

const cases: [string, Buffer, string][] = [
  ['ASCII', Buffer.from('a;b\n1;2\n'), 'utf-8'],
  ['UTF-8', Buffer.from(TEXT), 'utf-8'],
  ['UTF-8 with a byte-order mark', Buffer.from(`\ufeff${TEXT}`), 'utf-8'],
  ['UTF-8 cut within a character', Buffer.from('Wärme in °').subarray(0, -1), 'utf-8'],
  ['Windows-1252', Buffer.from(TEXT, 'latin1'), 'latin1'],
  ['UTF-16 with a byte-order mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), 'utf-16le'],
  ['UTF-16 without one', Buffer.from(TEXT, 'utf16le'), 'utf-16le'],
  ['big-endian UTF-16 with a byte-order mark', swapped(`\ufeff${TEXT}`), 'utf-16be'],
  ['big-endian UTF-16 without one', swapped(TEXT), 'utf-16be'],
]

for (const [name, bytes, encoding] of cases) {
  test(`${name} is told`, () => {
    assert.equal(guessEncoding(bytes).value, encoding)
  })
}

test('text is the same in every encoding, and one that was only ruled out is said not to be sure', () => {
  for (const bytes of [
    Buffer.from(TEXT),
    Buffer.from(TEXT, 'latin1'),
    Buffer.from(TEXT, 'utf16le'),
    swapped(TEXT),
  ]) {
    assert.equal(decodeHead(bytes, guessEncoding(bytes).value), TEXT)
  }
  const latin = guessEncoding(Buffer.from(TEXT, 'latin1'))
  assert.ok(latin.confidence < 0.75)
  assert.match(latin.why, /umlauts/)
})
