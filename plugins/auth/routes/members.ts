/** The members of the workspace in which one works. */
import Joi from 'joi'
import { errors, route } from '../../../core/index.ts'
import { memberErrors } from '../member-errors.ts'
import { presentMember } from '../presenters/member.ts'
import { isGivenRole } from '../roles.ts'
import type { Role } from '../roles.ts'
import { result } from '../schemas/account.ts'
import { memberId, memberList } from '../schemas/member.ts'
import { members } from '../services/members.ts'
import { roster } from '../services/roster.ts'

const ofWorkspace = { surface: 'console', credential: 'account', resource: 'workspace' } as const

const list = (path: string, summary: string, role?: Role) => route({
  ...ofWorkspace, method: 'GET', path, access: 'member:list', summary,
  description: 'Whoever is invited and has not joined yet has the status `pending`.',
  uses: { roster },
  reply: memberList,
  handle: async ({ actor }, { roster }) => ({ accounts: (await roster.list(actor.workspaceId, role)).map(presentMember) }),
})

const refusals = [memberErrors.cannotOperateSelf, memberErrors.ownerUntouchable, memberErrors.memberMissing, errors.forbidden]

const remove = route({
  ...ofWorkspace, method: 'DELETE', path: '/workspaces/current/members/{member_id}', access: 'member:remove',
  summary: 'Remove a member, or take an invitation back',
  description: 'It holds from the next request on, and the API keys that the member made end.',
  uses: { members },
  params: memberId,
  reply: Joi.object<{ result: 'success'; tenant_id: string }, true>({ result: Joi.string<'success'>().valid('success').required(), tenant_id: Joi.string().uuid().required() }),
  errors: refusals,
  handle: async ({ params, actor }, { members }) => {
    await members.remove(actor, params.member_id)
    return { result: 'success' as const, tenant_id: actor.workspaceId }
  },
})

const changeRole = route({
  ...ofWorkspace, method: 'PUT', path: '/workspaces/current/members/{member_id}/update-role', access: 'member:update',
  summary: 'Give a member, or somebody who is invited, another role',
  uses: { members },
  params: memberId,
  body: Joi.object<{ role: string }, true>({ role: Joi.string().max(50).required() }),
  reply: result,
  errors: [...refusals, memberErrors.roleAlreadyAssigned, memberErrors.invalidRole],
  handle: async ({ params, body, actor }, { members }) => {
    if (!isGivenRole(body.role)) throw memberErrors.invalidRole()
    await members.changeRole(actor, params.member_id, body.role)
    return { result: 'success' as const }
  },
})

export const membersRoutes = [
  list('/workspaces/current/members', 'The members of the workspace'),
  list('/workspaces/current/dataset-operators', 'The members whose role is dataset_operator', 'dataset_operator'),
  remove, changeRole,
]
