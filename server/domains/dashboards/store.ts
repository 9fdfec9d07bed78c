// Rows of `dashboard` in control; panels and layouts are JSON text. SQL in, plain objects out; no rules here.

import type { Dashboard } from '../../../contract/dashboards.ts'
import type { Db } from '../../engine/db.ts'
import { sql } from '../../engine/sql.ts'

type StoredDashboard = Omit<Dashboard, 'panels' | 'layouts'> & { panels: string; layouts: string }

const SELECT_DASHBOARD = sql`
  select id, name, default_from, default_to, tz, panels, layouts, version, created_at, updated_at
  from dashboard`

export async function findDashboard(db: Db, id: string): Promise<Dashboard | undefined> {
  const [row] = await db.query<StoredDashboard>(sql`
    ${SELECT_DASHBOARD}
    where id = ${id}`)
  return row && decode(row)
}

/** Where a page of the list begins: after the dashboard made then, with this id. */
export type Position = [created_at: string, id: string]

/** Dashboards in the order in which they were made, those after a position. */
export async function listDashboards(db: Db, after: Position | null, limit: number): Promise<Dashboard[]> {
  const [createdAt, id] = after ?? ['', '']
  const rows = await db.query<StoredDashboard>(sql`
    ${SELECT_DASHBOARD}
    where created_at > ${createdAt} or (created_at = ${createdAt} and id > ${id})
    order by created_at, id
    limit ${limit}`)
  return rows.map(decode)
}

export async function insertDashboard(db: Db, dashboard: Dashboard): Promise<void> {
  const { id, name, default_from, default_to, tz, version, created_at, updated_at } = dashboard
  const panels = JSON.stringify(dashboard.panels)
  const layouts = JSON.stringify(dashboard.layouts)
  await db.run(sql`
    insert into dashboard
      (id, name, default_from, default_to, tz, panels, layouts, version, created_at, updated_at)
    values
      (${id}, ${name}, ${default_from}, ${default_to}, ${tz}, ${panels}, ${layouts}, ${version}, ${created_at},
        ${updated_at})`)
}

export async function updateDashboard(db: Db, dashboard: Dashboard): Promise<void> {
  await db.run(sql`
    update dashboard
    set name = ${dashboard.name}, default_from = ${dashboard.default_from}, default_to = ${dashboard.default_to},
      tz = ${dashboard.tz}, panels = ${JSON.stringify(dashboard.panels)},
      layouts = ${JSON.stringify(dashboard.layouts)}, version = ${dashboard.version},
      updated_at = ${dashboard.updated_at}
    where id = ${dashboard.id}`)
}

export async function removeDashboard(db: Db, id: string): Promise<number> {
  return db.run(sql`delete from dashboard where id = ${id}`)
}

function decode(row: StoredDashboard): Dashboard {
  return { ...row, panels: JSON.parse(row.panels), layouts: JSON.parse(row.layouts) }
}
