/** Apps as files: written out, and read in again. */
import { route } from '../../../core/index.ts'
import type { Call } from '../../../core/index.ts'
import { appErrors } from '../errors.ts'
import { appParams } from '../schemas/common.ts'
import { dependenciesReply, exportQuery, exportReply, importParams, importReply, importRequest } from '../schemas/transfer.ts'
import type { ImportReply } from '../schemas/transfer.ts'
import { imports } from '../services/transfer-imports.ts'
import { transfer } from '../services/transfer.ts'
import { ownerOf } from './console-apps.ts'

const ofApp = { surface: 'console', credential: 'account', resource: { app: 'params.app_id' }, params: appParams } as const
const inWorkspace = { surface: 'console', credential: 'account', resource: 'workspace' } as const

const STATUSES: Readonly<Record<ImportReply['status'], number>> = { completed: 200, 'completed-with-warnings': 200, pending: 202, failed: 400 }
const told = (ctx: Call['ctx'], reply: ImportReply): ImportReply => {
  ctx.status = STATUSES[reply.status]
  return reply
}

export const transferRoutes = [
  route({
    ...ofApp, method: 'GET', path: '/apps/{app_id}/export', access: 'app:export', query: exportQuery,
    summary: 'Write an app out as a file',
    description: 'YAML, which this server and Dify read. Secret values of a workflow are in it with `include_secret` alone, credentials never.',
    uses: { transfer },
    reply: exportReply, errors: [appErrors.appNotFound, appErrors.appUnavailable],
    handle: async ({ actor, params, query }, { transfer }) => ({ data: await transfer.write(actor.workspaceId, params.app_id, query.include_secret) }),
  }),
  route({
    ...inWorkspace, method: 'POST', path: '/apps/imports', access: 'app:create',
    summary: 'Make an app from a file',
    description: 'From its text, or from where it lies. `failed` comes with 400 and with words in `error`; `pending` with 202: the file is of a version that this server does not know, and waits to be confirmed.',
    uses: { imports },
    body: importRequest, reply: importReply,
    handle: async ({ ctx, actor, body }, { imports }) => told(ctx, await imports.take(actor, ownerOf(actor), body)),
  }),
  route({
    ...inWorkspace, method: 'POST', path: '/apps/imports/{import_id}/confirm', access: 'app:create', params: importParams,
    summary: 'Take a file that waits to be confirmed',
    uses: { imports },
    reply: importReply,
    handle: async ({ ctx, actor, params }, { imports }) => told(ctx, await imports.confirm(actor, ownerOf(actor), params.import_id)),
  }),
  route({
    ...ofApp, method: 'GET', path: '/apps/imports/{app_id}/check-dependencies', access: 'app:read',
    summary: 'What an imported app wants and nobody here provides',
    description: 'A plugin of another server counts as provided where a model provider of its name is configured here.',
    uses: { transfer },
    reply: dependenciesReply, errors: [appErrors.appNotFound],
    handle: async ({ actor, params }, { transfer }) => ({ leaked_dependencies: await transfer.missing(actor.workspaceId, params.app_id) }),
  }),
]
