// The rules of named mappings: a name means one mapping, that stands on its own; built-in ones stay as they are.

import type { PageOf } from '../../../contract/basics.ts'
import type {
  Mapping,
  MappingTemplate,
  MappingTemplateChange,
  MappingTemplateQuery,
  NewMappingTemplate,
} from '../../../contract/mapping.ts'
import type { Clock } from '../../clock.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Control, Db } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { BUILT_IN_MAPPINGS } from './built-in-mappings.ts'
import * as store from './store.ts'

interface Deps {
  control: Control
  clock: Clock
}

export type MappingService = ReturnType<typeof createMappingService>

const BUILT_IN = new Map(
  BUILT_IN_MAPPINGS.map((template) => [template.name, { ...template, built_in: true }]),
)

export function createMappingService({ control, clock }: Deps) {
  const now = () => new Date(clock.now() / 1000).toISOString()

  async function find(db: Db, name: string): Promise<MappingTemplate | undefined> {
    const stored = BUILT_IN.get(name) ?? (await store.findTemplate(db, name))
    return stored && { built_in: false, ...stored }
  }

  async function get(db: Db, name: string): Promise<MappingTemplate> {
    const template = await find(db, name)
    if (!template) throw nowhere(name)
    return template
  }

  return {
    /** By name, built-in ones among them. */
    async list({ limit, cursor }: MappingTemplateQuery): Promise<PageOf<MappingTemplate>> {
      const after = readCursor(cursor, isText) ?? ''
      const stored = await store.listTemplates(control, after, limit + 1)
      const all: MappingTemplate[] = [
        ...[...BUILT_IN.values()].filter(({ name }) => name > after),
        ...stored.map((template) => ({ ...template, built_in: false })),
      ]
      all.sort((a, b) => (a.name < b.name ? -1 : 1))
      return pageOf(all.slice(0, limit + 1), limit, ({ name }) => name)
    },

    get: (name: string): Promise<MappingTemplate> => get(control, name),

    async create({ name, ...given }: NewMappingTemplate): Promise<MappingTemplate> {
      const made = now()
      const template = { name, ...complete(given), created_at: made, updated_at: made }
      return control.write(async (tx) => {
        if (await find(tx, name)) {
          throw new AppError('conflict', `there is already a mapping ${name}; choose another name`)
        }
        await store.insertTemplate(tx, template)
        return { ...template, built_in: false }
      })
    },

    /** The whole template anew; loads that were made with it keep what it was then. */
    async replace(name: string, given: MappingTemplateChange): Promise<MappingTemplate> {
      return control.write(async (tx) => {
        const before = await getOwn(tx, name)
        const after = { ...before, ...complete(given), updated_at: now() }
        await store.updateTemplate(tx, after)
        return after
      })
    },

    async remove(name: string): Promise<null> {
      return control.write(async (tx) => {
        await getOwn(tx, name)
        await store.removeTemplate(tx, name)
        return null
      })
    },

    /**
     * The mapping with what its template says, where it names one; keys that stand beside `template` override it.
     * `target` is the one that the template is for. AppError `invalid` when there is no such template.
     */
    async resolve(mapping: Mapping): Promise<{ mapping: Mapping; target: string | null }> {
      if (mapping.template === undefined) return { mapping, target: null }
      const template = await find(control, mapping.template)
      if (!template) {
        const message = `there is no mapping named ${mapping.template}`
        throw new AppError('invalid', message, { faults: [{ path: '/mapping/template', message }] })
      }
      return { mapping: { ...template.mapping, ...mapping }, target: template.target }
    },
  }

  async function getOwn(tx: Db, name: string): Promise<MappingTemplate> {
    const template = await get(tx, name)
    if (!template.built_in) return template
    throw new AppError('conflict', `the mapping ${name} is built in and stays as it is; make one of your own`)
  }
}

function complete({
  description = '',
  target = null,
  mapping,
}: Complete): Omit<store.StoredTemplate, 'name' | 'created_at' | 'updated_at'> {
  if (mapping.template !== undefined) {
    const message = 'must be left out: a named mapping stands on its own'
    throw new AppError('invalid', `the template of a named mapping ${message}`, {
      faults: [{ path: '/mapping/template', message }],
    })
  }
  return { description, target, mapping }
}

type Complete = Omit<MappingTemplateChange, 'target'> & { target?: string | null }

function nowhere(name: string): AppError {
  return new AppError('not_found', `there is no mapping ${name}`)
}
