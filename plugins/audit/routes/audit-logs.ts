import { route } from '../../../core/index.ts'
import { audit } from '../ports.ts'
import { presentEntry } from '../presenters/entry.ts'
import { auditLogFilter, auditLogPage } from '../schemas/audit-log.ts'

const date = (seconds: number): Date => new Date(seconds * 1000)

export const auditLogRoutes = [
  route({
    surface: 'console', credential: 'account', method: 'GET', path: '/workspaces/current/audit-logs', access: 'audit-log:read', resource: 'workspace',
    summary: 'Who did what in the workspace, newest first',
    description: '`after` and `before` are in seconds since 1970; the first is included, the second is not.',
    uses: { audit },
    query: auditLogFilter, reply: auditLogPage,
    handle: async ({ actor, query: { page, limit, action, actor_id: actorId, resource_id: resourceId, after, before } }, { audit }) => {
      const { entries, total } = await audit.list(actor.workspaceId, {
        ...action === undefined ? {} : { action }, ...actorId === undefined ? {} : { actorId }, ...resourceId === undefined ? {} : { resourceId },
        ...after === undefined ? {} : { after: date(after) }, ...before === undefined ? {} : { before: date(before) },
      }, { limit, offset: (page - 1) * limit })
      return { data: entries.map(presentEntry), page, limit, total, has_more: page * limit < total }
    },
  }),
]
