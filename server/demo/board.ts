// What is asked of the demo grid: its metrics, and the dashboard that shows them. Plain definitions, no services.

import type { NewDashboard } from '../../contract/dashboards.ts'
import type { Definition, NewMetric } from '../../contract/metrics.ts'
import { DEMO_ZONE } from './grid.ts'

export const DEMO_DASHBOARD = 'demo-grid'

const INTAKE = { t1: 'auenfeld-t1-power', t2: 'auenfeld-t2-power' }

export const DEMO_METRICS: (NewMetric & { id: string })[] = [
  metric('grid-load', ['Load of the whole grid', 'MW'], 'What both transformers at Auenfeld take in.', {
    kind: 'formula',
    expression: 'avg(t1 + t2)',
    signals: INTAKE,
  }),
  metric('grid-peak-load', ['Peak load', 'MW'], 'The greatest load of a single step.', {
    kind: 'formula',
    expression: 'max(t1 + t2)',
    signals: INTAKE,
  }),
  metric('grid-energy', ['Energy taken in', 'MWh'], 'Twelve steps make an hour.', {
    kind: 'formula',
    expression: 'sum(t1 + t2) / 12',
    signals: INTAKE,
  }),
  metric(
    'grid-utilisation',
    ['Peak use of Auenfeld transformer 1', '%'],
    'Apparent power, √3 · U · I, as a share of the capacity of 63 MVA.',
    {
      kind: 'formula',
      expression: 'max(sqrt(3) * u * i / 1000) / 63 * 100',
      signals: { u: 'auenfeld-t1-voltage', i: 'auenfeld-t1-current' },
    },
  ),
  metric(
    'grid-solar-feed-in',
    ['Greatest feed-in of Seematt farms', 'MW'],
    'How much the panels gave beyond what the farms used; 0 when they never did.',
    { kind: 'formula', expression: 'max(max(0, 0 - p))', signals: { p: 'seematt-l1-power' } },
  ),
  metric('grid-power-by-level', ['Mean power by voltage level', 'MW'], 'Of lines and transformers.', {
    kind: 'signal',
    quantity: 'power',
    aggregate: 'mean',
    group_by: ['attribute.voltage_kv'],
  }),
  metric('grid-voltage-by-level', ['Mean voltage by voltage level', 'kV'], 'Of lines and transformers.', {
    kind: 'signal',
    quantity: 'voltage',
    aggregate: 'mean',
    group_by: ['attribute.voltage_kv'],
  }),
]

/** Opens on the two weeks around the clock change: a silence, an outage and the missing hour are in view. */
export const DEMO_BOARD: NewDashboard & { id: string } = {
  id: DEMO_DASHBOARD,
  name: 'Demo grid',
  default_from: '2026-10-19',
  default_to: '2026-11-02',
  tz: DEMO_ZONE,
  panels: [
    { i: 'energy', title: 'Energy taken in', type: 'stat', metric_id: 'grid-energy', compare: true },
    { i: 'peak', title: 'Peak load', type: 'stat', metric_id: 'grid-peak-load', compare: true },
    { i: 'use', title: 'Peak transformer use', type: 'stat', metric_id: 'grid-utilisation', compare: true },
    {
      i: 'solar',
      title: 'Greatest solar feed-in',
      type: 'stat',
      metric_id: 'grid-solar-feed-in',
      compare: true,
    },
    {
      i: 'lines',
      title: 'Power by line',
      type: 'line',
      signal_ids: ['rothalde-l1-power', 'lindenmoos-l2-power', 'talbrugg-l1-power', 'seematt-l1-power'],
    },
    {
      i: 'load',
      title: 'Load of the whole grid, by hour',
      type: 'line',
      metric_id: 'grid-load',
      bucket: '1h',
    },
    { i: 'levels', title: 'Mean power by voltage level', type: 'bar', metric_id: 'grid-power-by-level' },
    { i: 'refused', title: 'Refused rows', type: 'rejects' },
  ],
  layouts: {
    lg: [
      { i: 'energy', x: 0, y: 0, w: 3, h: 2 },
      { i: 'peak', x: 3, y: 0, w: 3, h: 2 },
      { i: 'use', x: 6, y: 0, w: 3, h: 2 },
      { i: 'solar', x: 9, y: 0, w: 3, h: 2 },
      { i: 'lines', x: 0, y: 2, w: 12, h: 5 },
      { i: 'load', x: 0, y: 7, w: 12, h: 5 },
      { i: 'levels', x: 0, y: 12, w: 5, h: 5 },
      { i: 'refused', x: 5, y: 12, w: 7, h: 5 },
    ],
    sm: [
      { i: 'energy', x: 0, y: 0, w: 6, h: 2 },
      { i: 'peak', x: 6, y: 0, w: 6, h: 2 },
      { i: 'use', x: 0, y: 2, w: 6, h: 2 },
      { i: 'solar', x: 6, y: 2, w: 6, h: 2 },
      { i: 'lines', x: 0, y: 4, w: 12, h: 5 },
      { i: 'load', x: 0, y: 9, w: 12, h: 5 },
      { i: 'levels', x: 0, y: 14, w: 12, h: 5 },
      { i: 'refused', x: 0, y: 19, w: 12, h: 5 },
    ],
  },
}

function metric(
  id: string,
  [name, unit]: [string, string],
  description: string,
  definition: Definition,
): NewMetric & { id: string } {
  return { id, name, unit, description, tags: ['demo'], definition }
}
