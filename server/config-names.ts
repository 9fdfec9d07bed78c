// Which names in an environment were meant as settings and are not: those with our prefix, and near misses.
// An environment holds many names of others, so that being unknown alone is no fault.

/** Names that look like settings but are none of `known`, each with the setting that was probably meant. */
export function mistypedNames(
  names: string[],
  known: string[],
  values: Record<string, string>,
): { name: string; meant: string | undefined }[] {
  return names
    .filter((name) => !known.includes(name) && !setByKubernetes(name, values[name] ?? ''))
    .map((name) => ({ name, meant: known.find((setting) => isNear(name, setting)) }))
    .filter(({ name, meant }) => meant !== undefined || name.startsWith('TIDEMARK_'))
}

/** Kubernetes tells each container of a service named `tidemark` in variables such as TIDEMARK_PORT_8080_TCP. */
function setByKubernetes(name: string, value: string): boolean {
  return /^TIDEMARK_(SERVICE_(HOST|PORT)|PORT_\d+_TCP)/.test(name) || /^(tcp|udp):\/\//.test(value)
}

/** One slip for short names, so that HOME is not taken for HOST; two for longer ones. */
function isNear(name: string, setting: string): boolean {
  const slips = setting.length < 8 ? 1 : 2
  return Math.abs(name.length - setting.length) <= slips && distance(name, setting) <= slips
}

/** Letters to insert, remove, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    rows.push(line)
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      line.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + same,
          swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return at(a.length, b.length)
}
