// The dashboards there are.

import { Link } from '@tanstack/react-router'
import type { Dashboard } from '../../../contract/dashboards.ts'
import { useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { Section } from '../../ui/Section.tsx'
import { Empty } from '../../ui/State.tsx'
import css from './HomePage.module.css'

export function DashboardList({ dashboards }: { dashboards: readonly Dashboard[] }) {
  const { zone } = useSurroundings()
  return (
    <Section title="Dashboards" framed={dashboards.length === 0}>
      {dashboards.length === 0 ? (
        <Empty title="There is no dashboard yet">
          One is made with <code>POST /api/v1/dashboards</code>.
        </Empty>
      ) : (
        <ul className={css.boards}>
          {dashboards.map(({ id, name, panels, updated_at }) => (
            <li key={id}>
              <Link className={css.board} to="/dashboards/$id" params={{ id }}>
                <span className={css.boardName}>{name}</span>
                <span className={css.boardNote}>
                  {panels.length} {panels.length === 1 ? 'panel' : 'panels'}, changed{' '}
                  <Ago instant={updated_at} zone={zone} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
