// Settings: one table of what can be set, and the only code that reads the environment. Knows no feature.
// `docs/configuration.md` lists each setting; a test compares the two.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { address, hosts, type Kind, networks, oneOf, text, whole, zone } from './config-kinds.ts'
import { mistypedNames } from './config-names.ts'

/** A wrong setting: the message is one sentence for the person who starts the service. */
export class ConfigError extends Error {}

/** One line of the table. A secret may also come from the file named in `NAME_FILE`, and is never shown. */
export interface Setting<T = unknown> {
  name: string
  kind: Kind<T>
  /** As it would be written in the environment. */
  default: string
  unit?: string
  help: string
  secret?: true
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Everything that can be set, by its name in the code. */
export const SETTINGS = {
  env: {
    name: 'TIDEMARK_ENV',
    kind: oneOf('development', 'test', 'production'),
    default: 'development',
    help: 'Which of config/*.env lies below the environment; development has accounts with known passwords',
  },
  host: { name: 'HOST', kind: text(255), default: '127.0.0.1', help: 'The address to listen on' },
  port: {
    name: 'PORT',
    kind: whole(0, 65_535),
    default: '8080',
    help: 'The port to listen on; 0 takes a free one',
  },
  dataDir: {
    name: 'DATA_DIR',
    kind: text(4096),
    default: './data',
    help: 'The folder of the embedded stores and of files that were sent',
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    kind: address(['postgres:', 'postgresql:']),
    default: '',
    help: 'A PostgreSQL database for both stores; empty: the embedded stores in DATA_DIR',
    secret: true,
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    kind: address(['http:', 'https:']),
    default: '',
    help: 'The address that people use, where a proxy stands before this service; empty: the one listened on',
  },
  trustedProxies: {
    name: 'TRUSTED_PROXIES',
    kind: networks(),
    default: '',
    help: 'Proxies whose x-forwarded-* headers are believed; empty: none',
  },
  trustedHosts: {
    name: 'TRUSTED_HOSTS',
    kind: hosts(),
    default: '',
    help: 'Names by which the service may be asked, besides that of PUBLIC_URL; with neither, any',
  },
  rateLimitPerMinute: {
    name: 'RATE_LIMIT_PER_MINUTE',
    kind: whole(0, 100_000_000),
    default: '6000',
    help: 'Requests a minute of an account or a network; ten times as many readings sent in; 0: no limit',
  },
  tzDefault: {
    name: 'TZ_DEFAULT',
    kind: zone(),
    default: 'UTC',
    help: 'The zone of times without an offset and of calendar days, where a request names none',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    kind: oneOf(...LEVELS),
    default: 'info',
    help: 'The least important lines that are written',
  },
  logFile: {
    name: 'LOG_FILE',
    kind: text(4096),
    default: '',
    help: 'A file for the log beside standard output, rotated at 20 MB, ten kept; empty: none',
  },
  queryTimeoutMs: {
    name: 'QUERY_TIMEOUT_MS',
    kind: whole(100, 3_600_000),
    default: '30000',
    unit: 'milliseconds',
    help: 'After this a question to the warehouse is stopped',
  },
  queryMemoryMb: {
    name: 'QUERY_MEMORY_MB',
    kind: whole(64, 1_048_576),
    default: '640',
    unit: 'megabytes',
    help: 'Memory that the embedded warehouse may use; beyond it, it works on disk',
  },
  queryRowCap: {
    name: 'QUERY_ROW_CAP',
    kind: whole(1, 1_000_000),
    default: '100000',
    unit: 'rows',
    help: "The most rows that a metric's SQL may answer; more are refused, never cut",
  },
  bodyLimitMb: {
    name: 'BODY_LIMIT_MB',
    kind: whole(1, 1024),
    default: '16',
    unit: 'megabytes',
    help: 'The largest body of a request that is not an upload',
  },
  uploadLimitMb: {
    name: 'UPLOAD_LIMIT_MB',
    kind: whole(1, 1_048_576),
    default: '4096',
    unit: 'megabytes',
    help: 'The largest file that can be loaded',
  },
  clientToken: {
    name: 'TIDEMARK_TOKEN',
    kind: text(2000),
    default: '',
    help: 'The token by which commands such as load sign in to a running service',
    secret: true,
  },
} as const satisfies Record<string, Setting>

/** The value of each setting. `databaseUrl`, `publicUrl` and `logFile` are empty text when not set. */
export type Config = { [K in keyof typeof SETTINGS]: Value<(typeof SETTINGS)[K]> }
type Value<S> = S extends { kind: Kind<infer T> } ? T : never

const CONFIG_FOLDER = join(import.meta.dirname, '../config')

/**
 * Settings from `env`, above the file of its TIDEMARK_ENV in `folder`, above the defaults. An empty value counts
 * as not set. Throws ConfigError with a sentence for a value or a name that is wrong.
 */
export function readConfig(env: Record<string, string | undefined>, folder = CONFIG_FOLDER): Config {
  const given = withoutEmpty(env)
  const environment = readValue(SETTINGS.env, given.TIDEMARK_ENV ?? SETTINGS.env.default)
  const file = join(folder, `${environment}.env`)
  const base = readSettingsFile(file)
  refuseUnknown(Object.keys(base), Object.keys(given), given, file)
  const sources = { ...base, ...given }
  const entries = Object.entries<Setting>(SETTINGS).map(([key, setting]) => [
    key,
    readValue(setting, settingText(setting, sources, given)),
  ])
  return Object.fromEntries(entries) as Config // each key of SETTINGS has the value that its kind reads
}

/** The settings of this process. The only place where its environment is read. */
export function readProcessConfig(): Config {
  return readConfig(process.env)
}

function settingText(
  setting: Setting,
  sources: Record<string, string>,
  given: Record<string, string>,
): string {
  const path = setting.secret ? sources[`${setting.name}_FILE`] : undefined
  if (path === undefined) return sources[setting.name] ?? setting.default
  if (given[setting.name] !== undefined) {
    throw new ConfigError(`${setting.name} and ${setting.name}_FILE are both set: keep one of them.`)
  }
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw new ConfigError(`${setting.name}_FILE names a file that cannot be read (${path}: ${reason}).`)
  }
}

function readValue<T>(setting: Setting<T>, value: string): T {
  const read = setting.kind.read(value)
  if (read !== undefined) return read
  const shown = setting.secret ? '' : `: ${JSON.stringify(value.slice(0, 100))}`
  throw new ConfigError(`The setting ${setting.name} is wrong${shown}; it must be ${setting.kind.says}.`)
}

function readSettingsFile(path: string): Record<string, string> {
  try {
    return withoutEmpty(parseEnv(readFileSync(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}

function refuseUnknown(
  inFile: string[],
  inEnvironment: string[],
  values: Record<string, string>,
  file: string,
): void {
  const settings: Setting[] = Object.values(SETTINGS)
  const known = settings.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]))
  const strange = inFile.find((name) => !known.includes(name))
  if (strange !== undefined) {
    throw new ConfigError(
      `${file} sets ${strange}, which is not a setting. Settings are ${known.join(', ')}.`,
    )
  }
  const [mistyped] = mistypedNames(inEnvironment, known, values)
  if (mistyped === undefined) return
  const meant = mistyped.meant === undefined ? `settings are ${known.join(', ')}` : `${mistyped.meant} is one`
  throw new ConfigError(`${mistyped.name} is not a setting; ${meant}.`)
}

function withoutEmpty(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}
