// What devices send, at the addresses that they know. The tests of one engine share one service, each with series of
// its own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Answer, ENGINES, startApp } from '../../../tests/harness.ts'
import { encodeWriteRequest, REMOTE_WRITE, remoteWrite, snappy } from '../../../tests/remote-write.ts'
import { formatInstant } from '../../engine/sql.ts'
import { NEW_SIGNALS_PER_REQUEST } from './intake.ts'

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const MANAGER = basic('manager:manager')

const NOON_S = 1_769_860_800
const NOON_MS = NOON_S * 1000
const NOON = `${NOON_S}000000000`
const at = (second: number) => formatInstant((NOON_S + second) * 1_000_000)
/** The bits by which Prometheus says that a series has ended. */
const STALE = Buffer.from('7ff0000000000002', 'hex').readDoubleBE()

/** What Telegraf sends of its inputs cpu, mem, disk, system and docker, as its serializer writes them. */
const telegraf = (host: string) =>
  [
    `cpu,cpu=cpu0,host=${host} usage_user=3.5,usage_idle=95.10526315789474,usage_iowait=0 ${NOON}`,
    `cpu,cpu=cpu-total,host=${host} usage_user=2.25,usage_idle=96.5,usage_iowait=0 ${NOON}`,
    `mem,host=${host} total=16777216000i,used=8123456789i,used_percent=48.41958224773407 ${NOON}`,
    `disk,device=sda1,fstype=ext4,host=${host},mode=rw,path=/ used_percent=41.5,total=52710469632i ${NOON}`,
    `disk,device=sdb1,fstype=ext4,host=${host},mode=rw,path=/mnt/my\\ data used_percent=7 ${NOON}`,
    `system,host=${host} load1=0.42,n_cpus=8i,uptime=86400i ${NOON}`,
    `system,host=${host} uptime_format="1 day,  0:00" ${NOON}`,
    `docker_container_health,host=${host} healthy=true ${NOON}`,
    '',
  ].join('\n')

