import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TSchema, Type } from 'typebox'
import { NewAsset } from '../../contract/assets.ts'
import { Nullable } from '../../contract/basics.ts'
import { NewDashboard } from '../../contract/dashboards.ts'
import { MeasurementQuery, NewMeasurement } from '../../contract/measurements.ts'
import { Definition } from '../../contract/metrics.ts'
import type { AppError } from '../errors.ts'
import { createValidatorCompiler } from './validation.ts'

const compile = createValidatorCompiler()

function refusal(schema: TSchema, value: unknown, httpPart = 'body'): AppError {
  const validate = compile({ schema, httpPart, method: 'POST', url: '/' })
  return (validate(value) as { error: AppError }).error // every value here is refused
}

const CASES: [string, TSchema, unknown, [string, string][]][] = [
  ['a missing member stands at its own place', NewAsset, { type: 'site' }, [['/name', 'is required']]],
  [
    'a key with a slash is escaped',
    NewAsset,
    { type: 'site', name: 'a', 'b/c': 1 },
    [['/b~1c', 'is not known here']],
  ],
  [
    'of null or something, both are named',
    NewAsset,
    { type: 'site', name: 'a', parent_id: 1 },
    [['/parent_id', 'must be text or null']],
  ],
  [
    'of null or something with a limit, the limit',
    NewAsset,
    { type: 'site', name: 'a', latitude: 91 },
    [['/latitude', 'must be at most 90']],
  ],
  [
    'a pattern is told by its description',
    NewAsset,
    { id: 'a/b', type: 'site', name: 'a' },
    [
      [
        '/id',
        'is not accepted; it takes: Text without control characters or slashes, at most 200 characters',
      ],
    ],
  ],
  [
    'a pattern without one by its example',
    NewAsset,
    { type: 'Site!', name: 'a' },
    [['/type', 'must look like "transformer"']],
  ],
  [
    'of a union, the branch that is nearest',
    Type.Array(NewMeasurement),
    [{ signal_id: 'a', measured_at: 'now', value: '1' }],
    [['/0/value', 'must be a number']],
  ],
  [
    'of a union by kind, the branch of that kind',
    Definition,
    { kind: 'formula', expression: '', dataset: 'x' },
    [['/expression', 'must not be empty']],
  ],
  [
    'a kind that no branch has',
    Definition,
    { kind: 'magic' },
    [['/kind', 'must be one of "signal", "formula", "sql"']],
  ],
  [
    'a union within a list within an object',
    NewDashboard,
    {
      name: 'x',
      panels: [{ i: 'a', title: 'b', type: 'stat', metric_id: 5 }, { type: 'zzz' }],
      layouts: { lg: [] },
    },
    [
      ['/panels/0/metric_id', 'must be text'],
      ['/panels/1/type', 'must be one of "stat", "line", "bar", "rejects", "table"'],
    ],
  ],
  ['nothing at all', NewAsset, undefined, [['', 'must be an object']]],
  [
    'a union of nothing but types',
    Nullable(Type.Union([Type.Number(), Type.Boolean()])),
    'x',
    [['', 'must be a number or true or false or null']],
  ],
]

for (const [name, schema, value, faults] of CASES) {
  test(name, () => {
    assert.deepEqual(
      refusal(schema, value).faults,
      faults.map(([path, message]) => ({ path, message })),
    )
  })
}

test('the sentence names the first fault, where it is, and how many more there are', () => {
  const error = refusal(MeasurementQuery, { signal_id: 'a', order: 'up', limit: '0', no: '1' }, 'querystring')

  assert.equal(error.code, 'invalid')
  assert.match(
    error.message,
    /^in the query string, \/no is not known here \(and 2 more, listed in errors\)$/,
  )
})

test('a hundred thousand wrong rows are refused at once, and the first hundred shown', () => {
  const rows = Array.from({ length: 100_000 }, () => ({ signal_id: 'a', measured_at: 'now', value: 'x' }))

  const start = performance.now()
  const error = refusal(Type.Array(NewMeasurement), rows)

  assert.ok((error.faults?.length ?? 0) <= 100)
  assert.ok(performance.now() - start < 1000)
})
