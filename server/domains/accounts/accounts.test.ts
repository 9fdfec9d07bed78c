import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { hash } from '@node-rs/argon2'
import { type ControlEngine, migratedControl } from '../../../tests/control-engines.ts'
import type { Control } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'
import { createAccountService } from './service.ts'

const ENGINES: ControlEngine[] = ['sqlite', 'postgres']
const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const PASSWORD = 'correct horse'

/** A clock that stands still until it is moved. */
function stoppedClock() {
  const state = { now: Date.UTC(2026, 0, 31, 12) * 1000 }
  return {
    now: () => state.now,
    forward(microseconds: number): void {
      state.now += microseconds
    },
  }
}

/** A control that counts what is asked of it. */
function counted(control: Control) {
  const asked = { times: 0 }
  const counting: Control = {
    ...control,
    query: (statement) => {
      asked.times++
      return control.query(statement)
    },
    write: (work) => {
      asked.times++
      return control.write(work)
    },
  }
  return { control: counting, asked }
}

for (const engine of ENGINES) {
  describe(`accounts on ${engine}`, () => {
    /** Accounts with `ann`, a user, and `max`, a manager; `other` is the same in another process. */
    const given = async (t: TestContext) => {
      const clock = stoppedClock()
      const { control, asked } = counted(await migratedControl(t, engine))
      const accounts = createAccountService({ control, clock })
      const other = createAccountService({ control, clock })
      await accounts.create({ name: 'ann', role: 'user', password: PASSWORD })
      await accounts.create({ name: 'max', role: 'manager', password: PASSWORD })
      const tokenOf = (username: string, scope?: string) =>
        accounts.token({ grant_type: 'password', username, password: PASSWORD, ...(scope && { scope }) })
      const refresh = (refresh_token: string, scope?: string) =>
        accounts.token({ grant_type: 'refresh_token', refresh_token, ...(scope && { scope }) })
      return { accounts, other, clock, control, asked, tokenOf, refresh }
    }

    test('a name is given once, and passwords are kept only as Argon2id hashes', async (t) => {
      const { accounts, control } = await given(t)

      await assert.rejects(accounts.create({ name: 'ann', role: 'manager', password: 'another one' }), {
        code: 'conflict',
      })

      const [row] = await control.query<{ password_hash: string; role: string }>(
        sql`select password_hash, role from account where name = 'ann'`,
      )
      assert.match(row?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
      assert.equal(row?.role, 'user')
    })

    test('a password that was hashed with less work is hashed anew when its owner signs in', async (t) => {
      const { accounts, control } = await given(t)
      const weak = await hash(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
      await control.run(sql`update account set password_hash = ${weak} where name = 'ann'`)

      await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)

      const [row] = await control.query<{ password_hash: string }>(
        sql`select password_hash from account where name = 'ann'`,
      )
      assert.match(row?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
      await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)
    })

    test('names and passwords that will not do are refused with their place', async (t) => {
      const { accounts } = await given(t)
      const create = (name: string, password: string) => accounts.create({ name, role: 'user', password })

      for (const name of ['', ' bob', 'bob ', 'a\nb', 'x'.repeat(101), '<b>']) {
        await assert.rejects(
          create(name, PASSWORD),
          (error: { code: string; faults: { path: string }[] }) => {
            assert.equal(error.code, 'invalid')
            return error.faults[0]?.path === '/name'
          },
        )
      }
      for (const password of ['', 'short', 'x'.repeat(1001), 'bartholomew']) {
        await assert.rejects(create('bartholomew', password), { code: 'invalid' })
      }
    })

    test('a wrong name and a wrong password answer the same', async (t) => {
      const { accounts, control } = await given(t)
      await accounts.create({ name: 'gone', role: 'user', password: PASSWORD })
      await control.run(sql`update account set disabled_at = '2026-01-01T00:00:00.000Z' where name = 'gone'`)
      const attempt = (username: string, password: string) =>
        accounts.signIn({ username, password }, undefined).then(
          () => 'signed in',
          (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
        )

      const answers = await Promise.all([
        attempt('ann', 'wrong'),
        attempt('nobody', PASSWORD),
        attempt('gone', PASSWORD),
        attempt('an\0n', PASSWORD),
        attempt("' or 1=1 --", PASSWORD),
      ])

      assert.deepEqual([...new Set(answers)], ['wrong_credentials: the name or the password is wrong'])
    })

    test('a session says who is signed in, and its secret is not in the database', async (t) => {
      const { accounts, control } = await given(t)

      const { secret, session } = await accounts.signIn({ username: 'max', password: PASSWORD }, undefined)

      assert.deepEqual(
        { name: session.account.name, role: session.account.role },
        { name: 'max', role: 'manager' },
      )
      assert.equal(session.expires_at, '2026-02-07T12:00:00.000Z')
      assert.deepEqual(await accounts.getSession(secret), session)
      const known = await accounts.findBySession(secret)
      assert.deepEqual(known?.scopes, ['user', 'manager'])
      assert.equal(known?.csrf_token, session.csrf_token)
      const rows = JSON.stringify(await control.query(sql`select * from session`))
      assert.ok(!rows.includes(secret) && !rows.includes(session.csrf_token))
    })

    test('signing in gives a new secret and ends the session that the browser had', async (t) => {
      const { accounts } = await given(t)
      const first = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)

      const second = await accounts.signIn({ username: 'ann', password: PASSWORD }, first.secret)

      assert.notEqual(second.secret, first.secret)
      assert.equal(await accounts.findBySession(first.secret), undefined)
      assert.equal((await accounts.findBySession(second.secret))?.account.name, 'ann')
    })

    test('a secret that is known asks no database, and one that cannot be a secret never does', async (t) => {
      const { accounts, asked } = await given(t)
      const { secret } = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)
      await accounts.findBySession(secret)
      const before = asked.times

      for (let time = 0; time < 100; time++) await accounts.findBySession(secret)
      await accounts.findBySession('no secret of ours')
      await accounts.findByToken(secret)

      assert.equal(asked.times, before)
    })

    test('signing out ends the session here at once, and in other processes within 30 seconds', async (t) => {
      const { accounts, other, clock } = await given(t)
      const { secret } = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)
      await other.findBySession(secret)

      await accounts.signOut(secret)
      clock.forward(30_000_000)

      assert.equal(await accounts.findBySession(secret), undefined)
      assert.equal(await other.findBySession(secret), undefined)
      await assert.rejects(accounts.getSession(secret), { code: 'not_signed_in' })
      await accounts.signOut(secret)
    })

    test('a session ends when it is not used for 12 hours, and after 7 days whatever happens', async (t) => {
      const { accounts, clock } = await given(t)
      const { secret: unused } = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)
      const { secret: used } = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)

      for (let hours = 0; hours < 7 * 24 - 1; hours++) {
        clock.forward(HOUR)
        assert.ok(await accounts.findBySession(used), `after ${hours + 1} hours`)
        if (hours === 11) assert.equal(await accounts.findBySession(unused), undefined)
      }
      clock.forward(HOUR)

      assert.equal(await accounts.findBySession(used), undefined)
    })

    test('a token has the scopes asked for, by default all that the account may have', async (t) => {
      const { accounts, tokenOf } = await given(t)

      const scopes = [await tokenOf('ann'), await tokenOf('max'), await tokenOf('max', 'user')].map(
        (answer) => answer.scope,
      )
      const narrow = await tokenOf('max', 'user')

      assert.deepEqual(scopes, ['user', 'user manager', 'user'])
      assert.deepEqual((await accounts.findByToken(narrow.access_token))?.scopes, ['user'])
      assert.equal(narrow.token_type, 'Bearer')
      assert.equal(narrow.expires_in, 3600)
    })

    test('a token is good for an hour, and is no session', async (t) => {
      const { accounts, clock, tokenOf } = await given(t)
      const { access_token, refresh_token } = await tokenOf('ann')

      assert.equal(await accounts.findBySession(access_token), undefined)
      assert.equal(await accounts.findByToken(refresh_token), undefined)
      clock.forward(HOUR - MINUTE)
      assert.ok(await accounts.findByToken(access_token))
      clock.forward(MINUTE)
      assert.equal(await accounts.findByToken(access_token), undefined)
    })

    test('what a token request lacks is said in the words of RFC 6749', async (t) => {
      const { accounts, tokenOf, refresh } = await given(t)
      const errorOf = (asked: Promise<unknown>) =>
        asked.then(
          () => 'none',
          (error: { code: string; extra?: { oauth_error?: string } }) =>
            error.extra?.oauth_error ?? error.code,
        )

      const errors = {
        grant: await errorOf(accounts.token({ grant_type: 'client_credentials' })),
        no_password: await errorOf(accounts.token({ grant_type: 'password', username: 'ann' })),
        no_refresh: await errorOf(accounts.token({ grant_type: 'refresh_token' })),
        unknown_refresh: await errorOf(refresh('x'.repeat(43))),
        malformed_refresh: await errorOf(refresh("' or 1=1 --")),
        wrong: await errorOf(accounts.token({ grant_type: 'password', username: 'ann', password: 'wrong' })),
        too_much: await errorOf(tokenOf('ann', 'user manager')),
        keys_only: await errorOf(tokenOf('max', 'ingest')),
      }

      assert.deepEqual(errors, {
        grant: 'unsupported_grant_type',
        no_password: 'invalid_request',
        no_refresh: 'invalid_request',
        unknown_refresh: 'invalid_grant',
        malformed_refresh: 'invalid_grant',
        wrong: 'wrong_credentials',
        too_much: 'invalid_scope',
        keys_only: 'invalid_scope',
      })
    })

    test('a refresh token gives a new pair once; used again, it ends all of its family', async (t) => {
      const { accounts, tokenOf, refresh } = await given(t)
      const first = await tokenOf('max')
      const unrelated = await tokenOf('max')
      const second = await refresh(first.refresh_token)
      assert.ok(await accounts.findByToken(second.access_token))

      await assert.rejects(refresh(first.refresh_token), { extra: { oauth_error: 'invalid_grant' } })

      assert.equal(await accounts.findByToken(first.access_token), undefined)
      assert.equal(await accounts.findByToken(second.access_token), undefined)
      await assert.rejects(refresh(second.refresh_token), { extra: { oauth_error: 'invalid_grant' } })
      assert.ok(await accounts.findByToken(unrelated.access_token))
    })

    test('of two who use a refresh token at once, at most one gets a pair, and it does not last', async (t) => {
      const { accounts, other, tokenOf } = await given(t)
      const { refresh_token } = await tokenOf('ann')

      const outcomes = await Promise.allSettled([
        accounts.token({ grant_type: 'refresh_token', refresh_token }),
        other.token({ grant_type: 'refresh_token', refresh_token }),
      ])

      const pairs = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      assert.equal(pairs.length, 1)
      assert.equal(await accounts.findByToken(pairs[0]?.access_token ?? ''), undefined)
    })

    test('a refresh may narrow the access token, never widen it, and asking too much uses nothing up', async (t) => {
      const { tokenOf, refresh } = await given(t)
      const narrow = await tokenOf('max', 'user')
      const wide = await tokenOf('max')

      await assert.rejects(refresh(narrow.refresh_token, 'manager'), {
        extra: { oauth_error: 'invalid_scope' },
      })
      const again = await refresh(narrow.refresh_token)
      const narrowed = await refresh(wide.refresh_token, 'user')
      const widened = await refresh(narrowed.refresh_token)

      assert.deepEqual([again.scope, narrowed.scope, widened.scope], ['user', 'user', 'user manager'])
    })

    test('a refresh token ends unused after 7 days, and its family after 30 days', async (t) => {
      const { clock, tokenOf, refresh } = await given(t)
      const unused = await tokenOf('ann')
      let used = await tokenOf('ann')

      for (let days = 6; days < 30; days += 6) {
        clock.forward(6 * DAY)
        used = await refresh(used.refresh_token)
      }
      clock.forward(6 * DAY)

      await assert.rejects(refresh(unused.refresh_token), { extra: { oauth_error: 'invalid_grant' } })
      await assert.rejects(refresh(used.refresh_token), { extra: { oauth_error: 'invalid_grant' } })
    })

    test('an account that loses its role or is disabled loses what its tokens could do', async (t) => {
      const { accounts, clock, control, tokenOf, refresh } = await given(t)
      const { access_token, refresh_token } = await tokenOf('max')

      await control.run(sql`update account set role = 'user' where name = 'max'`)
      clock.forward(MINUTE)
      assert.deepEqual((await accounts.findByToken(access_token))?.scopes, ['user'])
      await control.run(sql`update account set disabled_at = '2026-01-31T12:00:00.000Z' where name = 'max'`)
      clock.forward(MINUTE)

      assert.equal(await accounts.findByToken(access_token), undefined)
      await assert.rejects(refresh(refresh_token), { extra: { oauth_error: 'invalid_grant' } })
    })

    test('a name and password sent again and again are checked once in half a minute', async (t) => {
      const { accounts, clock, asked } = await given(t)

      const found = await Promise.all(
        Array.from({ length: 50 }, () => accounts.findByPassword('max', PASSWORD)),
      )
      const wrong = await Promise.all([
        accounts.findByPassword('max', 'wrong'),
        accounts.findByPassword('max', 'wrong'),
        accounts.findByPassword('nobody', PASSWORD),
        accounts.findByPassword('max\0', PASSWORD),
      ])

      for (const known of found) {
        assert.deepEqual([known?.account.name, known?.scopes], ['max', ['user', 'manager']])
      }
      assert.deepEqual(wrong, [undefined, undefined, undefined, undefined])
      asked.times = 0
      await accounts.findByPassword('max', PASSWORD)
      assert.equal(asked.times, 0)
      clock.forward(MINUTE)
      await accounts.findByPassword('max', PASSWORD)
      assert.equal(asked.times, 1)
    })

    test('of a name and password that are known, the old one ends with another password', async (t) => {
      const { accounts, other, clock, control } = await given(t)
      for (const process of [accounts, other]) await process.findByPassword('ann', PASSWORD)

      await accounts.setPassword({ name: 'ann', password: 'battery staple' })

      assert.equal(await accounts.findByPassword('ann', PASSWORD), undefined)
      assert.equal((await accounts.findByPassword('ann', 'battery staple'))?.account.name, 'ann')
      clock.forward(MINUTE)
      assert.equal(await other.findByPassword('ann', PASSWORD), undefined)
      await control.run(sql`update account set disabled_at = '2026-01-31T12:00:00.000Z' where name = 'ann'`)
      clock.forward(MINUTE)
      assert.equal(await accounts.findByPassword('ann', 'battery staple'), undefined)
    })

    test('another password ends all sessions and tokens of the account', async (t) => {
      const { accounts, tokenOf } = await given(t)
      const { secret } = await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)
      const { access_token } = await tokenOf('ann')
      await Promise.all([accounts.findBySession(secret), accounts.findByToken(access_token)])

      await accounts.setPassword({ name: 'ann', password: 'battery staple' })

      assert.equal(await accounts.findBySession(secret), undefined)
      assert.equal(await accounts.findByToken(access_token), undefined)
      await assert.rejects(tokenOf('ann'), { code: 'wrong_credentials' })
      await accounts.signIn({ username: 'ann', password: 'battery staple' }, undefined)
      await assert.rejects(accounts.setPassword({ name: 'nobody', password: PASSWORD }), {
        code: 'not_found',
      })
    })

    test('expired sessions are removed in the course of time', async (t) => {
      const { accounts, clock, control, tokenOf } = await given(t)
      await tokenOf('ann')
      clock.forward(31 * DAY)

      await accounts.signIn({ username: 'ann', password: PASSWORD }, undefined)

      assert.deepEqual(await control.query(sql`select kind from session`), [{ kind: 'browser' }])
    })

    test('development has its two accounts; production does not start while one keeps its password', async (t) => {
      const { accounts } = await given(t)
      await accounts.prepare('production')

      await accounts.prepare('development')
      await accounts.prepare('test')

      const { session } = await accounts.signIn({ username: 'manager', password: 'manager' }, undefined)
      assert.equal(session.account.role, 'manager')
      await accounts.signIn({ username: 'user', password: 'user' }, undefined)
      await assert.rejects(
        accounts.prepare('production'),
        /^Error: the account "user" still has its development password/,
      )
      await accounts.setPassword({ name: 'user', password: PASSWORD })
      await assert.rejects(accounts.prepare('production'), /"manager" still has/)
      await accounts.setPassword({ name: 'manager', password: PASSWORD })
      await accounts.prepare('production')
    })
  })
}
