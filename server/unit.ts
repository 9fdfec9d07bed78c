// Units of what is measured: what a text such as `kWh` or `m3/h` means, and how a value goes from one unit to another.
// Exact: factors are fractions of whole numbers. Pure.
//
// Sources: [SI] SI Brochure, 9th edition (BIPM 2019): base and derived units tables 2 and 4, prefixes table 7, units
// outside the SI table 8. [SI8] 8th edition (2006), tables 8 and 9: bar, mmHg, knot, nautical mile.
// [SP811] NIST Special Publication 811 (2008), appendix B: degree Fahrenheit, standard atmosphere, calorie, inch, foot,
// mile, pound, psi, revolution per minute. [IEC] IEC 80000-6 for VA and var, which stay apart from W here: power that
// works, apparent and reactive power are not converted into one another.

/** A value in the first unit becomes `(value * factor + offset) / divisor` in the second. */
export interface Conversion {
  factor: number
  offset: number
  divisor: number
}

interface Fraction {
  over: bigint
  under: bigint
}

/** A value `x` of the unit is `x * factor + offset` in the base units of the dimension. */
interface Unit {
  /** Exponents of the base units, such as `kg1 m2 s-3`. */
  dimension: string
  factor: Fraction
  offset: Fraction
}

type Exponents = Partial<Record<string, number>>

/** A named unit: what it is in base units; `prefixes` says whether `k`, `M` … may stand before it. */
interface Symbol {
  base: Exponents
  factor: string
  prefixes?: true
}

/** As Unicode's NFKC writes them, whichever of its two signs is typed. */
const [OHM, MICRO] = ['\u03a9', '\u03bc']
const POWER = { kg: 1, m: 2, s: -3 }
const ENERGY = { kg: 1, m: 2, s: -2 }
const PRESSURE = { kg: 1, m: -1, s: -2 }
const si = (base: Exponents, factor = '1'): Symbol => ({ base, factor, prefixes: true })
const other = (base: Exponents, factor: string): Symbol => ({ base, factor })

const SYMBOLS = new Map<string, Symbol>([
  // [SI] table 2; the gram, since prefixes go before it.
  ['m', si({ m: 1 })],
  ['g', si({ kg: 1 }, '1/1000')],
  ['s', si({ s: 1 })],
  ['A', si({ A: 1 })],
  ['K', si({ K: 1 })],
  ['mol', si({ mol: 1 })],
  ['cd', si({ cd: 1 })],
  // [SI] table 4.
  ['rad', si({ angle: 1 })],
  ['Hz', si({ s: -1 })],
  ['N', si({ kg: 1, m: 1, s: -2 })],
  ['Pa', si(PRESSURE)],
  ['J', si(ENERGY)],
  ['W', si(POWER)],
  ['C', si({ A: 1, s: 1 })],
  ['V', si({ kg: 1, m: 2, s: -3, A: -1 })],
  ['F', si({ kg: -1, m: -2, s: 4, A: 2 })],
  [OHM, si({ kg: 1, m: 2, s: -3, A: -2 })],
  ['S', si({ kg: -1, m: -2, s: 3, A: 2 })],
  ['Wb', si({ kg: 1, m: 2, s: -2, A: -1 })],
  ['T', si({ kg: 1, s: -2, A: -1 })],
  ['H', si({ kg: 1, m: 2, s: -2, A: -2 })],
  ['lm', si({ cd: 1 })],
  ['lx', si({ cd: 1, m: -2 })],
  // [SI] table 8; the degree by pi to 16 digits.
  ['min', other({ s: 1 }, '60')],
  ['h', other({ s: 1 }, '3600')],
  ['d', other({ s: 1 }, '86400')],
  ['°', other({ angle: 1 }, '3141592653589793/180000000000000000')],
  ['ha', other({ m: 2 }, '10000')],
  ['l', si({ m: 3 }, '1/1000')],
  ['t', si({ kg: 1 }, '1000')],
  ['eV', si(ENERGY, '1602176634/10000000000000000000000000000')],
  // Energy and charge as meters give them: the unit times an hour.
  ['Wh', si(ENERGY, '3600')],
  ['Ah', si({ A: 1, s: 1 }, '3600')],
  // [IEC]
  ['VA', si({ ...POWER, apparent: 1 })],
  ['VAh', si({ ...ENERGY, apparent: 1 }, '3600')],
  ['var', si({ ...POWER, reactive: 1 })],
  ['varh', si({ ...ENERGY, reactive: 1 }, '3600')],
  // [SI8]
  ['bar', si(PRESSURE, '100000')],
  ['mmHg', other(PRESSURE, '133322387415/1000000000')],
  ['kn', other({ m: 1, s: -1 }, '1852/3600')],
  ['nmi', other({ m: 1 }, '1852')],
  // [SP811]
  ['atm', other(PRESSURE, '101325')],
  ['psi', other(PRESSURE, '8896443230521/1290320000')],
  ['cal', si(ENERGY, '4184/1000')],
  ['in', other({ m: 1 }, '254/10000')],
  ['ft', other({ m: 1 }, '3048/10000')],
  ['mi', other({ m: 1 }, '1609344/1000')],
  ['lb', other({ kg: 1 }, '45359237/100000000')],
  ['rpm', other({ s: -1 }, '1/60')],
  // Parts of one.
  ['1', other({}, '1')],
  ['%', other({}, '1/100')],
  ['‰', other({}, '1/1000')],
  ['ppm', other({}, '1/1000000')],
])

