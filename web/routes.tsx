// Which address shows which page. What can stand in an address does: range, open table, where to go after signing in.

import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Navigate,
  Outlet,
  useLocation,
  useParams,
} from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Mapping } from '../contract/mapping.ts'
import { FileInHandProvider } from './file-in-hand.tsx'
import { dashboardQuery, sessionQuery } from './queries.ts'
import { AccountMenu, type Surroundings, useSession } from './session.tsx'
import { ColourScheme } from './ui/ColourScheme.tsx'
import { Page, Shell } from './ui/Shell.tsx'
import { Empty, Failed } from './ui/State.tsx'
import { ShortcutButton } from './ui/shortcuts.tsx'

interface RouterContext extends Surroundings {
  queries: QueryClient
}

const root = createRootRouteWithContext<RouterContext>()({
  beforeLoad: ({ context }) => void context.queries.prefetchQuery(sessionQuery(context.api)),
  component: Outlet,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { next?: string } => withText(search, ['next']),
  component: lazyRouteComponent(() => import('./pages/sign-in/SignInPage.tsx'), 'SignInPage'),
})

const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: SignedIn })

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/home/HomePage.tsx'), 'HomePage'),
})

const dashboard = createRoute({
  getParentRoute: () => signedIn,
  path: '/dashboards/$id',
  validateSearch: (search): { from?: string; to?: string; table?: string } =>
    withText(search, ['from', 'to', 'table']),
  // Asked for at once, beside the code of the page and of the charts, and not waited for.
  loader: ({ context, params }) => {
    void context.queries.prefetchQuery(dashboardQuery(context.api, params.id))
    void import('./charts/canvas.ts')
  },
  component: lazyRouteComponent(() => import('./pages/dashboards/DashboardPage.tsx'), 'DashboardPage'),
})

const data = createRoute({
  getParentRoute: () => signedIn,
  path: '/data',
  validateSearch: (search): { status?: string; target?: string; cursor?: string } =>
    withText(search, ['status', 'target', 'cursor']),
  component: lazyRouteComponent(() => import('./pages/data/DataPage.tsx'), 'DataPage'),
})

const newLoad = createRoute({
  getParentRoute: () => signedIn,
  path: '/data/new',
  validateSearch: (search): { target?: string; mapping?: Mapping } => ({
    ...withText(search, ['target']),
    // The server holds it against the contract and says what is wrong with it.
    ...(isRecord(search.mapping) ? { mapping: search.mapping } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/data/NewLoadPage.tsx'), 'NewLoadPage'),
})

const load = createRoute({
  getParentRoute: () => signedIn,
  path: '/data/loads/$id',
  validateSearch: (
    search,
  ): { rule?: string; column?: string; reason?: string; state?: string; cursor?: string; way?: string } =>
    withText(search, ['rule', 'column', 'reason', 'state', 'cursor', 'way']),
  component: lazyRouteComponent(() => import('./pages/data/LoadPage.tsx'), 'LoadPage'),
})

/** Where loads were before the data had pages of their own. */
const loadBefore = createRoute({
  getParentRoute: () => signedIn,
  path: '/loads/$id',
  component: LoadMoved,
})

const datasets = createRoute({
  getParentRoute: () => signedIn,
  path: '/data/datasets',
  validateSearch: (search): { cursor?: string } => withText(search, ['cursor']),
  component: lazyRouteComponent(() => import('./pages/data/DatasetsPage.tsx'), 'DatasetsPage'),
})

const dataset = createRoute({
  getParentRoute: () => signedIn,
  path: '/data/datasets/$name',
  validateSearch: (search): { cursor?: string } => withText(search, ['cursor']),
  component: lazyRouteComponent(() => import('./pages/data/DatasetPage.tsx'), 'DatasetPage'),
})

const mappings = createRoute({
  getParentRoute: () => signedIn,
  path: '/data/mappings',
  component: lazyRouteComponent(() => import('./pages/data/MappingsPage.tsx'), 'MappingsPage'),
})

export function createPages(context: RouterContext) {
  return createRouter({
    routeTree: root.addChildren([
      signIn,
      signedIn.addChildren([home, dashboard, data, newLoad, load, loadBefore, datasets, dataset, mappings]),
    ]),
    context,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: ({ error, reset }) => (
      <Failed error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
    ),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPages>
  }
}

function SignedIn() {
  const { session, error, retry } = useSession()
  const { href } = useLocation()
  // While the form is on its way, this is still shown, at the form's address.
  if (session === null && href.startsWith('/sign-in')) return null
  if (session === null) return <Navigate to="/sign-in" search={href === '/' ? {} : { next: href }} replace />
  return (
    <Shell
      home={HomeLink}
      links={<Link to="/data">Data</Link>}
      end={
        <>
          <ColourScheme />
          <ShortcutButton />
          {session && <AccountMenu session={session} />}
        </>
      }
    >
      <FileInHandProvider>{error ? <Failed error={error} onRetry={retry} /> : <Outlet />}</FileInHandProvider>
    </Shell>
  )
}

function LoadMoved() {
  const { id = '' } = useParams({ strict: false })
  return <Navigate to="/data/loads/$id" params={{ id }} replace />
}

function HomeLink(mark: ReactNode) {
  return (
    <Link to="/" activeOptions={{ exact: true }}>
      {mark}
    </Link>
  )
}

function NotFound() {
  return (
    <Page title="Nothing here" narrow>
      <Empty title="There is no page at this address">
        <Link to="/">Go to the first page</Link>
      </Empty>
    </Page>
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Keeps the named parameters that are text of a sensible length. */
function withText<K extends string>(
  search: Record<string, unknown>,
  names: readonly K[],
): { [name in K]?: string } {
  const kept: { [name in K]?: string } = {}
  for (const name of names) {
    const value = search[name]
    if (typeof value === 'string' && value.length <= 2000) kept[name] = value
  }
  return kept
}
