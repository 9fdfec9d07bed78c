import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttributeSchema, Attributes } from './attribute-schema.ts'
import { compileAttributes, findSchemaFaults } from './attribute-schema.ts'
import { BUILT_IN_TYPES } from './built-in-types.ts'

function faultsIn(typeName: string, attributes: Attributes) {
  const type = BUILT_IN_TYPES.find(({ name }) => name === typeName)
  if (!type) throw new Error(`no type ${typeName}`)
  return compileAttributes(type.attributes_schema)(attributes)
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

describe('schemas of attributes', () => {
  test('those of the built-in types are taken', () => {
    for (const type of BUILT_IN_TYPES) assert.deepEqual(findSchemaFaults(type.attributes_schema), [])
  })

  const refused: [string, AttributeSchema, string][] = [
    ['no type', {}, '/attributes_schema/type'],
    ['another type', { type: 'array' }, '/attributes_schema/type'],
    [
      'a type that does not exist',
      { type: 'object', properties: { a: { type: 'decimal' } } },
      '/attributes_schema/properties/a/type',
    ],
    [
      'a bound that is text',
      { type: 'object', properties: { a: { minimum: '1' } } },
      '/attributes_schema/properties/a/minimum',
    ],
    ['a keyword spelled wrong', { type: 'object', requird: ['a'] }, '/attributes_schema/requird'],
    [
      'a reference',
      { type: 'object', properties: { a: { $ref: '#' } } },
      '/attributes_schema/properties/a/$ref',
    ],
    ['properties that are no object', { type: 'object', properties: 3 }, '/attributes_schema/properties'],
    ['required that is no list', { type: 'object', required: 'a' }, '/attributes_schema/required'],
    [
      'a pattern that is none',
      { type: 'object', properties: { a: { pattern: '(' } } },
      '/attributes_schema/properties/a/pattern',
    ],
    [
      'a pattern that needs backtracking',
      { type: 'object', properties: { a: { pattern: '(.)\\1' } } },
      '/attributes_schema/properties/a/pattern',
    ],
    ['too deep a value', { type: 'object', default: nested(5000) }, '/attributes_schema'],
    ['too many characters', { type: 'object', title: 'x'.repeat(40_000) }, '/attributes_schema'],
  ]
  for (const [what, schema, path] of refused) {
    test(`${what} is refused at its place`, () => {
      assert.deepEqual(
        findSchemaFaults(schema).map((fault) => fault.path),
        [path],
      )
    })
  }
})

describe('attributes', () => {
  test('what the type asks for is said attribute by attribute', () => {
    assert.deepEqual(faultsIn('transformer', { capacity_mva: 40, voltage_kv: 110, maker: 'x' }), [])
    assert.deepEqual(faultsIn('transformer', { capacity_mva: 0 }), [
      { path: '/attributes/voltage_kv', message: 'is required by this type', rule: 'required' },
      { path: '/attributes/capacity_mva', message: 'must be > 0', rule: 'range' },
    ])
    assert.deepEqual(faultsIn('switch', { status: 'ajar' }), [
      { path: '/attributes/status', message: 'must be one of "open", "closed"', rule: 'one_of' },
    ])
    assert.deepEqual(faultsIn('line', { length_km: '5', voltage_kv: 20 }), [
      { path: '/attributes/length_km', message: 'must be number', rule: 'type' },
    ])
  })

  test('an attribute that a closed type does not know is named once', () => {
    const check = compileAttributes({
      type: 'object',
      additionalProperties: false,
      properties: { gone: false },
    })

    assert.deepEqual(check({ 'a/b': 1 }), [
      { path: '/attributes/a~1b', message: 'is not an attribute of this type', rule: 'structure' },
    ])
    assert.deepEqual(check({ gone: 1 }), [
      { path: '/attributes/gone', message: 'must be left out', rule: 'structure' },
    ])
  })

  test('a pattern is checked without backtracking, and an attribute may be called pattern', () => {
    const schema = { type: 'object', properties: { pattern: { type: 'string', pattern: '^(a+)+$' } } }
    const check = compileAttributes(schema)

    assert.deepEqual(findSchemaFaults(schema), [])
    assert.deepEqual(check({ pattern: 'aaa' }), [])
    assert.deepEqual(check({ pattern: `${'a'.repeat(5000)}!` }), [
      { path: '/attributes/pattern', message: 'must match the pattern ^(a+)+$', rule: 'pattern' },
    ])
  })

  test('what not every engine can store is refused', () => {
    const check = compileAttributes({ type: 'object' })

    for (const attributes of [
      { a: '\u0000' },
      { a: '\ud800' },
      { '\udfff': 1 },
      { a: Infinity },
      { a: 'x'.repeat(70_000) },
      { a: nested(5000) },
    ]) {
      assert.equal(check(attributes).length, 1)
    }
    assert.deepEqual(check({ a: '\\u0000', b: '😀', c: '\\\\ud800' }), [])
  })
})
