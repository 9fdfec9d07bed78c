// The types of assets that every workspace has from the start. They cannot be changed or deleted.

import type { NewAssetType } from '../../../contract/assets.ts'

const POSITIVE = { type: 'number', exclusiveMinimum: 0 }

export const BUILT_IN_TYPES: NewAssetType[] = [
  { name: 'substation', title: 'Substation', attributes_schema: { type: 'object' } },
  {
    name: 'transformer',
    title: 'Transformer',
    attributes_schema: {
      type: 'object',
      properties: {
        capacity_mva: { ...POSITIVE, title: 'Capacity in MVA' },
        voltage_kv: { ...POSITIVE, title: 'Voltage in kV' },
      },
      required: ['capacity_mva', 'voltage_kv'],
    },
  },
  {
    name: 'line',
    title: 'Line',
    attributes_schema: {
      type: 'object',
      properties: {
        length_km: { ...POSITIVE, title: 'Length in km' },
        voltage_kv: { ...POSITIVE, title: 'Voltage in kV' },
      },
      required: ['length_km', 'voltage_kv'],
    },
  },
  {
    name: 'switch',
    title: 'Switch',
    attributes_schema: {
      type: 'object',
      properties: { status: { enum: ['open', 'closed'], title: 'Status' } },
      required: ['status'],
    },
  },
  { name: 'site', title: 'Site', attributes_schema: { type: 'object' } },
]
