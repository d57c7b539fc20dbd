/** The section `provision:` as it is written. */
import Joi from 'joi'
import { defineConfig } from '../../core/index.ts'
import type { Right } from '../api-keys/ports.ts'
import type { Role } from '../auth/ports.ts'
import { RIGHTS } from './plan/declared.ts'

/** Where a secret stands: never in the configuration itself. */
export interface SecretSource { readonly env?: string; readonly file?: string }
export interface PersonConfig { readonly email: string; readonly name?: string; readonly password?: SecretSource }
export interface MemberConfig extends PersonConfig { readonly role: Exclude<Role, 'owner'>; readonly suspended: boolean }
export interface DatasetConfig { readonly name: string; readonly indexing_technique?: 'high_quality' | 'economy'; readonly tags?: string[] }
export interface KeyConfig {
  readonly name: string
  readonly datasets?: string[]
  readonly grants?: { readonly dataset: string; readonly rights: Right[] }[]
  readonly expires_at?: number | Date | null
  readonly allowed_ips?: string[] | null
  readonly rate_limit?: number | null
  readonly secret?: SecretSource
}
export interface WorkspaceConfig {
  readonly name: string
  readonly owner?: string
  readonly status?: 'normal' | 'archived'
  readonly members: MemberConfig[]
  readonly datasets: DatasetConfig[]
  readonly keys: KeyConfig[]
}
export interface ProvisionConfig { readonly owner?: PersonConfig; readonly workspaces?: WorkspaceConfig[] }

const NO_LITERAL = 'is a secret, which does not stand in the configuration. Write env: NAME or file: PATH below it, which say where it is'
const secret = Joi.object<SecretSource, true>({ env: Joi.string().pattern(/^[A-Za-z_]\w*$/, 'the name of an environment variable'), file: Joi.string() }).xor('env', 'file')
  .messages({ 'object.base': NO_LITERAL, 'object.xor': 'has env and file; keep one of them', 'object.missing': 'says neither env nor file' })
const email = Joi.string().email({ tlds: false }).max(254)
const label = (max: number): Joi.StringSchema => Joi.string().trim().min(1).max(max).pattern(/^[^\0\p{Cs}]*$/u)
const rights = Joi.array<Right[]>().items(Joi.string().valid(...RIGHTS)).min(1).unique()
const names = (max: number) => Joi.array<string[]>().items(label(40)).max(max).unique()

const person = { email: email.required(), name: label(30), password: secret }
const member = Joi.object<MemberConfig, true>({
  ...person, role: Joi.string<MemberConfig['role']>().valid('admin', 'editor', 'normal', 'dataset_operator').required(), suspended: Joi.boolean().default(false),
})
const dataset = Joi.object<DatasetConfig, true>({
  name: label(40).required(), indexing_technique: Joi.string<'high_quality' | 'economy'>().valid('high_quality', 'economy'),
  tags: Joi.array<string[]>().items(label(50)).max(50).unique(),
})
const key = Joi.object<KeyConfig & { tags: unknown }>({
  name: label(100).required(),
  datasets: names(100),
  grants: Joi.array().items(Joi.object({ dataset: label(40).required(), rights: rights.required() })).max(100).unique('dataset'),
  expires_at: Joi.alternatives(Joi.number().strict().integer().min(1).max(253_402_300_799), Joi.date().iso(), Joi.valid(null)),
  allowed_ips: Joi.array().items(Joi.string().ip({ version: ['ipv4', 'ipv6'], cidr: 'optional' })).max(50).allow(null),
  rate_limit: Joi.number().integer().min(1).max(100_000).allow(null),
  secret,
  tags: Joi.forbidden().messages({ 'any.unknown': 'cannot be used: a key reaches datasets, not tags. Name the datasets under datasets or grants' }),
}).oxor('datasets', 'grants').messages({ 'object.oxor': 'has datasets and grants; keep one of them' })

const workspace = Joi.object<WorkspaceConfig, true>({
  name: label(100).required(), owner: email, status: Joi.string<'normal' | 'archived'>().valid('normal', 'archived'),
  members: Joi.array().items(member).unique((a: MemberConfig, b: MemberConfig) => a.email.toLowerCase() === b.email.toLowerCase()).default([]),
  datasets: Joi.array().items(dataset).unique('name').default([]),
  keys: Joi.array<KeyConfig[]>().items(key).unique('name').default([]),
})
export const provisionConfig = defineConfig('provision', Joi.object<ProvisionConfig, true>({
  owner: Joi.object<PersonConfig, true>(person), workspaces: Joi.array().items(workspace).unique('name'),
}))
