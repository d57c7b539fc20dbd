/** What tests of other processes need and no address offers: accounts, members, and keys by tag. Whoever reaches it may do anything. */
import Joi from 'joi'
import { definePlugin, route } from '../../../core/index.ts'
import { apiKeys } from '../../../plugins/api-keys/ports.ts'
import { accounts } from '../../../plugins/auth/ports.ts'
import type { Role } from '../../../plugins/auth/ports.ts'
import { tagging } from './keys-by-tag.ts'

const open = { method: 'POST', surface: 'root', credential: 'none', access: 'public', resource: 'none' } as const
const text = Joi.string().required()
const done = Joi.object({})

const someone = route({
  ...open, path: '/desk/accounts', summary: 'Makes an account', uses: { accounts },
  body: Joi.object<{ email: string; name: string; password: string }, true>({ email: text, name: text, password: text }),
  reply: Joi.object<{ accountId: string }>({ accountId: text }),
  handle: ({ body }, { accounts }) => accounts.createAccount(body),
})
const workspace = route({
  ...open, path: '/desk/workspaces', summary: 'Makes a workspace', uses: { accounts },
  body: Joi.object<{ name: string; ownerId: string }, true>({ name: text, ownerId: text }), reply: Joi.object<{ workspaceId: string }>({ workspaceId: text }),
  handle: ({ body }, { accounts }) => accounts.createWorkspace(body.name, body.ownerId),
})
const member = route({
  ...open, path: '/desk/members', summary: 'Adds a member, or gives it another role', uses: { accounts },
  body: Joi.object<{ workspaceId: string; accountId: string; role: Role }, true>({ workspaceId: text, accountId: text, role: text }), reply: done,
  handle: async ({ body }, { accounts }) => {
    await accounts.setRole(body.workspaceId, body.accountId, body.role)
    return {}
  },
})
const key = route({
  ...open, path: '/desk/keys', summary: 'Makes a key of the workspace, or of what bears a tag', uses: { apiKeys },
  body: Joi.object<{ workspaceId: string; createdBy: string; tag?: string }>({ workspaceId: text, createdBy: text, tag: Joi.string() }),
  reply: Joi.object<{ id: string; token: string }>({ id: text, token: text }),
  handle: ({ body: { tag, ...owner } }, { apiKeys }) => apiKeys.create({ type: 'dataset', datasetId: null, ...owner, ...tag === undefined ? {} : { terms: { tag } } }),
})
const tag = route({
  ...open, path: '/desk/tags', summary: 'Puts a tag on a dataset, or takes it off', uses: { tagging },
  body: Joi.object<{ workspaceId: string; datasetId: string; tag: string; on: boolean }, true>({ workspaceId: text, datasetId: text, tag: text, on: Joi.boolean().required() }), reply: done,
  handle: async ({ body: { workspaceId, datasetId, tag, on } }, { tagging }) => {
    await (on ? tagging.tag : tagging.untag)(workspaceId, datasetId, tag)
    return {}
  },
})

export default definePlugin({ name: 'desk', kernel: '^1', routes: [someone, workspace, member, key, tag] })
