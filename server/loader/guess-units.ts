// The unit that a column's name tells: `power_kw`, `U [kV]`, `Temp (°C)`. Pure.

/** Spellings as they stand in names, without blanks and in lower case where that is not another unit. */
const UNITS = [
  'V mV kV MV A mA kA W kW MW GW VA kVA MVA var kvar Mvar Wh kWh MWh GWh kvarh Mvarh Ah J kJ MJ GJ',
  'Hz kHz MHz rpm °C °F K Pa hPa kPa MPa mbar bar m mm cm km m2 m3 l m/s km/h m3/h l/s l/min',
  'kg g t kg/s t/h N kN Nm s ms min h % ppm Ω W/m2 kWh/m2 lx dB ° EUR CHF USD EUR/MWh CHF/MWh ct/kWh',
].flatMap((line) => line.split(' '))
const SPELLINGS = new Map<string, string>([
  ...UNITS.map((unit): [string, string] => [unit.toLowerCase(), unit]),
  // A small m is a thousandth far more often than a capital one is meant.
  ['mv', 'mV'],
  ['ma', 'mA'],
  ['mw', 'MW'],
  ['ms', 'ms'],
  ['degc', '°C'],
  ['celsius', '°C'],
  ['degf', '°F'],
  ['pct', '%'],
  ['percent', '%'],
  ['prozent', '%'],
  ['ohm', 'Ω'],
  ['€', 'EUR'],
  ['m²', 'm2'],
  ['m³', 'm3'],
  ['w/m²', 'W/m2'],
  ['m³/h', 'm3/h'],
])
/** Of one letter, only these are units often enough when they stand behind an underscore. */
const SHORT = new Set(['v', 'a', 'w', 'k'])
const IN_BRACKETS = /[[({]\s*([^\])}]{1,20}?)\s*[\])}]\s*$/

/** Undefined when the name tells none. In brackets any unit is taken as it stands, behind an underscore a known one. */
export function guessUnit(name: string): string | undefined {
  const [, inside] = IN_BRACKETS.exec(name) ?? []
  if (inside !== undefined)
    return UNITS.includes(inside) ? inside : (SPELLINGS.get(inside.toLowerCase()) ?? inside)
  const words = name.split(/[_\s]+|(?<=[a-z])-(?=[a-z])/)
  const last = words.length > 1 ? (words.at(-1) ?? '') : ''
  if (last.length === 1 && !SHORT.has(last.toLowerCase()) && last !== '%') return undefined
  return UNITS.includes(last) ? last : SPELLINGS.get(last.toLowerCase())
}

/** The name without the unit that stands in brackets behind it. */
export function withoutUnit(name: string): string {
  return name.replace(IN_BRACKETS, '').trim()
}

const QUANTITIES: [RegExp, string][] = [
  [/^[mkM]?V$/, 'voltage'],
  [/^[mk]?A$/, 'current'],
  [/^[kMG]?(W|VA)$/, 'power'],
  [/^[kM]?var$/, 'reactive power'],
  [/^[kMG]?Wh$/, 'energy'],
  [/^(°C|°F|K)$/, 'temperature'],
  [/^[kM]?Hz$/, 'frequency'],
  [/^([hkM]?Pa|m?bar)$/, 'pressure'],
]

/** What is measured in a unit; undefined for one that measures many things. */
export function quantityOfUnit(unit: string): string | undefined {
  return QUANTITIES.find(([pattern]) => pattern.test(unit))?.[1]
}
