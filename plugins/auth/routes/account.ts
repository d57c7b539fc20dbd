/** One's own account and workspaces. */
import { database, errors, route } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import { Member, Workspace } from '../models/workspace.ts'
import { currentWorkspace, profile, seconds, secondsOrNull, workspaces } from '../schemas/account.ts'

const ofAccount = { surface: 'console', credential: 'account', resource: 'none' } as const

const readProfile = route({
  ...ofAccount, method: 'GET', path: '/account/profile', access: 'account:read',
  summary: "One's own account",
  uses: { Account },
  reply: profile,
  handle: async ({ actor }, { Account }) => {
    const account = await Account.findByPk(actor.id)
    if (!account) throw errors.notFound()
    const { id, name, email, avatar, interface_language, interface_theme, timezone, last_login_ip } = account
    return {
      id, name, email, avatar, avatar_url: null, is_password_set: account.password_hash !== null, interface_language, interface_theme, timezone,
      last_login_at: secondsOrNull(account.last_login_at), last_login_ip, created_at: seconds(account.created_at),
    }
  },
})

const listWorkspaces = route({
  ...ofAccount, method: 'GET', path: '/workspaces', access: 'account:read',
  summary: 'The workspaces to which the account belongs',
  uses: { db: database },
  reply: workspaces,
  handle: async ({ actor }, { db }) => {
    const rows = await db.query<{ id: string; name: string; plan: string; status: string; created_at: Date }>(
      `SELECT w.id, w.name, w.plan, w.status, w.created_at FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
       WHERE m.account_id = $1 AND w.status = 'normal' ORDER BY w.created_at, w.id`, [actor.id])
    return { workspaces: rows.map((row) => ({ ...row, created_at: seconds(row.created_at), current: row.id === actor.workspaceId })) }
  },
})

const readWorkspace = route({
  ...ofAccount, method: 'POST', path: '/workspaces/current', access: 'workspace:read', resource: 'workspace',
  summary: "The workspace in which the account works at present, and one's role there",
  uses: { Workspace, Member },
  reply: currentWorkspace,
  handle: async ({ actor }, { Workspace, Member }) => {
    const workspace = await Workspace.findByPk(actor.workspaceId)
    const member = await Member.findOne({ where: { workspace_id: actor.workspaceId, account_id: actor.id } })
    if (!workspace || !member) throw errors.notFound()
    const { id, name, plan, status } = workspace
    return { id, name, plan, status, created_at: seconds(workspace.created_at), role: member.role, in_trial: null, trial_end_reason: null, custom_config: null }
  },
})

export const accountRoutes = [readProfile, listWorkspaces, readWorkspace]
