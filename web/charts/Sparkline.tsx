// The course of a number in a few pixels, without axes; decoration beside the number itself.

import css from './Sparkline.module.css'

const WIDTH = 120
const HEIGHT = 32
const EDGE = 2

export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return null
  const least = Math.min(...known)
  const span = Math.max(...known) - least || 1
  const step = WIDTH / Math.max(1, values.length - 1)
  const y = (value: number) => HEIGHT - EDGE - ((value - least) / span) * (HEIGHT - 2 * EDGE)
  const pieces = values.map((value, i) => {
    if (value === null) return ''
    return `${i === 0 || values[i - 1] === null ? 'M' : 'L'}${(i * step).toFixed(1)},${y(value).toFixed(1)}`
  })
  return (
    <svg
      className={css.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={pieces.join('')} />
    </svg>
  )
}
