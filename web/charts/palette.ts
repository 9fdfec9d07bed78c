// Which colour a series has: the same on every chart of a page, and told apart by people who see few colours.

const COLOURS = 8

/** Gives each key a colour at its first mention and keeps it; `first` are known beforehand, in their order. */
export function createPalette(first: readonly string[]): (key: string) => string {
  const slots = new Map<string, number>()
  const slotOf = (key: string) => {
    const known = slots.get(key)
    if (known !== undefined) return known
    slots.set(key, slots.size)
    return slots.size - 1
  }
  first.forEach(slotOf)
  return (key) => `--series-${(slotOf(key) % COLOURS) + 1}`
}
