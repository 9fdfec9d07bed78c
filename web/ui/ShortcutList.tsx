// The list of keys, in a dialog of its own. A file of its own, since most people never open it.

import { Kbd, Modal, Switch } from '@mantine/core'
import css from './ShortcutList.module.css'
import type { Shortcut } from './shortcuts.tsx'

interface ShortcutListProps {
  shortcuts: readonly Shortcut[]
  enabled: boolean
  onEnable: (enabled: boolean) => void
  onClose: () => void
}

export function ShortcutList({ shortcuts, enabled, onEnable, onClose }: ShortcutListProps) {
  const listed = [{ key: '?', does: 'This list' }, ...shortcuts, { key: 'Esc', does: 'Leave what is open' }]
  return (
    <Modal opened onClose={onClose} title="Keyboard" size="xs">
      <dl className={css.list}>
        {listed.map(({ key, does }) => (
          <div key={key}>
            <dt>{does}</dt>
            <dd>
              <Kbd>{key}</Kbd>
            </dd>
          </div>
        ))}
      </dl>
      <Switch
        className={css.toggle}
        size="sm"
        label="Single keys do something"
        checked={enabled}
        onChange={(event) => onEnable(event.currentTarget.checked)}
      />
    </Modal>
  )
}
