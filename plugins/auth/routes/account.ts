/** One's own account and workspaces. */
import { database, errors, route } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import { presentProfile } from '../presenters/profile.ts'
import { presentWorkspace } from '../presenters/workspace.ts'
import { currentWorkspace, profile, seconds, workspaces as workspaceList } from '../schemas/account.ts'
import { workspaces } from '../services/workspaces.ts'

const ofAccount = { surface: 'console', credential: 'account', resource: 'none' } as const

const readProfile = route({
  ...ofAccount, method: 'GET', path: '/account/profile', access: 'account:read',
  summary: "One's own account",
  uses: { Account },
  reply: profile,
  handle: async ({ actor }, { Account }) => {
    const account = await Account.findByPk(actor.id)
    if (!account) throw errors.notFound()
    return presentProfile(account)
  },
})

const listWorkspaces = route({
  ...ofAccount, method: 'GET', path: '/workspaces', access: 'account:read',
  summary: 'The workspaces to which the account belongs',
  uses: { db: database },
  reply: workspaceList,
  handle: async ({ actor }, { db }) => {
    const rows = await db.query<{ id: string; name: string; plan: string; status: string; created_at: Date }>(
      `SELECT w.id, w.name, w.plan, w.status, w.created_at FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
       WHERE m.account_id = $1 AND w.status = 'normal' ORDER BY w.created_at, w.id`, [actor.id])
    return { workspaces: rows.map((row) => ({ ...row, created_at: seconds(row.created_at), current: row.id === actor.workspaceId })) }
  },
})

const readWorkspace = (path: string) => route({
  ...ofAccount, method: 'POST', path, access: 'workspace:read', resource: 'workspace',
  summary: "The workspace in which the account works at present, and one's role there",
  uses: { workspaces },
  reply: currentWorkspace,
  handle: async ({ actor }, { workspaces }) => {
    const workspace = await workspaces.of(actor.workspaceId, actor.id)
    if (!workspace) throw errors.notFound()
    return presentWorkspace(workspace)
  },
})

export const accountRoutes = [readProfile, listWorkspaces, readWorkspace('/workspaces/current'), readWorkspace('/info')]
