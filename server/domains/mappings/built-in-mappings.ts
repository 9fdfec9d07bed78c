// Mappings that are there from the start, for files that many people have.

import type { MappingTemplate } from '../../../contract/mapping.ts'

const SINCE = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }

export const BUILT_IN_MAPPINGS: Omit<MappingTemplate, 'built_in'>[] = [
  {
    ...SINCE,
    name: 'plans',
    description:
      'Lists of events as XML, from ticket sellers: one row for each event, with that of its base event',
    target: 'dataset:plans',
    mapping: {
      format: 'xml',
      records: 'base_event/event',
      columns: {
        '@event_id': 'event_id',
        '../@base_event_id': 'base_event_id',
        '../@title': 'title',
        '../@sell_mode': 'sell_mode',
        '@event_start_date': 'starts_at',
        '@event_end_date': 'ends_at',
        '@sell_from': 'sell_from',
        '@sell_to': 'sell_to',
        '@sold_out': 'sold_out',
      },
    },
  },
  {
    ...SINCE,
    name: 'influxdb-csv',
    description:
      'Annotated CSV as InfluxDB exports it: the measurement is the asset, the field is the quantity of its signal',
    target: 'measurements',
    mapping: {
      format: 'csv',
      delimiter: ',',
      skip_lines: 3,
      time_format: 'iso',
      columns: { _time: 'measured_at', _measurement: 'asset_id', _field: 'quantity', _value: 'value' },
    },
  },
]