for (const [name, open] of Object.entries(ENGINES)) {
  test(`intake on ${name}`, async (t) => {
    const app = await startApp(t, open)
    const anyone = app.as('anyone')
    const token = await app.tokenOf('manager')
    const influx = { ...TEXT, authorization: `Token ${token}` }

    const write = (text: string, query = '') =>
      anyone.post(`//api/v2/write?bucket=b&org=o${query}`, text, influx)
    const stored = async (id: string): Promise<[string, number][]> => {
      const { status, body, text } = await app.get(
        `/measurements?signal_id=${encodeURIComponent(id)}&limit=1000`,
      )
      assert.equal(status, 200, text)
      return body.items.map((item: { measured_at: string; value: number }) => [item.measured_at, item.value])
    }
    const signalsOf = async (asset: string): Promise<string[]> => {
      const { body } = await app.get(`/signals?asset_id=${encodeURIComponent(asset)}&limit=1000`)
      return body.items.map(({ id }: { id: string }) => id)
    }
    const drawn = async (id: string) => {
      const { body } = await app.get(`/series?signal_id=${encodeURIComponent(id)}`)
      return [body.series[0].measured_at, body.series[0].value]
    }

    await t.test(
      'Telegraf writes as to InfluxDB 2, unchanged and compressed, and what it wrote can be drawn',
      async () => {
        const headers = { ...influx, 'content-encoding': 'gzip', 'user-agent': 'Telegraf/1.36.1 Go/1.25.1' }
        const send = () =>
          anyone.post('//api/v2/write?bucket=telegraf&org=example', gzipSync(telegraf('web-2')), headers)

        const first = await send()
        const again = await send()

        for (const answer of [first, again]) {
          assert.deepEqual([answer.status, answer.text, answer.headers['x-skipped-fields']], [204, '', '1'])
        }
        assert.deepEqual(await drawn('cpu.usage_idle;cpu=cpu-total;host=web-2'), [[at(0)], [96.5]])
        assert.deepEqual(await stored('docker_container_health.healthy;host=web-2'), [[at(0), 1]])
        const { body: signal } = await app.get(`/signals/${encodeURIComponent('mem.used;host=web-2')}`)
        assert.deepEqual(
          [signal.asset_id, signal.quantity, signal.unit, signal.last_value, signal.count],
          ['web-2', 'mem.used', '', 8_123_456_789, 1],
        )
        const ids = await signalsOf('web-2')
        assert.equal(ids.length, 16)
        assert.ok(
          ids.includes('disk.used_percent;device=sdb1;fstype=ext4;host=web-2;mode=rw;path=%2Fmnt%2Fmy data'),
        )
        assert.equal((await app.get('/assets/web-2')).body.type, 'site')
      },
    )

    await t.test('Telegraf writes as to InfluxDB 1: a ping, a database, then values', async () => {
      const agent = { 'user-agent': 'Telegraf/1.36.1 Go/1.25.1' }

      const ping = await anyone.get('//ping', agent)
      const head = await anyone.request('HEAD', '//ping', { headers: agent })
      const query = await anyone.post('//query', 'q=CREATE+DATABASE+%22telegraf%22', {
        ...agent,
        ...FORM,
        ...MANAGER,
      })
      const answer = await anyone.post('//write?db=telegraf', telegraf('web-1'), {
        ...agent,
        ...TEXT,
        ...MANAGER,
      })

      assert.deepEqual([ping.status, ping.headers['x-influxdb-version']], [204, '1.8.10+tidemark'])
      assert.equal(head.status, 204)
      assert.deepEqual([query.status, query.body], [200, { results: [{ statement_id: 0 }] }])
      assert.equal(answer.status, 204, answer.text)
      assert.deepEqual(await drawn('cpu.usage_idle;cpu=cpu0;host=web-1'), [[at(0)], [95.10526315789474]])
      const other = await anyone.post('//query?q=SHOW+DATABASES', '', MANAGER)
      assert.equal(other.status, 400)
      assert.match(other.body.error, /only CREATE DATABASE/)
    })

    await t.test('credentials come in each of the ways that clients have, and are checked', async () => {
      const ways: [string, Record<string, string>, number][] = [
        ['', { authorization: `Token ${token}` }, 204],
        ['', { authorization: `Bearer ${token}` }, 204],
        ['', { authorization: 'token manager:manager' }, 204],
        ['', MANAGER, 204],
        ['&u=manager&p=manager', {}, 204],
        ['', {}, 401],
        ['', { authorization: 'Token nobody' }, 401],
        ['', { authorization: 'Token manager:wrong' }, 401],
        ['', basic('manager:wrong'), 401],
        ['', basic('manager'), 401],
        ['', { authorization: 'Basic !' }, 401],
        ['&u=manager&p=', {}, 401],
        ['&u=manager', {}, 401],
        ['', basic('user:user'), 403],
        ['&u=user&p=user', {}, 403],
      ]
      for (const [query, headers, expected] of ways) {
        const v1 = await anyone.post(`//write?db=d${query}`, 'auth v=1', { ...TEXT, ...headers })
        assert.equal(v1.status, expected, `${query} ${JSON.stringify(headers)} ${v1.text}`)
        if (expected > 204) assert.deepEqual(Object.keys(v1.body), ['error'])
        const v2 = await anyone.post(`//api/v2/write?bucket=d${query}`, 'auth v=1', { ...TEXT, ...headers })
        assert.equal(v2.status, expected)
        if (expected > 204) assert.equal(v2.body.code, expected === 401 ? 'unauthorized' : 'forbidden')
      }
      assert.equal((await anyone.get('/signals', MANAGER)).status, 401)
    })

    await t.test('too many at once are told to come back, in the shape that they know', async () => {
      const tries = Array.from({ length: 45 }, (_, index) => index)

      const answers = await Promise.all(
        tries.map((index) =>
          anyone.post('//api/v2/write', 'busy v=1', { ...TEXT, ...basic(`nobody:${index}`) }),
        ),
      )

      const busy = answers.find(({ status }) => status === 503)
      assert.deepEqual([busy?.body.code, busy?.headers['retry-after']], ['unavailable', '1'])
    })

    await t.test('good lines are stored beside bad ones, which are told with their numbers', async () => {
      const text = `partial,host=p ok=1 ${NOON}\npartial,host=p\n\npartial,host=p ok=2,bad=x ${NOON}\npartial,host=p ok=3 1\n`
      const expected =
        /^partial write: 2 values were stored, 2 refused: line 2: there is no field; line 4: the field "bad" must be a number/

      const v2 = await write(text)
      const v1 = await anyone.post('//write?db=b&precision=ns', text, { ...TEXT, ...MANAGER })

      assert.deepEqual([v2.status, v2.body.code], [400, 'invalid'])
      assert.match(v2.body.message, expected)
      assert.equal(v1.status, 400)
      assert.match(v1.body.error, expected)
      assert.deepEqual(await stored('partial.ok;host=p'), [
        ['1970-01-01T00:00:00Z', 3],
        [at(0), 1],
      ])
      const all = await write(Array.from({ length: 50 }, () => 'bad').join('\n'))
      assert.match(
        all.body.message,
        /0 values were stored, 50 refused: .*line 20: there is no field; and 30 more$/,
      )
    })

    await t.test(
      'of several values for an instant the last counts; times have the unit asked for, or are now',
      async () => {
        const last = await write(`unit,host=u v=1 ${NOON_S}\nunit,host=u v=2 ${NOON_S}`, '&precision=s')
        const early = formatInstant((Date.now() - 1000) * 1000)
        const now = await write('unit,host=u now=3')
        const wrong = await write(`unit,host=u v=1 ${NOON}`, '&precision=s')
        const none = await write('unit,host=u v=1', '&precision=days')

        assert.deepEqual([last.status, now.status], [204, 204])
        assert.deepEqual(await stored('unit.v;host=u'), [[at(0), 2]])
        const [[time, value] = ['', 0]] = await stored('unit.now;host=u')
        assert.equal(value, 3)
        assert.ok(time > early && time <= formatInstant(Date.now() * 1000 + 1000), time)
        assert.match(wrong.body.message, /line 1: the time is outside of the years 1900 to 2200/)
        assert.match(none.body.message, /the precision must be one of ns, n, us/)
      },
    )

    await t.test('tags name a signal, or an asset and a quantity, that are known', async () => {
      const asset = await app.givenAsset({ id: `tagged-${name}`, name: `Tagged on ${name}` })
      for (const quantity of ['voltage', 'current']) {
        await app.givenSignal({ id: `tag ${quantity} of ${name}`, asset_id: asset.id, quantity })
      }
      const id = `tag\\ voltage\\ of\\ ${name}`

      const good = await write(
        [
          `any,signal_id=${id} value=1,note="x" ${NOON}`,
          `any,asset_id=${asset.id} voltage=2,current=3 ${NOON_S + 1}000000000`,
          `any,asset_id=${asset.id},quantity=current,host=x value=4 ${NOON_S + 2}000000000`,
        ].join('\n'),
      )
      const bad = await write(
        [
          `any,signal_id=${id} a=1,b=2`,
          'any,signal_id=nobody v=1',
          `any,asset_id=${asset.id},quantity=voltage a=1,b=2`,
          `any,asset_id=${asset.id} power=1`,
          `any,asset_id=${'x'.repeat(201)} v=1`,
        ].join('\n'),
      )

      assert.deepEqual([good.status, good.headers['x-skipped-fields']], [204, '1'], good.text)
      assert.deepEqual(await stored(`tag voltage of ${name}`), [
        [at(0), 1],
        [at(1), 2],
      ])
      assert.deepEqual(await stored(`tag current of ${name}`), [
        [at(1), 3],
        [at(2), 4],
      ])
      assert.deepEqual(bad.body.message.match(/line \d: [^;]*/g), [
        'line 1: its tags name one signal, and it has 2 numbers',
        'line 3: its tags name one signal, and it has 2 numbers',
        'line 5: the tag asset_id must have 1 to 200 characters',
        'line 2: signal_id: there is no signal "nobody"',
        `line 4: the asset "${asset.id}" has no signal of quantity "power"`,
      ])
    })

    await t.test(
      'a new series belongs to the asset of its host or bucket, which may be there already',
      async () => {
        const known = await app.givenAsset({ name: `host of ${name}` })
        const child = await app.givenAsset({ name: 'rack', parent_id: known.id })

        const answer = await write(
          `place,host=host\\ of\\ ${name} v=1\nplace,host=${child.id} v=1\nplace,room=r v=1\nplace,host=a/b v=1`,
        )

        assert.equal(answer.status, 204, answer.text)
        assert.deepEqual(await signalsOf(known.id), [`place.v;host=host of ${name}`])
        assert.deepEqual(await signalsOf(child.id), [`place.v;host=${child.id}`])
        assert.ok((await signalsOf('b')).includes('place.v;room=r'))
        assert.deepEqual(await signalsOf('a%2Fb'), ['place.v;host=a%2Fb'])
      },
    )

    await t.test('a signal that someone changed stays as it is', async () => {
      await write(`kept,host=k v=1 ${NOON}`)
      const path = `/signals/${encodeURIComponent('kept.v;host=k')}`
      await app.patch(path, { name: 'Pressure', unit: 'bar', quantity: 'pressure' })

      await write(`kept,host=k v=2,w=3 ${NOON}`)

      const { body } = await app.get(path)
      assert.deepEqual(
        [body.name, body.unit, body.quantity, body.last_value],
        ['Pressure', 'bar', 'pressure', 2],
      )
    })

    await t.test(
      'the same new series from many at once becomes one signal, and nothing is lost',
      async () => {
        const text = (second: number) =>
          Array.from(
            { length: 50 },
            (_, index) => `race,host=race,n=${index} v=${second} ${NOON_S + second}`,
          ).join('\n')

        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, second) => write(text(second), '&precision=s')),
        )

        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]))
        assert.equal((await signalsOf('race')).length, 50)
        assert.equal((await stored('race.v;host=race;n=49')).length, 8)
      },
    )

    await t.test(
      'series that nobody knows are refused when they shall not be made, or are too many at once',
      async () => {
        const text = Array.from(
          { length: NEW_SIGNALS_PER_REQUEST + 1 },
          (_, index) => `flood,host=flood,n=${index} v=1`,
        )

        const closed = await write('unknown,host=closed v=1', '&create_signals=false')
        const flood = await write(text.join('\n'))
        const readings = await write(
          `many ${Array.from({ length: 5000 }, (_, index) => `f${index}=1`).join(',')}\n`.repeat(21),
        )

        assert.match(closed.body.message, /line 1: signal_id: there is no signal "unknown.v;host=closed"/)
        assert.deepEqual([flood.status, flood.body.code], [413, 'request too large'])
        assert.match(flood.body.message, /10001 series that are not known yet, and one may bring 10000/)
        assert.deepEqual([readings.status, readings.body.code], [413, 'request too large'])
        assert.equal((await app.get('/assets/flood')).status, 404)
        assert.equal((await app.get('/assets/closed')).status, 404)
      },
    )

    await t.test(
      'a body is read as line protocol whatever its type, and must be text that can be read',
      async () => {
        const send = (body: unknown, headers: Record<string, string>) =>
          anyone.post('//write?db=types&rp=auto&consistency=one', body, { ...MANAGER, ...headers })

        const good = await Promise.all([
          send('types,host=types a=1', FORM),
          send('types,host=types b=1', { 'content-type': 'application/octet-stream' }),
          send(Buffer.from('types,host=types c=1'), {}),
          send('', TEXT),
          send('# nothing\n', TEXT),
          anyone.request('POST', '//write?db=types', { headers: MANAGER }),
        ])
        const bad: [Answer, number][] = [
          [await send(Buffer.from([0x63, 0xff, 0x20]), TEXT), 400],
          [await send('not gzip', { ...TEXT, 'content-encoding': 'gzip' }), 400],
          [await send('x', { ...TEXT, 'content-encoding': 'compress' }), 415],
          [await send('{"no":"line"}', { 'content-type': 'application/json' }), 400],
          [
            await send(gzipSync(Buffer.alloc(17 * 1_048_576, '#')), { ...TEXT, 'content-encoding': 'gzip' }),
            413,
          ],
        ]

        assert.deepEqual(new Set(good.map(({ status }) => status)), new Set([204]))
        assert.equal((await signalsOf('types')).length, 3)
        for (const [{ status, body }, expected] of bad) {
          assert.equal(status, expected, JSON.stringify(body))
          assert.equal(typeof body.error, 'string')
        }
      },
    )

    await t.test('line protocol at our own address tells the end of each value', async () => {
      const text = [
        `own,host=own v=1,note="x" ${NOON_S}`,
        'own,host=own v=',
        `own,host=own v=1 ${NOON_S}`,
        `own,host=own v=2 ${NOON_S + 1}`,
        `own,host=own v=3 ${NOON_S + 1}`,
      ].join('\n')
      const post = (query: string) => app.post(`/measurements?precision=s${query}`, text, TEXT)

      const closed = await post('')
      const atomic = await post('&create_signals=true&atomic=true')
      const unknown = await app.get('/assets/own')
      const made = await post('&create_signals=true')

      assert.equal(closed.status, 200)
      assert.deepEqual(closed.body.rejected[0], {
        index: 0,
        reason: 'line 1: signal_id: there is no signal "own.v;host=own"',
      })
      assert.equal(closed.body.rejected.length, 6)
      assert.deepEqual(
        [atomic.status, atomic.body.errors.map(({ path }: { path: string }) => path)],
        [422, ['/1', '/2', '/4']],
      )
      assert.equal(unknown.status, 404)
      assert.deepEqual(made.body, {
        accepted: 2,
        updated: 0,
        unchanged: 1,
        rejected: [
          { index: 1, reason: 'line 1: the field "note" is text, which is no reading' },
          { index: 2, reason: 'line 2: the field "v" has no value' },
          { index: 4, reason: 'line 4: superseded by line 5' },
        ],
      })
      const whole = await app.post(
        '/measurements?precision=s&atomic=true',
        `own,host=own v=4 ${NOON_S}\nown,host=own v=5 ${NOON_S + 2}`,
        TEXT,
      )
      assert.deepEqual([whole.body.accepted, whole.body.updated, whole.body.rejected], [1, 1, []])
      assert.deepEqual(await stored('own.v;host=own'), [
        [at(0), 4],
        [at(1), 3],
        [at(2), 5],
      ])
    })

    await t.test(
      'what belongs to line protocol is refused beside other bodies, and so is no body at all',
      async () => {
        const signal = await app.givenSignal()
        const rows = [{ signal_id: signal.id, measured_at: at(0), value: 1 }]

        const cases: [Answer, RegExp][] = [
          [await app.post('/measurements?precision=s', rows), /precision is for line protocol/],
          [await app.post('/measurements?create_signals=true', rows), /create_signals is for line protocol/],
          [await app.post('/measurements?precision=days', 'm v=1', TEXT), /precision must be one of/],
          [await app.post('/measurements'), /has no body/],
          [await app.post('/measurements', '# no line', TEXT), /no line with a reading/],
          [await app.post('/measurements', '', TEXT), /must not be empty|no line/],
        ]

        for (const [{ status, body }, expected] of cases) {
          assert.equal(status, 422)
          assert.match(body.detail, expected)
        }
      },
    )

    await t.test('Prometheus writes by remote write, and what is no reading is counted', async () => {
      const up: [string, string][] = [
        ['__name__', 'up'],
        ['instance', `node-${name}:9100`],
        ['job', 'node'],
      ]
      const series = (samples: { value: number; timestamp: number }[]) => [{ labels: up, samples }]
      const headers = { ...REMOTE_WRITE, ...MANAGER }

      const plain = await anyone.post(
        '/write',
        remoteWrite(series([{ value: 1, timestamp: NOON_MS }])),
        headers,
      )
      const some = await anyone.post(
        '/write',
        remoteWrite([
          ...series([
            { value: 0, timestamp: NOON_MS + 1000 },
            { value: STALE, timestamp: NOON_MS + 2000 },
          ]),
          { labels: [['__name__', 'h.b'], ...up.slice(1)], samples: [], histograms: 2, exemplars: 1 },
        ]),
        { ...headers, authorization: `Bearer ${token}` },
      )

      assert.deepEqual([plain.status, plain.text], [204, ''])
      assert.equal(some.status, 200, some.text)
      assert.deepEqual(some.body, {
        samples_stored: 1,
        samples_skipped: 1,
        exemplars_ignored: 1,
        histograms_ignored: 2,
      })
      const id = `up;instance=node-${name}:9100;job=node`
      assert.deepEqual(await stored(id), [
        [at(0), 1],
        [at(1), 0],
      ])
      const { body: signal } = await app.get(`/signals/${encodeURIComponent(id)}`)
      assert.deepEqual([signal.asset_id, signal.quantity], [`node-${name}:9100`, 'up'])
    })

    await t.test(
      'of a remote write what can never be stored is refused, after the rest was stored',
      async () => {
        const headers = { ...REMOTE_WRITE, ...MANAGER }
        const one = (labels: [string, string][], timestamp = NOON_MS) => ({
          labels,
          samples: [{ value: 7, timestamp }],
        })
        const job: [string, string] = ['job', `partial ${name}`]

        const answer = await anyone.post(
          '/write',
          remoteWrite([
            one([['__name__', 'good'], job]),
            one([['__name__', 'late'], job], NOON_MS * 1000),
            one([job]),
            one([['__name__', 'twice'], job, job]),
          ]),
          headers,
        )

        assert.deepEqual([answer.status, answer.body.type], [400, '/docs/errors#malformed'])
        assert.match(
          answer.body.detail,
          /1 values were stored, 3 refused: the series "late": its time is outside .*; the series "": it has no label __name__; the series "twice": it has a label twice/,
        )
        assert.deepEqual(await stored(`good;job=partial ${name}`), [[at(0), 7]])
      },
    )

    await t.test('a remote write that is something else is refused', async () => {
      const body = remoteWrite([{ labels: [['__name__', 'x']], samples: [{ value: 1, timestamp: NOON_MS }] }])
      const plain = encodeWriteRequest([])
      const send = (bytes: Buffer, headers: Record<string, string>, query = '') =>
        anyone.post(`/write${query}`, bytes, { ...REMOTE_WRITE, ...MANAGER, ...headers })
      const v2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'

      const statuses = await Promise.all([
        send(body, { 'content-type': v2 }),
        send(body, { 'content-type': 'application/json' }),
        send(body, { 'content-encoding': 'gzip' }),
        send(plain, {}),
        send(snappy(Buffer.from('no message')), {}),
        send(body, { authorization: '' }),
        send(body, basic('user:user')),
        send(body, {}, '?create_signals=false'),
        send(snappy(Buffer.alloc(17 * 1_048_576)), {}),
        send(body, { 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' }),
      ])

      assert.deepEqual(
        statuses.map(({ status }) => status),
        [415, 415, 415, 400, 400, 401, 403, 400, 413, 204],
      )
    })

    await t.test(
      'what was stored and never answered is answered as the first time when it comes again',
      async () => {
        const signal = await app.givenSignal({ id: `again-${name}` })
        const rows = [
          { signal_id: signal.id, measured_at: at(0), value: 1 },
          { signal_id: 'nobody', measured_at: at(0), value: 1 },
        ]
        const { measurements } = app.app

        const first = await measurements.append(rows, { atomic: false }, `key of ${name}`)
        await measurements.append([{ signal_id: signal.id, measured_at: at(0), value: 2 }], { atomic: false })
        await app.givenSignal({ id: 'nobody', asset_id: signal.asset_id, quantity: 'other' })
        const again = await measurements.append(rows, { atomic: false }, `key of ${name}`)

        assert.deepEqual([first.accepted, first.rejected.length], [1, 1])
        assert.deepEqual(again, first)
        assert.deepEqual(await stored(signal.id), [[at(0), 2]])
        await app.delete('/signals/nobody')
      },
    )

    await t.test('an idempotency key answers as the first time, whatever the body is', async () => {
      const signal = await app.givenSignal({ id: `keyed-${name}` })
      const row = { signal_id: signal.id, measured_at: at(0), value: 1 }
      const many = Array.from({ length: 30_000 }, (_, index) => `${signal.id},${at(index)},${index}`).join(
        '\n',
      )
      const bodies: [string, string, string][] = [
        ['application/json', JSON.stringify([row]), JSON.stringify([{ ...row, value: 2 }])],
        ['application/x-ndjson', JSON.stringify({ ...row, measured_at: at(-1) }), JSON.stringify(row)],
        ['text/csv', `signal_id,measured_at,value\n${many}`, `signal_id,measured_at,value\n${many}0`],
        ['text/plain', `a,signal_id=${signal.id} v=1 1`, `a,signal_id=${signal.id} v=2 1`],
      ]
      for (const [type, body, other] of bodies) {
        const headers = { 'content-type': type, 'idempotency-key': `${type} `.replaceAll(/[^a-z]/g, '') }

        const first = await app.post('/measurements', body, headers)
        const again = await app.post('/measurements', body, headers)
        const reused = await app.post('/measurements', other, headers)

        assert.equal(first.status, 200, first.text)
        assert.ok(first.body.accepted > 0, first.text)
        assert.equal(first.headers['idempotency-replayed'], undefined)
        assert.deepEqual(
          [again.status, again.text, again.headers['idempotency-replayed']],
          [200, first.text, 'true'],
        )
        assert.deepEqual([reused.status, reused.body.type], [409, '/docs/errors#key_reused'])
      }
    })
  })
}
