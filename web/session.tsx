// Who is signed in, and what every page gets from the place it is served: the interface, the zone, the environment.

import { ActionIcon, Menu } from '@mantine/core'
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use } from 'react'
import type { Session } from '../contract/accounts.ts'
import type { Api } from './api.ts'
import { sessionQuery } from './queries.ts'
import { Icon } from './ui/Icon.tsx'
import { knownZone } from './ui/zone.ts'

export interface Surroundings {
  api: Api
  /** The workspace's zone, for pages that have none of their own. */
  zone: string
  development: boolean
}

const SurroundingsContext = createContext<Surroundings | null>(null)

export function SurroundingsProvider({ value, children }: { value: Surroundings; children: ReactNode }) {
  return <SurroundingsContext value={value}>{children}</SurroundingsContext>
}

export function useSurroundings(): Surroundings {
  const value = use(SurroundingsContext)
  if (!value) throw new Error('a component that asks for its surroundings stands outside of their provider')
  return value
}

/** The server writes these into the page; a placeholder that is still there counts as unknown. */
export function readSurroundings(): Omit<Surroundings, 'api'> {
  const meta = (name: string) =>
    document.querySelector(`meta[name="tidemark-${name}"]`)?.getAttribute('content')
  const zone = meta('zone') ?? ''
  return {
    zone: zone === '' || zone.startsWith('__') ? 'UTC' : knownZone(zone),
    development: meta('environment') === 'development',
  }
}

/** Undefined while asking, null when nobody is signed in. */
export function useSession(): {
  session: Session | null | undefined
  error: Error | null
  retry: () => void
} {
  const { api } = useSurroundings()
  const { data, error, refetch } = useQuery(sessionQuery(api))
  return { session: data, error, retry: () => void refetch() }
}

export function useIsManager(): boolean {
  return useSession().session?.account.role === 'manager'
}

/** Nothing that one account was shown is kept for the next. */
export function changeSession(client: QueryClient, session: Session | null): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
  client.setQueryData(['session'], session)
}

export function AccountMenu({ session }: { session: Session }) {
  const { api } = useSurroundings()
  const client = useQueryClient()

  async function signOut() {
    await api.signOut()
    changeSession(client, null)
  }

  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account ${session.account.name}`}>
          <Icon name="user" size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.account.name} · {session.account.role}
        </Menu.Label>
        <Menu.Item component="a" href="/docs">
          HTTP interface
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
