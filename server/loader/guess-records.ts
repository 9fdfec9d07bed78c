// Where the rows of a JSON file are: the array that holds most objects, found in a head that may break off. Pure.

import type { Guess } from './guess.ts'

const MOST_DEPTH = 4

/** The path to the rows, keys joined by dots; empty where the file itself is the array. Undefined without any array. */
export function guessJsonRecords(text: string): Guess<string> | undefined {
  const value = parse(text)
  if (value === undefined) return undefined
  const arrays = listArrays(value, [], MOST_DEPTH).sort((a, b) => b.objects - a.objects)
  const [best, second] = arrays
  if (!best) return undefined
  const where = best.path === '' ? 'the file itself' : `the array at ${best.path}`
  const why = `${where} holds ${best.objects === 1 ? 'an object' : 'the most objects'}`
  return { value: best.path, confidence: second && second.objects * 2 > best.objects ? 0.7 : 0.97, why }
}

interface FoundArray {
  path: string
  objects: number
}

/** Arrays of objects that can be reached by keys alone; a key with a dot in it cannot stand in a path. */
function listArrays(value: unknown, keys: string[], depth: number): FoundArray[] {
  if (Array.isArray(value)) {
    const objects = value.filter(
      (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
    ).length
    return objects === 0 ? [] : [{ path: keys.join('.'), objects }]
  }
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.entries(value)
    .filter(([key]) => !key.includes('.'))
    .flatMap(([key, inner]) => listArrays(inner, [...keys, key], depth - 1))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return parseCut(text)
  }
}

/** A text that breaks off, up to the last value that is whole, with everything closed that is open there. */
function parseCut(text: string): unknown {
  let open = ''
  let inText = false
  let cut = { at: 0, open: '' }
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (inText) {
      if (character === '\\') at++
      else if (character === '"') inText = false
    } else if (character === '"') inText = true
    else if (character === '{') open += '}'
    else if (character === '[') open += ']'
    else if (character === '}' || character === ']') open = open.slice(0, -1)
    else if (character === ',') cut = { at, open }
  }
  try {
    return JSON.parse(text.slice(0, cut.at) + cut.open.split('').reverse().join(''))
  } catch {
    return undefined
  }
}
