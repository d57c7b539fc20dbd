/** Inviting people, and accepting it. */
import Joi from 'joi'
import { HttpError, route } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { memberErrors } from '../member-errors.ts'
import { isGivenRole } from '../roles.ts'
import { result, uuid } from '../schemas/account.ts'
import { invitationCheck, invitationResults } from '../schemas/member.ts'
import type { InvitationCheck, InvitationResult } from '../schemas/member.ts'
import { cookies } from '../services/cookies.ts'
import { invitations } from '../services/invitations.ts'
import type { Invited, Shown } from '../services/invitations.ts'
import { letters } from '../services/letters.ts'
import type { Letters } from '../services/letters.ts'
import { newPassword } from '../services/passwords.ts'
import { addressOf, email, language, locale, open, token } from './kit.ts'
import { timezone } from './profile.ts'

/** What becomes of one address. The mail follows the commit, and the invitation stands without it. */
const outcome = async (email: string, invited: Invited, letters: Letters, log: Logger): Promise<InvitationResult> => {
  if (invited.status === 'already_member') return { status: invited.status, email, message: 'This is a member of the workspace already.' }
  if (invited.status === 'failed') return { status: invited.status, email, message: 'This account is suspended or closed, so it cannot be invited.' }
  const { token, workspaceName, inviterName } = invited
  const url = letters.link('/activate', { email, token })
  try {
    await letters.send('invitation', email, { workspaceName, inviterName, link: url })
    return { status: 'success', email, url, token }
  } catch (error) {
    log.warn({ err: error }, 'the mail of an invitation could not be sent')
    return { status: 'success', email, url, token, message: 'The invitation stands, but its mail could not be sent. Hand the url over yourself.' }
  }
}

interface Invite { emails: string[]; role: string; language?: string | null }
const invite = route({
  method: 'POST', path: '/workspaces/current/members/invite-email', surface: 'console', credential: 'account', access: 'member:invite', resource: 'workspace',
  summary: 'Invite people by e-mail',
  description: 'Each address has a result of its own. Nobody becomes a member before accepting. An invitation is good for 72 hours and for one use; inviting again replaces it.',
  uses: { invitations, letters },
  body: Joi.object<Invite, true>({ emails: Joi.array().items(email.lowercase()).min(1).max(50).required(), role: Joi.string().max(50).required(), language }),
  status: 201,
  reply: invitationResults,
  errors: [memberErrors.invalidRole],
  handle: async ({ body, actor, log }, { invitations, letters }) => {
    const { role } = body
    if (!isGivenRole(role)) throw memberErrors.invalidRole()
    const results = [...new Set(body.emails)].map(async (email): Promise<InvitationResult> => {
      try { return await outcome(email, await invitations.invite(actor, email, role), letters, log) } catch (error) {
        if (!(error instanceof HttpError)) log.error({ err: error }, 'an invitation failed')
        return { status: 'failed', email, message: error instanceof HttpError ? error.message : 'The invitation could not be made. Try again.' }
      }
    })
    return { result: 'success' as const, invitation_results: await Promise.all(results), tenant_id: actor.workspaceId }
  },
})

/** As in the link of the mail, where each part but the token may be missing. */
interface Link { workspace_id?: string | null; email?: string | null; token: string }
const link = { workspace_id: uuid.allow('', null), email: email.allow('', null), token: token.required() }
const shownBy = ({ workspace_id, email, token }: Link): Shown => ({ token, email: email || undefined, workspaceId: workspace_id || undefined })

const check = route({
  ...open, method: 'GET', path: '/activate/check',
  summary: 'Whether an invitation can be accepted, and to which workspace it leads',
  uses: { invitations },
  query: Joi.object<Link, true>(link),
  reply: invitationCheck,
  handle: async ({ query }, { invitations }): Promise<InvitationCheck> => {
    const found = await invitations.look(shownBy(query))
    return found ? { is_valid: true, data: { workspace_name: found.workspaceName, workspace_id: found.workspaceId, email: found.email } } : { is_valid: false }
  },
})

interface Activate extends Link { name?: string | null; password?: string | null; interface_language?: string | null; timezone?: string | null }
const activate = route({
  ...open, path: '/activate',
  summary: 'Accept an invitation',
  description: 'Whoever joins a first workspace sends a name, and a password to sign in by, and is signed in: the session arrives as cookies. '
    + 'An account that is active already joins and is changed in nothing else; it signs in as ever.',
  uses: { invitations, cookies },
  body: Joi.object<Activate, true>({
    ...link, name: Joi.string().trim().min(1).max(30).allow(null), password: newPassword.allow(null),
    interface_language: locale.allow(null), timezone: timezone.allow(null),
  }),
  reply: result,
  errors: [memberErrors.invalidInvitation, memberErrors.nameMissing],
  handle: async ({ body, ctx }, { invitations, cookies }) => {
    const { name, password, interface_language, timezone } = body
    const tokens = await invitations.accept({
      ...shownBy(body), name: name ?? undefined, password: password ?? undefined, language: interface_language ?? undefined, timezone: timezone ?? undefined, address: addressOf(ctx),
    })
    if (tokens) cookies.write(ctx, tokens)
    return { result: 'success' as const }
  },
})

export const invitationsRoutes = [invite, check, activate]
