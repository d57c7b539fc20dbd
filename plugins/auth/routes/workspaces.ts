/** In which workspace one works, and what it is called. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { memberErrors } from '../member-errors.ts'
import { presentWorkspace } from '../presenters/workspace.ts'
import { currentWorkspace, uuid } from '../schemas/account.ts'
import type { CurrentWorkspace } from '../schemas/account.ts'
import { workspaces } from '../services/workspaces.ts'

const success = Joi.string<'success'>().valid('success').required()

const enter = route({
  method: 'POST', path: '/workspaces/switch', surface: 'console', credential: 'account', access: 'account:update', resource: 'none',
  summary: 'Work in another of the workspaces to which the account belongs',
  uses: { workspaces },
  body: Joi.object<{ tenant_id: string }, true>({ tenant_id: uuid.required() }),
  reply: Joi.object<{ result: 'success'; new_tenant: CurrentWorkspace }, true>({ result: success, new_tenant: currentWorkspace.required() }),
  errors: [memberErrors.notLinked],
  handle: async ({ actor, body }, { workspaces }) => {
    await workspaces.enter(body.tenant_id, actor.id)
    const entered = await workspaces.of(body.tenant_id, actor.id)
    if (!entered) throw memberErrors.notLinked()
    return { result: 'success' as const, new_tenant: presentWorkspace(entered) }
  },
})

const rename = route({
  method: 'POST', path: '/workspaces/info', surface: 'console', credential: 'account', access: 'workspace:update', resource: 'workspace',
  summary: 'Rename the workspace',
  uses: { workspaces },
  body: Joi.object<{ name: string }, true>({ name: Joi.string().trim().min(1).max(100).required() }),
  reply: Joi.object<{ result: 'success'; tenant: CurrentWorkspace }, true>({ result: success, tenant: currentWorkspace.required() }),
  errors: [memberErrors.workspaceMissing],
  handle: async ({ actor, body }, { workspaces }) => {
    await workspaces.rename(actor.workspaceId, body.name)
    const renamed = await workspaces.of(actor.workspaceId, actor.id)
    if (!renamed) throw memberErrors.workspaceMissing()
    return { result: 'success' as const, tenant: presentWorkspace(renamed) }
  },
})

export const workspacesRoutes = [enter, rename]
