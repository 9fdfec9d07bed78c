import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../server/clock.ts'
import { readConfig } from '../../server/config.ts'
import { openStores } from '../../server/engine/open.ts'
import { sql } from '../../server/engine/sql.ts'
import { type ServiceProcess, startService, until } from './service-process.ts'
import { instantOf, prepareSignals } from './traffic.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '../../server/main.ts')
/** Twice what must be free for writes. */
const DISK_MB = 128
const LOSS = /the warehouse ends at write \d+, but write \d+ was acknowledged/

async function givenService(t: TestContext) {
  const service = await startService()
  t.after(service.end)
  await prepareSignals(service)
  return {
    service,
    warehouse: join(service.folder, 'warehouse.duckdb'),
    wal: join(service.folder, 'warehouse.duckdb.wal'),
  }
}

async function sendSteps(service: ServiceProcess, from: number, count: number): Promise<Response> {
  const rows = Array.from({ length: count }, (_, index) => ({
    signal_id: 'device-0',
    measured_at: instantOf(from + index),
    value: from + index,
  }))
  return await service.send('POST', '/measurements', rows)
}

async function countSteps(service: ServiceProcess): Promise<number> {
  const answer = await service.request('GET', '/measurements?signal_id=device-0&format=csv')
  return (await answer.text()).trimEnd().split('\n').length - 1
}

/** `doctor` beside the running service, or alone; what it prints, and whether it found all well. */
async function askDoctor(service: ServiceProcess, port: string): Promise<{ code: number; says: string }> {
  const env = { PATH: process.env.PATH, TIDEMARK_ENV: 'test', DATA_DIR: service.folder, PORT: port }
  return await run(process.execPath, [MAIN, 'doctor'], { env }).then(
    ({ stdout }) => ({ code: 0, says: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, says: error.stdout }),
  )
}

describe('acknowledged data that is gone when the service starts', () => {
  test('is reported by the log, /readyz and doctor when the write-ahead log was cut short', async (t) => {
    const { service, wal } = await givenService(t)
    for (let step = 0; step < 500; step += 50) assert.equal((await sendSteps(service, step, 50)).status, 200)
    await service.kill('server')
    await truncate(wal, Math.floor((await stat(wal)).size / 2))

    const alone = await askDoctor(service, '0')
    await service.start()

    const ready = await service.request('GET', '//readyz')
    const { warnings } = (await ready.json()) as { warnings: string[] } // as /readyz answers
    const beside = await askDoctor(service, new URL(service.url()).port)
    assert.equal(ready.status, 200)
    assert.match(warnings.join(), LOSS)
    assert.match(service.log(), LOSS)
    for (const { code, says } of [alone, beside]) {
      assert.equal(code, 1)
      assert.match(says, LOSS)
    }
    assert.ok((await countSteps(service)) < 500)
  })

  test('is reported when the warehouse was replaced by an older copy', async (t) => {
    const { service, warehouse } = await givenService(t)
    assert.equal((await sendSteps(service, 0, 50)).status, 200)
    await service.stop()
    const copy = `${warehouse}.copy`
    await copyFile(warehouse, copy)
    await service.start()
    assert.doesNotMatch(service.log(), LOSS)
    assert.equal((await sendSteps(service, 50, 50)).status, 200)
    await service.stop()

    await copyFile(copy, warehouse)
    await service.start()

    const { warnings } = await service.json('//readyz')
    assert.match(warnings.join(), LOSS)
    assert.match(service.log(), LOSS)
    assert.equal(await countSteps(service), 50)
  })

  test('stops the start with a sentence when the file cannot be read at all', async (t) => {
    const { service, warehouse } = await givenService(t)
    assert.equal((await sendSteps(service, 0, 50)).status, 200)
    await service.stop()
    const bytes = await readFile(warehouse)
    await writeFile(warehouse, bytes.subarray(0, 6000).fill(7, 4096))

    const from = performance.now()
    await assert.rejects(service.start(), /the warehouse .* cannot be opened/)

    t.diagnostic(`given up after ${Math.round(performance.now() - from)} ms`)
    assert.ok(performance.now() - from < 10_000)
  })
})

