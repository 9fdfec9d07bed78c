// Passwords: hashed with Argon2id, and compared at the same cost whether or not the account exists.

import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2'
import { AppError } from '../../errors.ts'

/** OWASP's second choice for Argon2id: 19 MiB, two passes, one lane (cheatsheetseries.owasp.org, Password Storage). */
const PARAMETERS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Two at once leave two of libuv's four threads to others; each takes about 20 ms. */
const AT_ONCE = 2
/** Beyond this a sign-in would wait for over a third of a second. */
const WAITING = 32

/** Of a random password that nobody knows, with the same parameters: what an unknown name is compared with. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$fT36EeAPxTRfsuXtjowhYA$eR048kKYO6TRhJf8fodmFLCLMYklClC4QPSrf0inCWk'

export interface Passwords {
  /** Throws `busy` when too many wait. */
  hash(password: string): Promise<string>
  /** False for no hash, after as long as for one. Throws `busy` when too many wait. */
  verify(hash: string | undefined, password: string): Promise<boolean>
  /** Whether a hash was made with less work than is asked for now. */
  isWeak(hash: string): boolean
}

export function createPasswords(): Passwords {
  const inTurn = createQueue()
  return {
    hash: (password) => inTurn(() => argon2Hash(password, PARAMETERS)),
    async verify(hash, password) {
      const same = await inTurn(() => argon2Verify(hash ?? NOBODY, password))
      return same && hash !== undefined
    },
    isWeak(hash) {
      const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),/.exec(hash) ?? []
      return !(Number(memory) >= PARAMETERS.memoryCost && Number(passes) >= PARAMETERS.timeCost)
    },
  }
}

function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING)
        throw new AppError('busy', 'too many people sign in at once; try again shortly')
      // Whoever ends hands the place on, so that `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
