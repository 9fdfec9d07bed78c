import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { placeOf, readRow } from './raw-row.ts'

describe('a refused row as cells', () => {
  test('of CSV, under the names of the header', () => {
    const row = readRow('a|"1|2"|say ""x""', '\ufeffid|value|note', { delimiter: '|' })

    assert.deepEqual(row.names, ['id', 'value', 'note'])
    assert.deepEqual(row.cells, ['a', '1|2', 'say ""x""'])
    assert.equal(row.write(['a', '5', 'say ""x""']), 'a|5|say ""x""')
    assert.equal(row.write(['a|b', '1|2', 'n']), '"a|b"|"1|2"|n')
  })

  test('that is too short can be filled up, and is not made longer by itself', () => {
    const row = readRow('a,1', 'id,value,note', {})

    assert.deepEqual(row.cells, ['a', '1', ''])
    assert.equal(row.write(['a', '2', '']), 'a,2')
    assert.equal(row.write(['a', '2', 'new']), 'a,2,new')
  })

  test('without a header has numbered columns', () => {
    assert.deepEqual(readRow('1;2', null, { delimiter: ';' }).names, ['1', '2'])
  })

  test('of JSON, by its keys, keeping the types that it had', () => {
    const row = readRow('{"id": "a", "value": "n/a", "count": null, "tags": ["x"]}', null, {})

    assert.deepEqual(row.cells, ['a', 'n/a', 'null', '["x"]'])
    assert.equal(row.write(['a', '5', '7', '["x"]']), '{"id":"a","value":"5","count":7,"tags":["x"]}')
  })

  test('has its refused cell found by name, or by the first key of a path', () => {
    assert.equal(placeOf(['id', 'data.value', 'data'], 'data.value'), 1)
    assert.equal(placeOf(['id', 'data'], 'data.value'), 1)
    assert.equal(placeOf(['id'], 'value'), -1)
    assert.equal(placeOf(['id'], null), -1)
  })

  test('written without a change is what it was', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '1', '"', ';', ' ', '\n') })
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const raw = cells.join(';')
        const row = readRow(raw, null, { delimiter: ';' })
        assert.equal(row.write(row.cells), raw)
      }),
    )
  })

  test('any cells come back as they were written', () => {
    const cells = fc.array(fc.string(), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(cells, (next) => {
        const written = readRow('x,y,z', null, {}).write(next)
        assert.deepEqual(readRow(written, null, {}).cells, next)
      }),
    )
  })
})
