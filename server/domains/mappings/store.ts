// Rows of `mapping_template` in control; the mapping is JSON text. SQL in, plain objects out; no rules here.

import type { MappingTemplate } from '../../../contract/mapping.ts'
import type { Db } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

export type StoredTemplate = Omit<MappingTemplate, 'built_in'>
type TemplateRow = Omit<StoredTemplate, 'mapping'> & { mapping: string }

const SELECT_TEMPLATE = sql`
  select name, description, target, mapping, created_at, updated_at
  from mapping_template`

export async function findTemplate(db: Db, name: string): Promise<StoredTemplate | undefined> {
  const [row] = await db.query<TemplateRow>(sql`
    ${SELECT_TEMPLATE}
    where name = ${name}`)
  return row && decode(row)
}

/** Templates by name, those behind `after`. */
export async function listTemplates(db: Db, after: string, limit: number): Promise<StoredTemplate[]> {
  const rows = await db.query<TemplateRow>(sql`
    ${SELECT_TEMPLATE}
    where name > ${after}
    order by name
    limit ${limit}`)
  return rows.map(decode)
}

export async function insertTemplate(tx: Db, template: StoredTemplate): Promise<void> {
  const { name, description, target, mapping, created_at, updated_at } = template
  await tx.run(sql`
    insert into mapping_template (name, description, target, mapping, created_at, updated_at)
    values (${name}, ${description}, ${target}, ${JSON.stringify(mapping)}, ${created_at}, ${updated_at})`)
}

export async function updateTemplate(tx: Db, template: StoredTemplate): Promise<void> {
  const { name, description, target, mapping, updated_at } = template
  await tx.run(sql`
    update mapping_template
    set description = ${description}, target = ${target}, mapping = ${JSON.stringify(mapping)},
      updated_at = ${updated_at}
    where name = ${name}`)
}

export async function removeTemplate(tx: Db, name: string): Promise<number> {
  return tx.run(sql`delete from mapping_template where name = ${name}`)
}

function decode(row: TemplateRow): StoredTemplate {
  return { ...row, mapping: JSON.parse(row.mapping) }
}
