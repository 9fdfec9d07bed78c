import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { CAN_FIND_PROCESSES, type ServiceProcess, startService, until } from './service-process.ts'
import { findDamage } from './stored-rows.ts'
import { fileOf, instantOf, newDevice, prepareSignals } from './traffic.ts'

const skip = !CAN_FIND_PROCESSES && 'processes are found in /proc'
const NO_DAMAGE = { lost: 0, doubled: 0, half_batches: 0, foreign: 0, unfinished: [], disagreements: [] }
const LOADS_TIMEOUT_MS = 30_000

async function givenService(t: TestContext): Promise<ServiceProcess> {
  const service = await startService()
  t.after(service.end)
  await prepareSignals(service)
  return service
}

/** Sends file `number`; `body` may be a stream. Answers the load's id. */
async function sendFile(service: ServiceProcess, number: number, body: RequestInit['body'] = fileOf(number)) {
  const path = `/loads?target=measurements&file_name=file-${number}.csv`
  const init = { body, headers: { 'content-type': 'text/csv' }, duplex: 'half' } as RequestInit // for a stream
  const answer = await service.request('POST', path, init)
  assert.equal(answer.status, 202)
  const { id } = (await answer.json()) as { id: string } // as POST /loads answers
  return id
}

/** A file that is sent in two halves, the second when `goOn` is called. */
function halvedFile(number: number) {
  const bytes = Buffer.from(fileOf(number))
  const middle = bytes.length >> 1
  const { promise, resolve: goOn } = Promise.withResolvers<void>()
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, middle))
      await promise
      controller.enqueue(bytes.subarray(middle))
      controller.close()
    },
  })
  return { body, goOn }
}

async function loadsEnded(service: ServiceProcess): Promise<void> {
  await until(
    async () => {
      const { items } = await service.json('/loads?limit=100')
      return items.every(({ status }: { status: string }) => status !== 'queued' && status !== 'running')
    },
    LOADS_TIMEOUT_MS,
    20,
  )
}

describe('the service that is told to stop', { skip }, () => {
  test('answers what is in flight, exits with 0, and finishes its loads after the next start', async (t) => {
    const service = await givenService(t)
    const device = newDevice('device-0')
    const loads = [await sendFile(service, 0), await sendFile(service, 1), await sendFile(service, 2)]
    const halved = halvedFile(3)
    const upload = sendFile(service, 3, halved.body)
    const long = await service.request('GET', '/measurements?signal_id=file-0&format=csv')
    const posts = Array.from({ length: 10 }, async (_, step) => {
      const row = { signal_id: 'device-0', measured_at: instantOf(step), value: step }
      const answer = await service.send('POST', '/measurements', [row])
      assert.equal(answer.status, 200)
      device.acknowledged.set(step, step)
    })
    await posts[0]

    const stopped = service.stop('SIGTERM')
    await until(async () => !(await accepts(service)), 5000)
    halved.goOn()
    loads.push(await upload)
    await Promise.all(posts)
    assert.equal(long.status, 200)
    await long.text()
    const code = await stopped

    assert.equal(code, 0)
    assert.equal(device.acknowledged.size, 10)
    await service.start()
    await loadsEnded(service)
    await service.stop()
    assert.deepEqual(await findDamage(service.folder, { devices: [device], files: { loads } }), NO_DAMAGE)
  })

  test('from a terminal, so that its other processes are told as well, loses no load either', async (t) => {
    const service = await givenService(t)
    const loads = [await sendFile(service, 0), await sendFile(service, 1), await sendFile(service, 2)]
    await until(() => service.pid('loader') !== undefined, 5000)

    const code = await service.stop('SIGINT', 'group')

    assert.equal(code, 0)
    await service.start()
    await loadsEnded(service)
    await service.stop()
    assert.deepEqual(await findDamage(service.folder, { devices: [], files: { loads } }), NO_DAMAGE)
  })

  test('while it starts ends as well, and leaves nothing that the next start minds', async (t) => {
    const service = await givenService(t)
    await service.stop()

    for (const afterMs of [50, 200, 350, 500]) {
      const started = service.start().catch(() => undefined)
      await delay(afterMs)
      await service.stop()
      await started
    }

    await service.start()
    assert.equal((await service.request('GET', '//readyz')).status, 200)
  })

  test('at once, by a second signal, leaves no process behind', async (t) => {
    const service = await givenService(t)
    await sendFile(service, 0)
    const halved = halvedFile(1)
    const upload = sendFile(service, 1, halved.body).catch(() => undefined)
    await until(() => service.pid('engine') !== undefined, 5000)
    const engine = service.pid('engine') ?? 0
    const stopped = service.stop('SIGINT')
    await until(async () => !(await accepts(service)), 5000)

    await service.stop('SIGINT')

    assert.equal(await stopped, 1)
    await until(() => !isRunning(engine), 5000)
    halved.goOn()
    await upload
  })
})

/** Whether a new connection is taken. */
async function accepts(service: ServiceProcess): Promise<boolean> {
  const headers = { connection: 'close' }
  return await service.request('GET', '//healthz', { headers }).then(
    () => true,
    () => false,
  )
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