describe('a full disk', { skip: !(await canMount()) && 'mounting a small file system needs root' }, () => {
  test('refuses what is to be stored, answers what is asked, and takes in again when there is space', async (t) => {
    const { disk, unmount } = await givenSmallDisk(DISK_MB)
    const service = await startService({ dataDir: disk })
    t.after(async () => {
      await service.end()
      await unmount()
    })
    await prepareSignals(service)
    assert.equal((await sendSteps(service, 0, 50)).status, 200)
    const ballast = join(disk, 'ballast')
    await fill(ballast)

    const refused: number[] = []
    let step = 50
    let accepted = 50
    for (let tries = 0; tries < 60 && refused.length < 10; tries++, step += 1000) {
      const answer = await sendSteps(service, step, 1000)
      if (answer.status === 200) accepted += 1000
      else refused.push(answer.status)
    }
    const file = await service.request('POST', '/loads?target=measurements&file_name=a.csv', {
      body: 'signal_id,measured_at,value\n'.repeat(100_000),
      headers: { 'content-type': 'text/csv' },
    })
    const read = await countSteps(service)
    await rm(ballast)
    const from = performance.now()
    await until(async () => (await sendSteps(service, step, 50)).status === 200, 5000, 50)

    t.diagnostic(`stored again ${Math.round(performance.now() - from)} ms after there was space`)
    assert.deepEqual(
      refused.filter((status) => status !== 507 && status !== 503),
      [],
    )
    assert.equal(refused.length, 10)
    assert.ok([503, 507].includes(file.status), `a file was answered ${file.status}`)
    assert.ok(read >= accepted)
    assert.equal((await service.request('GET', '//readyz')).status, 200)
    await service.kill('server')
    await service.start()
    assert.ok((await countSteps(service)) >= accepted + 50)
    assert.doesNotMatch(service.log(), LOSS)
  })

  test('ends an engine whose checkpoint finds no space; the next one answers, and has all that was stored', async (t) => {
    const { disk, unmount } = await givenSmallDisk(DISK_MB)
    const config = readConfig({ TIDEMARK_ENV: 'test', DATA_DIR: disk })
    const log = { info: () => {}, error: () => {} }
    const { warehouse, enginePid, close } = await openStores(config, { clock: systemClock, log })
    t.after(async () => {
      await close()
      await unmount()
    })
    await warehouse.write('rows', (tx) =>
      tx.run(sql`
        insert into measurement (signal_key, measured_at, value, version)
        select 1, to_timestamp(range), random(), 0
        from range(100000)`),
    )
    const engine = enginePid()
    const ballast = join(disk, 'ballast')
    await fill(ballast)

    const checkpoint = warehouse.run(sql`checkpoint`)
    await until(() => enginePid() !== engine, 5000)
    const [during] = await warehouse.query(sql`select count(*) as rows from measurement`)
    await rm(ballast)
    await checkpoint

    assert.deepEqual(during, { rows: 100_000 })
    assert.deepEqual(await warehouse.query(sql`select count(*) as rows from measurement`), [
      { rows: 100_000 },
    ])
  })
})

/** Root may not be enough in a container. */
async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-mount-'))
  const works = await run('mount', ['-t', 'tmpfs', 'tmpfs', folder]).then(
    () => run('umount', [folder]).then(() => true),
    () => false,
  )
  await rm(folder, { recursive: true, force: true })
  return works
}

/** A file system of its own in memory, of so many megabytes; `unmount` once nothing uses it any more. */
async function givenSmallDisk(megabytes: number) {
  const disk = await mkdtemp(join(tmpdir(), 'tidemark-disk-'))
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk])
  const unmount = async () => {
    await run('umount', ['--lazy', disk])
    await rm(disk, { recursive: true, force: true })
  }
  return { disk, unmount }
}

/** Writes until there is no space left. */
async function fill(path: string): Promise<void> {
  await run('dd', ['if=/dev/zero', `of=${path}`, 'bs=64k']).catch(() => undefined)
}