/** [SI] table 4 and [SP811]: kelvins are `(x + plus) * times`. They only stand alone. */
const TEMPERATURES = new Map([
  ['°C', { times: '1', plus: '27315/100' }],
  ['°F', { times: '5/9', plus: '45967/100' }],
])

/** [SI] table 7. */
const PREFIXES = new Map([
  ['Q', 30],
  ['R', 27],
  ['Y', 24],
  ['Z', 21],
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['h', 2],
  ['da', 1],
  ['d', -1],
  ['c', -2],
  ['m', -3],
  [MICRO, -6],
  ['u', -6],
  ['n', -9],
  ['p', -12],
  ['f', -15],
  ['a', -18],
  ['z', -21],
  ['y', -24],
  ['r', -27],
  ['q', -30],
])

/** Other ways of writing the same. */
const SPELLINGS: [RegExp, string][] = [
  [/\bdeg ?([CF])\b/g, '°$1'],
  [/\bdeg\b/g, '°'],
  [/[Oo]hm\b/g, OHM],
  [/V(?:Ar|AR)(?=h?\b)/g, 'var'],
  [/(^|[^a-zA-Z])([a-zA-Zμ]?)L\b/g, '$1$2l'],
  [/−/g, '-'],
]
const MOST_EXPONENT = 12

/**
 * How values in the unit `from` become values in `to`. Undefined when one of them is not known (`passengers`), or when they
 * measure different things. The same text twice is one unit, known or not.
 */
export function convert(from: string, to: string): Conversion | undefined {
  if (from.trim() === to.trim()) return { factor: 1, offset: 0, divisor: 1 }
  const [source, target] = [parseUnit(from), parseUnit(to)]
  if (!source || !target || source.dimension !== target.dimension) return undefined
  const ratio = divide(source.factor, target.factor)
  const shift = divide(subtract(source.offset, target.offset), target.factor)
  return {
    factor: Number(ratio.over),
    offset: toNumber(multiply(shift, { over: ratio.under, under: 1n })),
    divisor: Number(ratio.under),
  }
}

/** A value in the unit that a conversion leads to; not finite where it is beyond 1.8e308. */
export function converted(value: number, { factor, offset, divisor }: Conversion): number {
  return (value * factor + offset) / divisor
}

