// `tidemark load`: a file into a running service, with a bar for what has been sent and one for what has been read.

import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { styleText } from 'node:util'
import { Presets, SingleBar } from 'cli-progress'
import type { Load } from '../../contract/loads.ts'
import type { Reject } from '../../contract/rejects.ts'
import type { Config } from '../config.ts'
import { type ClientOptions, connectClient, type ServiceClient } from './client.ts'

export interface LoadOptions extends ClientOptions {
  target: string
  /** JSON, or `@` and the path of a file that has it. */
  mapping?: string
}

/** What it is the service sees by its name and content. */
const OPAQUE = 'application/octet-stream'
const POLL_MS = 200
const REJECTS_SHOWN = 10

/** Resolves when the load has ended well; throws a plain Error with a sentence otherwise. */
export async function load(config: Config, file: string, options: LoadOptions): Promise<void> {
  const size = await sizeOf(file)
  const mapping = await readMapping(options.mapping)
  const client = await connectClient(config, options)
  const query = new URLSearchParams({ target: options.target, file_name: basename(file) })
  if (mapping !== undefined) query.set('mapping', mapping)
  const sent = await send(client, `/loads?${query.toString()}`, { file, size })
  const ended = await follow(client, sent)
  console.log(summary(ended))
  if (ended.status !== 'done') throw new Error(ended.error ?? `The load was ${ended.status}.`)
  if (ended.rows_rejected > 0) console.log(await rejects(client, ended))
}

async function send(
  client: ServiceClient,
  path: string,
  { file, size }: { file: string; size: number },
): Promise<Load> {
  const bar = startBar('sending', size)
  const bytes = createReadStream(file)
  bytes.on('data', (chunk) => bar.increment(chunk.length))
  try {
    return (await client.upload(path, OPAQUE, Readable.toWeb(bytes))) as Load // by the contract
  } finally {
    bar.stop()
  }
}

/** Asks until the load has ended. */
async function follow(client: ServiceClient, sent: Load): Promise<Load> {
  const bar = startBar('loading', 100)
  try {
    for (let load = sent; ; ) {
      bar.update(Math.round(load.progress * 100))
      if (load.status !== 'queued' && load.status !== 'running') return load
      await delay(POLL_MS)
      load = (await client.get(`/loads/${sent.id}`)) as Load // by the contract
    }
  } finally {
    bar.stop()
  }
}

function summary(load: Load): string {
  const number = (count: number): string => count.toLocaleString('en-US').replaceAll(',', ' ')
  const rate = load.rows_per_second === null ? '' : `, ${number(Math.round(load.rows_per_second))} a second`
  const parts = [
    `${number(load.rows_loaded)} new`,
    `${number(load.rows_updated)} changed`,
    `${number(load.rows_unchanged)} unchanged`,
    `${number(load.rows_rejected)} refused`,
  ]
  return `${number(load.rows_read)} rows read: ${parts.join(', ')}${rate} (load ${load.id})`
}

async function rejects(client: ServiceClient, load: Load): Promise<string> {
  const page = (await client.get(`/loads/${load.id}/rejects?limit=${REJECTS_SHOWN}`)) as { items: Reject[] } // by the contract
  const lines = page.items.map(({ line, column, value, reason }) => {
    const place = [`line ${line}`, column].filter((part) => part !== null).join(', ')
    return `  ${styleText('yellow', place)}: ${reason}${value === null ? '' : ` (${JSON.stringify(value)})`}`
  })
  const more = load.rows_rejected - page.items.length
  if (more > 0) lines.push(`  and ${more} more: /api/v1/loads/${load.id}/rejects`)
  return ['Refused:', ...lines].join('\n')
}

function startBar(what: string, total: number): SingleBar {
  const bar = new SingleBar(
    { format: `${what} {bar} {percentage} %`, hideCursor: true },
    Presets.shades_classic,
  )
  bar.start(total, 0)
  return bar
}

async function sizeOf(file: string): Promise<number> {
  const info = await stat(file).catch(() => undefined)
  if (info === undefined) throw new Error(`There is no file ${file}.`)
  if (!info.isFile()) throw new Error(`${file} is not a file.`)
  return info.size
}

/** The text of a mapping, refused here when it is not JSON. */
async function readMapping(given: string | undefined): Promise<string | undefined> {
  const text = given?.startsWith('@') ? await readMappingFile(given.slice(1)) : given
  try {
    if (text !== undefined) JSON.parse(text)
    return text
  } catch {
    throw new Error('The mapping is not JSON. Give JSON, or @ and the path of a file that has it.')
  }
}

async function readMappingFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => {
    throw new Error(`There is no mapping at ${path}.`)
  })
}
