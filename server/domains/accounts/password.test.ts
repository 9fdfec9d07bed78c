import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPasswords } from './password.ts'

describe('passwords', () => {
  test('a password is verified by its own hash only, and by no hash never', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('correct horse')

    assert.equal(await passwords.verify(hash, 'correct horse'), true)
    assert.equal(await passwords.verify(hash, 'Correct horse'), false)
    assert.equal(await passwords.verify(undefined, 'correct horse'), false)
    assert.notEqual(await passwords.hash('correct horse'), hash)
  })

  test('two are worked on and 32 wait; the rest are told to come back, and later ones are served', async () => {
    const passwords = createPasswords()

    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, () => passwords.verify(undefined, 'x')),
    )

    const refused = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && outcome.reason.code === 'busy',
    )
    assert.equal(refused.length, 60 - 2 - 32)
    assert.equal(await passwords.verify(undefined, 'x'), false)
  })

  test('an unknown name costs what a known one does', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('correct horse')

    // The cost is in the parameters that the hash names, so that equal ones cost the same.
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    const timed = async (given: string | undefined): Promise<number> => {
      const start = performance.now()
      for (let time = 0; time < 5; time++) await passwords.verify(given, 'wrong')
      return performance.now() - start
    }
    await timed(hash)
    const ratio = (await timed(undefined)) / (await timed(hash))
    assert.ok(ratio > 0.2 && ratio < 5, `the ratio was ${ratio}`)
  })
})
