import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import pg from 'pg'
import { CONTROL_ENGINES, type ControlEngine } from '../../../tests/control-engines.ts'
import { postgresUrl } from '../../../tests/postgres.ts'
import type { Control } from '../db.ts'
import { type Sql, sql } from '../sql.ts'
import { openPostgresControl } from './postgres.ts'

const ENGINES: ControlEngine[] = ['sqlite', 'postgres']

/** The single value of a statement of one row and one column `answer`. */
async function answer(control: Control, expression: Sql): Promise<unknown> {
  const rows = await control.query<{ answer: unknown }>(sql`select ${expression} as answer`)
  return rows[0]?.answer
}

for (const engine of ENGINES) {
  describe(`control on ${engine}`, () => {
    const opened = async (t: TestContext) => {
      const open = await CONTROL_ENGINES[engine](t)
      const control = await open()
      await control.run(sql`
        create table item (id text primary key, amount bigint, share double precision, ready boolean, info text)`)
      return { open, control }
    }

    test('values come back as they were stored, in plain objects', async (t) => {
      const { control } = await opened(t)
      const row = { id: "it's; -- né", amount: 2 ** 52, share: 0.1, info: '{"a": 1}' }

      const written = await control.run(sql`
        insert into item (id, amount, share, info)
        values (${row.id}, ${row.amount}, ${row.share}, ${row.info}), ('2', null, null, null)`)

      assert.equal(written, 2)
      assert.deepEqual(await control.query(sql`select id, amount, share, info from item order by id desc`), [
        row,
        { id: '2', amount: null, share: null, info: null },
      ])
    })

    test('a whole number in a text column is the text of that number', async (t) => {
      const { control } = await opened(t)

      await control.run(sql`insert into item (id) values (${3})`)

      assert.deepEqual(await control.query(sql`select id from item`), [{ id: '3' }])
    })

    test('true and false select what they stand for', async (t) => {
      const { control } = await opened(t)

      await control.run(sql`insert into item (id, ready) values ('a', ${true}), ('b', ${false})`)

      assert.deepEqual(await control.query(sql`select id from item where ready = ${true}`), [{ id: 'a' }])
      assert.deepEqual(await control.query(sql`select id from item where not ready`), [{ id: 'b' }])
    })

    test('a transaction is kept as a whole or not at all, and answers what its work answers', async (t) => {
      const { control } = await opened(t)

      const kept = await control.write(async (tx) => {
        await tx.run(sql`insert into item (id) values ('a')`)
        return tx.query(sql`insert into item (id) values ('b') returning id`)
      })
      await assert.rejects(
        control.write(async (tx) => {
          await tx.run(sql`insert into item (id) values ('c')`)
          throw new Error('changed my mind')
        }),
        /changed my mind/,
      )

      assert.deepEqual(kept, [{ id: 'b' }])
      assert.deepEqual(await control.query(sql`select id from item order by id`), [{ id: 'a' }, { id: 'b' }])
    })

    test('others do not see a transaction before it ends', async (t) => {
      const { control } = await opened(t)

      await control.write(async (tx) => {
        await tx.run(sql`insert into item (id) values ('a')`)
        assert.deepEqual(await control.query(sql`select id from item`), [])
        assert.deepEqual(await tx.query(sql`select id from item`), [{ id: 'a' }])
      })
    })

    test('a query outside a transaction cannot write', async (t) => {
      const { control } = await opened(t)

      await assert.rejects(control.query(sql`insert into item (id) values ('a') returning id`))

      assert.deepEqual(await control.query(sql`select id from item`), [])
    })

    test('the same key twice is a conflict, and says nothing of tables', async (t) => {
      const { control } = await opened(t)
      await control.run(sql`insert into item (id) values ('a')`)

      await assert.rejects(control.run(sql`insert into item (id) values ('a')`), {
        code: 'conflict',
        message: 'something with this name or id exists already',
      })
    })

    test('a transaction in which a statement failed is not kept, even when the failure was passed over', async (t) => {
      const { control } = await opened(t)
      await control.run(sql`insert into item (id) values ('a')`)

      await assert.rejects(
        control.write(async (tx) => {
          await tx.run(sql`insert into item (id) values ('b')`)
          await tx.run(sql`insert into item (id) values ('a')`).catch(() => undefined)
        }),
        /a statement of this transaction failed/,
      )

      assert.deepEqual(await control.query(sql`select id from item`), [{ id: 'a' }])
    })

    test('a transaction inside another is refused, and one after it is not', async (t) => {
      const { control } = await opened(t)

      await assert.rejects(
        control.write(() => control.write(async () => 1)),
        /inside another/,
      )

      assert.equal(await control.write(async () => 2), 2)
    })

    test('statements after the end of their transaction are refused', async (t) => {
      const { control } = await opened(t)

      const tx = await control.write(async (inside) => inside)

      await assert.rejects(tx.query(sql`select 1 as one`), /the transaction is over/)
    })

    test('many transactions at once, from two openings, lose no update', async (t) => {
      const { control, open } = await opened(t)
      const other = await open()
      await control.run(sql`insert into item (id, amount) values ('a', 0)`)

      const add = (by: Control): Promise<unknown> =>
        by.write(async (tx) => {
          await tx.run(sql`update item set amount = amount + 1 where id = 'a'`)
          await tx.query(sql`select amount from item`)
        })
      await Promise.all(Array.from({ length: 50 }, (_, index) => add(index % 2 === 0 ? control : other)))

      assert.deepEqual(await control.query(sql`select amount from item`), [{ amount: 50 }])
    })

    test('what was committed is there after closing and opening again', async (t) => {
      const { control, open } = await opened(t)
      await control.run(sql`insert into item (id) values ('a')`)
      const again = await open()

      assert.deepEqual(await again.query(sql`select id from item`), [{ id: 'a' }])
    })

    test('oneOf takes texts, numbers and the empty list', async (t) => {
      const { control } = await opened(t)
      await control.run(sql`insert into item (id, amount) values ('a', 1), ('b', 2), ('c,"d', 3)`)
      const among = (condition: Sql) => control.query(sql`select id from item where ${condition} order by id`)

      assert.deepEqual(await among(control.dialect.oneOf(sql`id`, ['a', 'c,"d'])), [
        { id: 'a' },
        { id: 'c,"d' },
      ])
      assert.deepEqual(await among(control.dialect.oneOf(sql`amount`, [2, 3])), [{ id: 'b' }, { id: 'c,"d' }])
      assert.deepEqual(await among(control.dialect.oneOf(sql`id`, [])), [])
    })

    test('floorDivide rounds down on both sides of zero', async (t) => {
      const { control } = await opened(t)
      const divide = (a: number, b: number) =>
        answer(control, control.dialect.floorDivide(sql`${a}`, sql`${b}`))

      assert.deepEqual(
        await Promise.all([
          divide(7, 2),
          divide(-7, 2),
          divide(-8, 2),
          divide(0, 2),
          divide(-1, 86_400_000_000),
        ]),
        [3, -4, -4, 0, -1],
      )
    })

    test('jsonText reads a key of any type as text, and null when it is absent', async (t) => {
      const { control } = await opened(t)
      const info = JSON.stringify({
        word: 'x',
        number: 1.5,
        yes: true,
        no: false,
        nothing: null,
        'odd "key"': 'y',
      })
      await control.run(sql`insert into item (id, info) values ('a', ${info})`)
      const read = async (key: string) =>
        (await control.query(sql`select ${control.dialect.jsonText(sql`info`, key)} as answer from item`))[0]
          ?.answer

      const keys = ['word', 'number', 'yes', 'no', 'nothing', 'absent', 'odd "key"']
      assert.deepEqual(await Promise.all(keys.map(read)), ['x', '1.5', 'true', 'false', null, null, 'y'])
    })

    test('argMin, argMax and median take what they say, and give null for no row', async (t) => {
      const { control } = await opened(t)
      const ask = async () => {
        const { argMin, argMax, median } = control.dialect
        const [row] = await control.query(sql`
          select
            ${argMin(sql`id`, sql`amount`)} as least,
            ${argMax(sql`id`, sql`amount`)} as greatest,
            ${median(sql`share`)} as middle
          from item`)
        return row
      }

      const ofNone = await ask()
      await control.run(sql`
        insert into item (id, amount, share)
        values ('a', 5, 1), ('b', 1, 2), ('c', 9, 4), ('d', null, 8)`)

      assert.deepEqual(ofNone, { least: null, greatest: null, middle: null })
      assert.deepEqual(await ask(), { least: 'b', greatest: 'c', middle: 3 })
    })

    test('epochMicros reads an instant to the millisecond', async (t) => {
      const { control } = await opened(t)
      const at =
        engine === 'postgres'
          ? sql`${'2026-01-31T12:00:00.125Z'}::timestamptz`
          : sql`${'2026-01-31T12:00:00.125Z'}`

      assert.equal(
        await answer(control, control.dialect.epochMicros(at)),
        Date.UTC(2026, 0, 31, 12, 0, 0, 125) * 1000,
      )
    })
  })
}

