// The names of a chart's series with their colours; a press hides or shows one.

import css from './Legend.module.css'

interface LegendProps {
  items: readonly { key: string; name: string; colour: string }[]
  hidden: ReadonlySet<string>
  onToggle: (key: string) => void
}

export function Legend({ items, hidden, onToggle }: LegendProps) {
  return (
    <ul className={css.legend} aria-label="Series">
      {items.map(({ key, name, colour }) => (
        <li key={key}>
          <button
            type="button"
            className={css.item}
            aria-pressed={!hidden.has(key)}
            title={name}
            onClick={() => onToggle(key)}
          >
            <span className={css.swatch} style={{ background: `var(${colour})` }} />
            <span className={css.name}>{name}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
