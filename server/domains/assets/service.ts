// The rules of assets and their types: names are unique under a parent, parents form trees, attributes fit the type.

import { randomUUID } from 'node:crypto'
import type {
  Asset,
  AssetChange,
  AssetDeletionResult,
  AssetQuery,
  AssetReplacement,
  AssetType,
  AssetTypeChange,
  AssetTypeQuery,
  NewAsset,
  NewAssetType,
} from '../../../contract/assets.ts'
import type { PageOf } from '../../../contract/basics.ts'
import type { Clock } from '../../clock.ts'
import { isText, pageOf, readCursor } from '../../cursor.ts'
import type { Db, Tx, Warehouse } from '../../engine/db.ts'
import { AppError } from '../../errors.ts'
import { type AssetContent, NESTING_LIMIT } from './asset-batch.ts'
import { assetRecords, newId } from './asset-records.ts'
import { compileAttributes, findSchemaFaults } from './attribute-schema.ts'
import { BUILT_IN_TYPES } from './built-in-types.ts'
import * as store from './store.ts'

/** What hangs on assets and goes with them: their signals. */
export interface AssetDependents {
  count(tx: Tx, assetIds: string[]): Promise<number>
  /** How many hang on which asset; those without any are left out. */
  countEach(tx: Tx, assetIds: string[]): Promise<Map<string, number>>
  /** Removes it all; answers how much it was. */
  remove(tx: Tx, assetIds: string[]): Promise<{ signals: number; measurements: number }>
}

interface Deps {
  warehouse: Warehouse
  clock: Clock
  dependents: AssetDependents
}

export type AssetService = ReturnType<typeof createAssetService>

const VIOLATIONS_SHOWN = 10

export function createAssetService({ warehouse, clock, dependents }: Deps) {
  const write = <T>(work: (tx: Tx) => Promise<T>) =>
    warehouse.write(randomUUID(), work, { keep: 'brief', fresh: true })

  return {
    ...typeRules(warehouse, write),
    ...assetRecords({ clock, dependents }),

    async list(query: AssetQuery): Promise<PageOf<Asset>> {
      const { type, parent_id, q, limit } = query
      const near = query.near === undefined ? undefined : readPlace(query.near)
      const after = readCursor(query.cursor, isText) ?? ''
      const rows = await store.listAssets(
        warehouse,
        { type, parent_id, q, near },
        { after, limit: limit + 1 },
      )
      return pageOf(rows, limit, (asset) => asset.id)
    },

    async get(id: string): Promise<Asset> {
      return getAsset(warehouse, id)
    },

    /** Makes an asset, with an id of its own when none is given. */
    async create(asset: NewAsset): Promise<Asset> {
      const content = complete(asset, asset.id ?? newId())
      return write(async (tx) => {
        if (await store.findAsset(tx, content.id)) {
          throw new AppError('conflict', `there is already an asset ${content.id}; choose another id`)
        }
        await checkAsset(tx, content)
        await store.insertAssets(tx, [content], clock.now())
        return getAsset(tx, content.id)
      })
    },

    /** The whole asset anew: what is left out is emptied. */
    async replace(id: string, asset: AssetReplacement): Promise<Asset> {
      return write(async (tx) => {
        await getAsset(tx, id)
        return save(tx, complete(asset, id))
      })
    },

    async change(id: string, change: AssetChange): Promise<Asset> {
      return write(async (tx) => save(tx, complete({ ...(await getAsset(tx, id)), ...change }, id)))
    },

    /** Deletes an asset; one with children or signals only with `cascade`, and these with it. */
    async remove(id: string, cascade: boolean): Promise<AssetDeletionResult> {
      return write(async (tx) => {
        await getAsset(tx, id)
        const ids = await store.listSubtree(tx, id)
        const signals = await dependents.count(tx, ids)
        if (!cascade && (ids.length > 1 || signals > 0)) {
          throw new AppError(
            'conflict',
            `below the asset ${id} are ${ids.length - 1} assets and ${signals} signals; delete them first, or with cascade=true`,
          )
        }
        const removed = await dependents.remove(tx, ids)
        return { assets: await store.removeAssets(tx, ids), ...removed }
      })
    },

    /** The ids of all assets. */
    listIds: (): Promise<string[]> => store.listIds(warehouse),

    /** Which of the ids are assets. */
    async findExisting(db: Db, ids: string[]): Promise<Set<string>> {
      return new Set(await store.listExisting(db, ids))
    },
  }

  async function save(tx: Tx, content: AssetContent): Promise<Asset> {
    await checkAsset(tx, content)
    await store.updateAssets(tx, [content], clock.now())
    return getAsset(tx, content.id)
  }
}

