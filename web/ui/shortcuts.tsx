// Single keys that do something, and the list of them. They are silent while one types, and can be switched off.

import { ActionIcon } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import {
  createContext,
  lazy,
  type ReactNode,
  Suspense,
  use,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
} from 'react'
import { Icon } from './Icon.tsx'

export interface Shortcut {
  key: string
  does: string
  run: () => void
}

interface Registry {
  add: (shortcut: Shortcut) => () => void
}

const ShortcutList = lazy(async () => ({ default: (await import('./ShortcutList.tsx')).ShortcutList }))
const Shortcuts = createContext<Registry>({ add: () => () => undefined })
const OpenList = createContext<() => void>(() => undefined)

/** Runs `run` when the key is pressed while the calling component is shown. */
export function useShortcut(key: string, does: string, run: () => void) {
  const { add } = use(Shortcuts)
  const current = useEffectEvent(run)
  useEffect(() => add({ key, does, run: () => current() }), [add, key, does])
}

export function ShortcutProvider({ children }: { children: ReactNode }) {
  const [shortcuts, setShortcuts] = useState<readonly Shortcut[]>([])
  const [listed, setListed] = useState(false)
  const [enabled, setEnabled] = useLocalStorage({ key: 'tidemark-shortcuts', defaultValue: true })
  const registry = useMemo<Registry>(
    () => ({
      add(shortcut) {
        setShortcuts((known) => [...known, shortcut])
        return () => setShortcuts((known) => known.filter((other) => other !== shortcut))
      },
    }),
    [],
  )
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !enabled || isTyping(event.target)) return
    if (event.key === '?') setListed(true)
    const found = shortcuts.find((shortcut) => shortcut.key === event.key)
    if (!found || document.querySelector('[aria-modal="true"]')) return
    event.preventDefault()
    found.run()
  })
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKeyDown(event)
    window.addEventListener('keydown', listener)
    return () => window.removeEventListener('keydown', listener)
  }, [])
  return (
    <Shortcuts value={registry}>
      <OpenList value={() => setListed(true)}>{children}</OpenList>
      {listed && (
        <Suspense>
          <ShortcutList
            shortcuts={shortcuts}
            enabled={enabled}
            onEnable={setEnabled}
            onClose={() => setListed(false)}
          />
        </Suspense>
      )}
    </Shortcuts>
  )
}

/** Opens the list, also where there is no keyboard or the keys are off. */
export function ShortcutButton() {
  const open = use(OpenList)
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Keyboard shortcuts" onClick={open}>
      <Icon name="keyboard" size={18} />
    </ActionIcon>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
