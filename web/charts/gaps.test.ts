import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest, withGaps } from './gaps.ts'

test('a line is whole where values follow each other', () => {
  assert.deepEqual(withGaps([0, 10, 20], [1, 2, 3], 0, 1), [
    [0, 1],
    [10, 2],
    [20, 3],
  ])
})

test('a long pause breaks the line', () => {
  const points = withGaps([0, 10, 20, 30, 200, 210], [1, 1, 1, 1, 1, 1], 0, 1)

  assert.deepEqual(
    points.map(([, value]) => value),
    [1, 1, 1, 1, null, 1, 1],
  )
})

test('a pause within the length of a slice does not', () => {
  assert.ok(
    withGaps([0, 10, 20, 30, 200, 210], [1, 1, 1, 1, 1, 1], 200, 1).every(([, value]) => value !== null),
  )
})

test('a value alone between gaps is drawn as a dot', () => {
  assert.deepEqual(withGaps([0, 10, 20], [null, 5, null], 0, 2), [
    [0, null],
    [10, 5],
    [12, 5],
    [12, null],
    [20, null],
  ])
})

test('the nearest time is found on either side', () => {
  assert.equal(nearest([], 5), -1)
  assert.equal(nearest([0, 10, 20], -5), 0)
  assert.equal(nearest([0, 10, 20], 14), 1)
  assert.equal(nearest([0, 10, 20], 16), 2)
  assert.equal(nearest([0, 10, 20], 99), 2)
})