function typeRules(warehouse: Warehouse, write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>) {
  return {
    async listTypes({ limit, cursor }: AssetTypeQuery): Promise<PageOf<AssetType>> {
      const rows = await store.listTypes(warehouse, readCursor(cursor, isText) ?? '', limit + 1)
      return pageOf(rows, limit, (type) => type.name)
    },

    async getType(name: string): Promise<AssetType> {
      return getType(warehouse, name)
    },

    async createType(type: NewAssetType): Promise<AssetType> {
      checkSchema(type)
      return write(async (tx) => {
        if (await store.findType(tx, type.name)) {
          throw new AppError('conflict', `there is already a type ${type.name}; choose another name`)
        }
        await store.insertType(tx, { ...type, built_in: false })
        return getType(tx, type.name)
      })
    },

    /** Changes title and schema; a schema that stored assets violate is refused and names the first of them. */
    async changeType(name: string, change: AssetTypeChange): Promise<AssetType> {
      checkSchema(change)
      return write(async (tx) => {
        await getOwnType(tx, name)
        checkStored(await store.listContents(tx, name), change)
        await store.updateType(tx, { name, ...change, built_in: false })
        return getType(tx, name)
      })
    },

    async removeType(name: string): Promise<null> {
      return write(async (tx) => {
        await getOwnType(tx, name)
        const assets = await store.countOfType(tx, name)
        if (assets > 0) {
          throw new AppError(
            'conflict',
            `${assets} assets are of the type ${name}; give them another type first`,
          )
        }
        await store.removeType(tx, name)
        return null
      })
    },

    /** Writes the built-in types where they are missing or differ; called at each start. */
    async ensureBuiltInTypes(): Promise<void> {
      const stored = new Map(
        (await store.listTypes(warehouse, '', Number.MAX_SAFE_INTEGER)).map((type) => [type.name, type]),
      )
      const isStored = (type: NewAssetType) =>
        JSON.stringify(stored.get(type.name)) === JSON.stringify({ ...type, built_in: true })
      if (BUILT_IN_TYPES.every(isStored)) return
      await write(async (tx) => {
        for (const type of BUILT_IN_TYPES) {
          const save = (await store.findType(tx, type.name)) ? store.updateType : store.insertType
          await save(tx, { ...type, built_in: true })
        }
        return null
      })
    },
  }
}

async function getAsset(db: Db, id: string): Promise<Asset> {
  const asset = await store.findAsset(db, id)
  if (!asset) throw new AppError('not_found', `there is no asset ${id}`)
  return asset
}

async function getType(db: Db, name: string): Promise<AssetType> {
  const type = await store.findType(db, name)
  if (!type) throw new AppError('not_found', `there is no type of asset ${name}`)
  return type
}

async function getOwnType(db: Db, name: string): Promise<AssetType> {
  const type = await getType(db, name)
  if (type.built_in) {
    throw new AppError('conflict', `the type ${name} is built in and stays as it is; make one of your own`)
  }
  return type
}

function checkSchema({ attributes_schema }: AssetTypeChange): void {
  const faults = findSchemaFaults(attributes_schema)
  if (faults.length > 0) {
    throw new AppError('invalid', 'attributes_schema must be a JSON Schema of type object', { faults })
  }
}

function checkStored(assets: AssetContent[], { attributes_schema }: AssetTypeChange): void {
  const check = compileAttributes(attributes_schema)
  const faults = assets.flatMap((asset) =>
    check(asset.attributes)
      .slice(0, 1)
      .map(({ path, message }) => ({
        path: '/attributes_schema',
        message: `asset ${asset.id}: ${path} ${message}`,
      })),
  )
  if (faults.length === 0) return
  throw new AppError('invalid', `${faults.length} stored assets do not fit the new schema; mend them first`, {
    faults: faults.slice(0, VIOLATIONS_SHOWN),
  })
}

/** Type, attributes, place in the tree and name of an asset that is about to be written. */
async function checkAsset(tx: Tx, asset: AssetContent): Promise<void> {
  const type = await store.findType(tx, asset.type)
  if (!type) throw invalid('/type', `there is no type of asset ${asset.type}`)
  const wrong = compileAttributes(type.attributes_schema)(asset.attributes)
  if (wrong.length > 0) {
    const faults = wrong.map(({ path, message }) => ({ path, message }))
    throw new AppError('invalid', `the attributes do not fit the type ${asset.type}`, { faults })
  }
  if (asset.parent_id !== null) await checkParent(tx, asset.id, asset.parent_id)
  const holder = await store.findIdAt(tx, asset.parent_id, asset.name)
  if (holder !== undefined && holder !== asset.id) {
    const where = asset.parent_id === null ? 'without a parent' : `under ${asset.parent_id}`
    throw new AppError(
      'conflict',
      `the asset ${holder} is already called ${asset.name} ${where}; choose another name`,
    )
  }
}

async function checkParent(tx: Tx, id: string, parentId: string): Promise<void> {
  const lineage = await store.listLineage(tx, parentId)
  if (lineage.includes(id)) throw invalid('/parent_id', `${parentId} is the asset itself or stands below it`)
  if (lineage.length === 0) throw invalid('/parent_id', `there is no asset ${parentId}`)
  if (lineage.length > NESTING_LIMIT) throw invalid('/parent_id', `assets nest at most ${NESTING_LIMIT} deep`)
}

function invalid(path: string, message: string): AppError {
  return new AppError('invalid', message, { faults: [{ path, message }] })
}

function complete(asset: NewAsset, id: string): AssetContent {
  const { type, name, parent_id = null, latitude = null, longitude = null, attributes = {} } = asset
  return { id, type, name, parent_id, latitude, longitude, attributes }
}

/** `lat,lon,km` in degrees and kilometres. */
function readPlace(text: string): { latitude: number; longitude: number; km: number } {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  const [latitude = Number.NaN, longitude = Number.NaN, km = Number.NaN] = numbers
  const right = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && km >= 0 && Number.isFinite(km)
  if (numbers.length !== 3 || !right) {
    throw invalid(
      '/near',
      'near must be lat,lon,km: degrees from -90 to 90 and -180 to 180, and kilometres from 0',
    )
  }
  return { latitude, longitude, km }
}
