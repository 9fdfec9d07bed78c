import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createPalette } from './palette.ts'

type Triple = [number, number, number]
type Matrix = [Triple, Triple, Triple]

/** What is seen of linear light without red, and without green: Machado, Oliveira and Fernandes (2009), in full. */
const SIGHTS: Record<string, Matrix> = {
  'full sight': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
}
/** In CIE Lab; 2.3 is just noticeable side by side. */
const LEAST_DISTANCE = 11
/** WCAG 2.2, 1.4.11: parts of a graphic against what is beside them. */
const LEAST_CONTRAST = 2.95

for (const scheme of ['light', 'dark']) {
  describe(`series colours, ${scheme}`, () => {
    const variables = readScheme(scheme)
    const colours = Array.from({ length: 8 }, (_, i) => linear(variables.get(`--series-${i + 1}`) ?? ''))
    const ground = luminance(linear(variables.get('--surface') ?? ''))

    test('stand out from the panel', () => {
      for (const [i, colour] of colours.entries()) {
        const [dark = 0, light = 0] = [luminance(colour), ground].sort((a, b) => a - b)
        assert.ok((light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST, `series ${i + 1}`)
      }
    })

    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      test(`are told apart with ${sight}`, () => {
        const seen = colours.map((colour) => lab(matrix.map((row) => clamp(dot(row, colour))) as Triple)) // three rows
        seen.forEach((a, i) => {
          seen.slice(0, i).forEach((b, j) => {
            const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
            assert.ok(distance >= LEAST_DISTANCE, `series ${j + 1} and ${i + 1}: ${distance.toFixed(1)}`)
          })
        })
      })
    }
  })
}

test('a series keeps its colour, and those known beforehand come first', () => {
  const colourOf = createPalette(['a', 'b'])

  assert.deepEqual(
    [colourOf('x'), colourOf('b'), colourOf('a'), colourOf('x')],
    ['--series-3', '--series-2', '--series-1', '--series-3'],
  )
})

function readScheme(scheme: string): Map<string, string> {
  const css = readFileSync(new URL('../theme.css', import.meta.url), 'utf8')
  const block = css.split(`:root[data-mantine-color-scheme="${scheme}"] {`)[1]?.split('}')[0] ?? ''
  return new Map(
    [...block.matchAll(/(--[a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
}

function linear(hex: string): Triple {
  const part = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [part(1), part(3), part(5)]
}

function luminance(colour: Triple): number {
  return dot([0.2126, 0.7152, 0.0722], colour)
}

function lab(colour: Triple): Triple {
  const bend = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)
  const x = bend(dot([0.4124, 0.3576, 0.1805], colour) / 0.9505)
  const y = bend(dot([0.2126, 0.7152, 0.0722], colour))
  const z = bend(dot([0.0193, 0.1192, 0.9505], colour) / 1.089)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}
