// `tidemark user add`: an account, made beside a service that runs or before the first start.

import { type Role, Role as RoleSchema } from '../../contract/accounts.ts'
import type { Config } from '../config.ts'
import { withAccounts } from './stores.ts'
import { readSecret } from './terminal.ts'

/** Adds an account with a password that is asked for, twice at a terminal. */
export async function addUser(config: Config, name: string, role: string): Promise<void> {
  const known = RoleSchema.anyOf.map((one): Role => one.const)
  const chosen = known.find((one) => one === role)
  if (chosen === undefined) throw new Error(`There is no role ${role}: it is one of ${known.join(', ')}.`)
  const password = await readSecret(`Password for ${name}: `)
  if (process.stdin.isTTY && (await readSecret('The same again: ')) !== password) {
    throw new Error('The two passwords differ; nothing was changed.')
  }
  await withAccounts(config, async (accounts, audit) => {
    const after = await accounts.create({ name, role: chosen, password })
    const change = { action: 'create', path: 'tidemark user add', subject: 'users', subject_id: after.id }
    await audit.record({ ...change, members: ['name', 'role', 'password'], before: null, after })
  })
  console.log(`${name} can sign in now, as ${chosen}.`)
}
