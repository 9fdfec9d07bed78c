import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSignInDelay } from './sign-in-delay.ts'

const SECOND = 1_000_000

function given() {
  const state = { now: Date.UTC(2026, 0, 31) * 1000 }
  const delay = createSignInDelay({ now: () => state.now })
  const wrong = (times: number, network = 'a') => {
    for (let time = 0; time < times; time++) delay.note('ann', network, false)
  }
  /** In how many seconds the next try may be; 0 for now. */
  const wait = (name = 'ann', network = 'a'): number => {
    try {
      delay.check(name, network)
      return 0
    } catch (error) {
      return (error as { extra: { retry_after_seconds: number } }).extra.retry_after_seconds // an AppError
    }
  }
  return { state, delay, wrong, wait }
}

describe('after wrong passwords', () => {
  test('the wait grows from a second to a minute, and no further', () => {
    const { wrong, wait } = given()
    const waits = Array.from({ length: 12 }, () => {
      wrong(1)
      return wait()
    })

    assert.deepEqual(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
  })

  test('it is over when its time has come, and a right password ends it', () => {
    const { state, delay, wrong, wait } = given()
    wrong(5)

    state.now += 4 * SECOND
    const later = wait()
    delay.note('ann', 'a', true)
    wrong(2)

    assert.deepEqual([later, wait()], [0, 0])
  })

  test('it is for one name from one network', () => {
    const { wrong, wait } = given()
    wrong(10)

    assert.deepEqual([wait('ann', 'b'), wait('bob', 'a'), wait()], [0, 0, 60])
  })

  test('it is forgotten after a quarter of an hour', () => {
    const { state, wrong, wait } = given()
    wrong(10)

    state.now += 16 * 60 * SECOND
    wrong(1)

    assert.equal(wait(), 0)
  })
})
