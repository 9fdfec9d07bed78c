// What is late or failing: loads that failed, and signals that fell silent while others went on.

import { Link } from '@tanstack/react-router'
import type { Load } from '../../../contract/loads.ts'
import type { Signal } from '../../../contract/signals.ts'
import { useSurroundings } from '../../session.tsx'
import { Ago } from '../../ui/Ago.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { formatCount, formatDuration } from '../../ui/format.ts'
import { Section } from '../../ui/Section.tsx'
import { HOUR_MS } from '../../ui/zone.ts'
import css from './HomePage.module.css'

/** A signal that is this much behind the newest value of all is late. */
const LATE_MS = HOUR_MS
const SHOWN = 5

interface AttentionProps {
  signals: readonly Signal[]
  /** Whether there are more signals than these. */
  more: boolean
  loads: readonly Load[]
}

export function Attention({ signals, more, loads }: AttentionProps) {
  const { zone } = useSurroundings()
  const newest = Math.max(
    ...signals.map(({ last_at }) => (last_at ? Date.parse(last_at) : Number.NEGATIVE_INFINITY)),
  )
  const late = lateSignals(signals, newest)
  const failed = loads.filter((load) => load.status === 'failed')
  const count = signals.reduce((sum, signal) => sum + signal.count, 0)
  const facts = (
    <>
      {formatCount(count)} values of {formatCount(signals.length)}
      {more && '+'} {signals.length === 1 ? 'signal' : 'signals'}
      {Number.isFinite(newest) && (
        <>
          , newest <Ago instant={new Date(newest).toISOString()} zone={zone} />
        </>
      )}
    </>
  )
  return (
    <Section title={late.length + failed.length > 0 ? 'Late or failing' : 'All well'} end={facts} framed>
      <ul>
        {late.length + failed.length === 0 && (
          <li className={css.issue}>No load has failed, and no signal is late.</li>
        )}
        {failed.map((load) => (
          <li key={load.id} className={css.issue}>
            <Badge tone="bad">failed</Badge>
            <span className={css.issueText}>
              <Link to="/data/loads/$id" params={{ id: load.id }}>
                {load.file_name || load.target}
              </Link>{' '}
              {load.error}
            </span>
            <span className={css.issueEnd}>
              <Ago instant={load.created_at} zone={zone} />
            </span>
          </li>
        ))}
        {late.slice(0, SHOWN).map(({ signal, behind }) => (
          <li key={signal.id} className={css.issue}>
            <Badge tone="warn">late</Badge>
            <span className={css.issueText} title={signal.id}>
              {signal.name || signal.id}
            </span>
            <span className={css.issueEnd}>{formatDuration(behind)} behind</span>
          </li>
        ))}
        {late.length > SHOWN && (
          <li className={css.issue}>and {late.length - SHOWN} more signals that are late</li>
        )}
      </ul>
    </Section>
  )
}

function lateSignals(signals: readonly Signal[], newest: number): { signal: Signal; behind: number }[] {
  return signals
    .flatMap((signal) => (signal.last_at ? [{ signal, behind: newest - Date.parse(signal.last_at) }] : []))
    .filter(({ behind }) => behind > LATE_MS)
    .sort((a, b) => b.behind - a.behind)
}
