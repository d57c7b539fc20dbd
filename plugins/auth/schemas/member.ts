import Joi from 'joi'
import { ROLES } from '../roles.ts'
import type { Role } from '../roles.ts'
import { uuid } from './account.ts'
import type { Seconds } from './account.ts'

export interface MemberItem {
  id: string
  name: string
  email: string
  avatar: string | null
  avatar_url: string | null
  last_login_at: Seconds | null
  last_active_at: Seconds | null
  /** When it joined or, as long as it is pending, was invited. */
  created_at: Seconds
  role: Role
  /** The same as `role`, for clients that look for several. */
  roles: { id: string; name: string }[]
  status: string
}
const time = Joi.number().integer().allow(null).required()
export const memberList = Joi.object<{ accounts: MemberItem[] }, true>({
  accounts: Joi.array().items(Joi.object<MemberItem, true>({
    id: Joi.string().uuid().required(),
    name: Joi.string().required(),
    email: Joi.string().required(),
    avatar: Joi.string().allow('', null).required(),
    avatar_url: Joi.string().allow(null).required(),
    last_login_at: time,
    last_active_at: time,
    created_at: Joi.number().integer().required(),
    role: Joi.string<Role>().valid(...ROLES).required(),
    roles: Joi.array().items(Joi.object({ id: Joi.string().required(), name: Joi.string().required() })).required(),
    status: Joi.string().required(),
  })).required(),
})

export type InvitationResult =
  | { status: 'success'; email: string; url: string; token: string; message?: string }
  | { status: 'already_member' | 'failed'; email: string; message: string }
export interface InvitationResults { result: 'success'; invitation_results: InvitationResult[]; tenant_id: string }
export const invitationResults = Joi.object<InvitationResults, true>({
  result: Joi.string<'success'>().valid('success').required(),
  invitation_results: Joi.array().items(Joi.object<InvitationResult>({
    status: Joi.string().valid('success', 'already_member', 'failed').required(),
    email: Joi.string().required(),
    url: Joi.string(),
    token: Joi.string(),
    message: Joi.string(),
  })).required(),
  tenant_id: Joi.string().uuid().required(),
})

export interface InvitationCheck { is_valid: boolean; data?: { workspace_name: string; workspace_id: string; email: string } }
export const invitationCheck = Joi.object<InvitationCheck, true>({
  is_valid: Joi.boolean().required(),
  data: Joi.object({ workspace_name: Joi.string().required(), workspace_id: Joi.string().uuid().required(), email: Joi.string().required() }),
})

export const memberId = Joi.object<{ member_id: string }, true>({ member_id: uuid.required() })