/** The unit that a text means: named units with prefixes and powers, multiplied, over others. Undefined when unknown. */
export function parseUnit(text: string): Unit | undefined {
  let plain = text.normalize('NFKC').trim()
  for (const [spelling, meant] of SPELLINGS) plain = plain.replace(spelling, meant)
  const temperature = TEMPERATURES.get(plain)
  if (temperature) {
    const factor = fraction(temperature.times)
    return { dimension: 'K1', factor, offset: multiply(fraction(temperature.plus), factor) }
  }
  const [above = '', below, ...rest] = plain.split('/')
  if (rest.length > 0) return undefined
  const product: Product = { exponents: new Map(), factor: { over: 1n, under: 1n } }
  if (!take(product, above, 1)) return undefined
  if (below !== undefined) {
    const inside = /^\((.*)\)$/.exec(below.trim())?.[1]
    // What follows a solidus and a further unit is read one way by some and another by others.
    if (inside === undefined && termsOf(below).length > 1) return undefined
    if (!take(product, inside ?? below, -1)) return undefined
  }
  const powers = [...product.exponents].filter(([, exponent]) => exponent !== 0)
  const dimension = powers
    .map(([base, exponent]) => base + exponent)
    .sort()
    .join(' ')
  return { dimension, factor: product.factor, offset: { over: 0n, under: 1n } }
}

interface Product {
  exponents: Map<string, number>
  factor: Fraction
}

const termsOf = (text: string) => text.trim().split(/[\s.*·⋅×]+/)

/** Multiplies the units of a text into the product, or divides by them; false when one is unknown. */
function take(product: Product, text: string, sign: 1 | -1): boolean {
  return termsOf(text).every((term) => {
    const [, name = '', digits = '1'] = /^(.+?)(?:\^?([+-]?\d+))?$/.exec(term) ?? []
    const unit = findSymbol(name)
    const exponent = Number(digits) * sign
    if (!unit || exponent === 0 || Math.abs(exponent) > MOST_EXPONENT) return false
    for (const [base, each = 0] of Object.entries(unit.base)) {
      product.exponents.set(base, (product.exponents.get(base) ?? 0) + each * exponent)
    }
    const { over, under } = unit.factor
    const power = BigInt(Math.abs(exponent))
    const times = { over: over ** power, under: under ** power }
    product.factor = exponent > 0 ? multiply(product.factor, times) : divide(product.factor, times)
    return true
  })
}

function findSymbol(name: string): { base: Exponents; factor: Fraction } | undefined {
  const whole = SYMBOLS.get(name)
  if (whole) return { base: whole.base, factor: fraction(whole.factor) }
  for (const length of [2, 1]) {
    const power = PREFIXES.get(name.slice(0, length))
    const symbol = SYMBOLS.get(name.slice(length))
    if (power === undefined || !symbol?.prefixes) continue
    const times = 10n ** BigInt(Math.abs(power))
    const factor = fraction(symbol.factor)
    const scale = { over: times, under: 1n }
    return { base: symbol.base, factor: power > 0 ? multiply(factor, scale) : divide(factor, scale) }
  }
  return undefined
}

/** `1852/3600` and the like. */
function fraction(text: string): Fraction {
  const [over = '', under = '1'] = text.split('/')
  return reduced(BigInt(over), BigInt(under))
}

const multiply = (a: Fraction, b: Fraction) => reduced(a.over * b.over, a.under * b.under)
const divide = (a: Fraction, b: Fraction) => reduced(a.over * b.under, a.under * b.over)
const subtract = (a: Fraction, b: Fraction) => reduced(a.over * b.under - b.over * a.under, a.under * b.under)
const toNumber = ({ over, under }: Fraction) => Number(over) / Number(under)

function reduced(over: bigint, under: bigint): Fraction {
  let [a, b] = [over < 0n ? -over : over, under]
  while (b !== 0n) [a, b] = [b, a % b]
  return { over: over / a, under: under / a }
}
