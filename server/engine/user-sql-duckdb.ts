// The second look at what was printed for DuckDB: its own parser reads the statement and says what it would call and
// read. Only what the gate prints may be among that. Knows the tree of `json_serialize_sql`, no connection.

import { DUCKDB_CALLS } from './user-sql-functions.ts'

const SCHEMAS = new Set(['public_data', 'dataset'])

type Tree = Record<string, unknown>

/** What is wrong with a statement, given what `json_serialize_sql` makes of it; undefined when it may run. */
export function faultOfSerialized(json: string): string | undefined {
  const root = JSON.parse(json) as Tree // one object, as DuckDB writes it
  if (root.error !== false)
    return typeof root.error_message === 'string' ? root.error_message : 'The statement cannot be read'
  if (!Array.isArray(root.statements) || root.statements.length !== 1)
    return 'Write one select, nothing after it'
  const ctes = new Set<unknown>()
  const nodes = [...objectsIn(root)]
  for (const node of nodes) if (isCommonTable(node)) ctes.add(node.key)
  for (const node of nodes) {
    const fault = faultOfNode(node, ctes)
    if (fault !== undefined) return fault
  }
  return undefined
}

function isCommonTable(node: Tree): boolean {
  return typeof node.key === 'string' && typeof node.value === 'object'
}

function faultOfNode(node: Tree, ctes: Set<unknown>): string | undefined {
  if (node.type === 'BASE_TABLE') {
    const isKnown =
      node.schema_name === '' ? ctes.has(node.table_name) : SCHEMAS.has(String(node.schema_name))
    if (!isKnown || node.catalog_name !== '') return `There is no table ${String(node.table_name)}`
  }
  if (node.type === 'RECURSIVE_CTE_NODE') return 'with recursive is not allowed'
  if (typeof node.function_name === 'string' && !DUCKDB_CALLS.has(node.function_name.toLowerCase())) {
    return `There is no function ${node.function_name} here`
  }
  return undefined
}

function* objectsIn(root: unknown): Generator<Tree> {
  const waiting: unknown[] = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null) continue
    if (!Array.isArray(node)) yield node as Tree // an object that is no list
    waiting.push(...Object.values(node))
  }
}
