// Things that are measured: substations, transformers, lines, switches, sites, and types of one's own.

import { type Static, Type } from 'typebox'
import { CLOSED, Id, InstantText, Label, Nullable, Page, PageQuery, Text } from './basics.ts'

const TypeName = Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$', examples: ['transformer'] })

/** A type is a name, a title and a JSON Schema for `attributes`. */
export const NewAssetType = Type.Object(
  {
    name: TypeName,
    title: Label,
    attributes_schema: Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), {
      description: 'A JSON Schema (draft 2020-12) of type object',
    }),
  },
  CLOSED,
)
export type NewAssetType = Static<typeof NewAssetType>
export const AssetTypeChange = Type.Omit(NewAssetType, ['name'], CLOSED)
export type AssetTypeChange = Static<typeof AssetTypeChange>

export const AssetType = Type.Object({
  name: Type.String(),
  title: Type.String(),
  attributes_schema: Type.Record(Type.String(), Type.Unknown()),
  built_in: Type.Boolean(),
})
export type AssetType = Static<typeof AssetType>
export const AssetTypePage = Page(AssetType)

const Attributes = Type.Record(Type.String({ minLength: 1, maxLength: 200 }), Type.Unknown())
const Latitude = Nullable(Type.Number({ minimum: -90, maximum: 90 }))
const Longitude = Nullable(Type.Number({ minimum: -180, maximum: 180 }))

export const NewAsset = Type.Object(
  {
    id: Type.Optional(Id),
    type: TypeName,
    name: Label,
    parent_id: Type.Optional(Nullable(Id)),
    latitude: Type.Optional(Latitude),
    longitude: Type.Optional(Longitude),
    attributes: Type.Optional(Attributes),
  },
  CLOSED,
)
export type NewAsset = Static<typeof NewAsset>
/** PUT: the whole asset anew, but for its id. */
export const AssetReplacement = Type.Omit(NewAsset, ['id'], CLOSED)
export type AssetReplacement = Static<typeof AssetReplacement>
/** PATCH: what is named changes; `attributes` are replaced as a whole. */
export const AssetChange = Type.Partial(AssetReplacement, { ...CLOSED, minProperties: 1 })
export type AssetChange = Static<typeof AssetChange>

export const Asset = Type.Object({
  id: Type.String(),
  type: Type.String(),
  name: Type.String(),
  parent_id: Nullable(Type.String()),
  latitude: Nullable(Type.Number()),
  longitude: Nullable(Type.Number()),
  attributes: Type.Record(Type.String(), Type.Unknown()),
  created_at: InstantText,
  updated_at: InstantText,
})
export type Asset = Static<typeof Asset>
export const AssetPage = Page(Asset)

export const AssetQuery = Type.Object(
  {
    type: Type.Optional(Type.String({ maxLength: 63 })),
    parent_id: Type.Optional(Type.String({ maxLength: 200 })),
    q: Type.Optional(Text),
    near: Type.Optional(
      Type.String({ maxLength: 100, description: 'lat,lon,km', examples: ['47.38,8.54,25'] }),
    ),
    ...PageQuery,
  },
  CLOSED,
)
export type AssetQuery = Static<typeof AssetQuery>

export const AssetDeletion = Type.Object({ cascade: Type.Boolean({ default: false }) }, CLOSED)
export type AssetDeletion = Static<typeof AssetDeletion>
/** What went: with `cascade`, everything below the asset, and all signals and measurements of it. */
export const AssetDeletionResult = Type.Object({
  assets: Type.Integer(),
  signals: Type.Integer(),
  measurements: Type.Integer(),
})
export type AssetDeletionResult = Static<typeof AssetDeletionResult>
export const AssetTypeQuery = Type.Object({ ...PageQuery }, CLOSED)
export type AssetTypeQuery = Static<typeof AssetTypeQuery>
