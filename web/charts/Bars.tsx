// One bar a group, as a list that reads well without seeing it: the name, the bar, the number with its unit.

import { formatNumber, scaleFor } from '../ui/format.ts'
import css from './Bars.module.css'

interface BarsProps {
  label: string
  bars: readonly { key: string; name: string; value: number; colour: string }[]
  unit: string
}

export function Bars({ label, bars, unit }: BarsProps) {
  const greatest = Math.max(0, ...bars.map((bar) => bar.value))
  const least = Math.min(0, ...bars.map((bar) => bar.value))
  const span = greatest - least || 1
  const scale = scaleFor(unit, Math.max(greatest, -least))
  return (
    <ul className={css.bars} aria-label={label}>
      {bars.map(({ key, name, value, colour }) => (
        <li key={key} className={css.row}>
          <span className={css.name} title={name}>
            {name}
          </span>
          <span className={css.track} aria-hidden="true">
            <span
              className={css.bar}
              style={{
                left: `${((Math.min(0, value) - least) / span) * 100}%`,
                width: `${(Math.abs(value) / span) * 100}%`,
                background: `var(${colour})`,
              }}
            />
          </span>
          <span className={css.value}>
            {formatNumber(value / scale.divisor)} <span className={css.unit}>{scale.unit}</span>
          </span>
        </li>
      ))}
    </ul>
  )
}