describe('control on postgres, when connections break', () => {
  /** A control, and a way to break all its connections but those in the middle of a statement. */
  async function breakable(t: TestContext) {
    const url = await postgresUrl(t)
    const control = await openPostgresControl(url)
    t.after(() => control.close())
    const breakAll = async (): Promise<void> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`
        select pg_terminate_backend(pid)
        from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`)
      await client.end()
    }
    await control.run(sql`create table item (id text primary key)`)
    return { control, breakAll }
  }

  test('reads and new transactions go on by themselves', async (t) => {
    const { control, breakAll } = await breakable(t)
    await Promise.all(Array.from({ length: 6 }, () => control.query(sql`select id from item`)))

    await breakAll()
    const [read] = await Promise.all([
      control.query(sql`select 1 as one`),
      control.run(sql`insert into item (id) values ('a')`),
    ])

    assert.deepEqual(read, [{ one: 1 }])
    assert.deepEqual(await control.query(sql`select id from item`), [{ id: 'a' }])
  })

  test('a transaction that was under way fails with engine_lost, and nothing of it is kept', async (t) => {
    const { control, breakAll } = await breakable(t)

    await assert.rejects(
      control.write(async (tx) => {
        await tx.run(sql`insert into item (id) values ('a')`)
        await breakAll()
        await tx.run(sql`insert into item (id) values ('b')`)
      }),
      { code: 'engine_lost' },
    )

    assert.deepEqual(await control.query(sql`select id from item`), [])
  })

  test('a server that cannot be reached is engine_lost', async () => {
    await assert.rejects(openPostgresControl('postgres://nobody@127.0.0.1:1/nothing'), {
      code: 'engine_lost',
    })
  })
})
