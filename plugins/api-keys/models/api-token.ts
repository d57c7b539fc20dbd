import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import type { Grant, KeyType } from '../ports.ts'
import type { Refusal } from '../services/usage.ts'

export interface ApiTokenRow {
  id: string
  workspace_id: string
  type: KeyType
  app_id: string | null
  /** The one dataset that the key reaches; null: the whole workspace. */
  dataset_id: string | null
  /** Whether it reaches what its grants say, be they none, and nothing else. */
  granted: boolean
  /** See `KeyRecord`. */
  terms: Json
  name: string | null
  /** The first five and the last four characters: all that is kept of the secret. */
  prefix: string
  last4: string
  /** HMAC-SHA-256 under the pepper, hex. */
  token_hash: string
  /** Tells which pepper made the hash. */
  pepper_id: string
  /** Of the secret before the last rotation, which is still taken until then. */
  previous_hash: string | null
  previous_expires_at: Date | null
  expires_at: Date | null
  /** Addresses and ranges from which it may be used; null: anywhere. */
  allowed_ips: string[] | null
  /** Requests a minute; null: as many as come. */
  rate_limit: number | null
  created_by: string
  last_used_at: Date | null
  last_refused_at: Date | null
  last_refusal: Refusal | null
  created_at: Date
}

export const ApiToken = model<ApiTokenRow>('api_tokens', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  type: DataTypes.TEXT,
  app_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  granted: DataTypes.BOOLEAN,
  terms: DataTypes.JSONB,
  name: DataTypes.TEXT,
  prefix: DataTypes.TEXT,
  last4: DataTypes.TEXT,
  token_hash: DataTypes.TEXT,
  pepper_id: DataTypes.TEXT,
  previous_hash: DataTypes.TEXT,
  previous_expires_at: DataTypes.DATE,
  expires_at: DataTypes.DATE,
  allowed_ips: DataTypes.ARRAY(DataTypes.TEXT),
  rate_limit: DataTypes.INTEGER,
  created_by: DataTypes.UUID,
  last_used_at: DataTypes.DATE,
  last_refused_at: DataTypes.DATE,
  last_refusal: DataTypes.JSONB,
  created_at: DataTypes.DATE,
})

/** A row for each dataset that a key with grants reaches. */
export interface ApiTokenGrantRow { workspace_id: string; token_id: string; dataset_id: string; rights: string[] }
export const ApiTokenGrant = model<ApiTokenGrantRow>('api_token_grants', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  token_id: { type: DataTypes.UUID, primaryKey: true },
  dataset_id: { type: DataTypes.UUID, primaryKey: true },
  rights: DataTypes.ARRAY(DataTypes.TEXT),
})

/** A key with its grants, as a `KeyRecord` has them. */
export interface KeyRow extends ApiTokenRow { grants: readonly Grant[] | null }
/** The grants of the row `t`, in SQL. */
export const GRANTS = `CASE WHEN t.granted THEN coalesce((
  SELECT jsonb_agg(jsonb_build_object('datasetId', g.dataset_id, 'rights', g.rights) ORDER BY g.dataset_id)
  FROM api_token_grants g WHERE g.workspace_id = t.workspace_id AND g.token_id = t.id), '[]'::jsonb) END`
