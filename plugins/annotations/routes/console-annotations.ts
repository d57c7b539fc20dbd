/** The console's pages of written answers. */
import { reply, route } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import { annotationErrors, invalid } from '../errors.ts'
import { messages } from '../ports.ts'
import { presentAnnotation, presentHit, presentJob, presentReply } from '../presenters/annotation.ts'
import {
  annotationCount, annotationExport, annotationFilter, annotationIds, annotationItem, annotationPage, annotationText, consoleAnnotation, consoleAnnotationParams, hitPage,
} from '../schemas/annotation.ts'
import { appParams, asPage, pageQuery } from '../schemas/common.ts'
import {
  begunImport, begunJob, consoleActionParams, consoleStatusParams, importStatusParams, jobState, replyRequest, settingParams, shownReply, thresholdChange,
} from '../schemas/reply.ts'
import { imports } from '../services/imports.ts'
import { records } from '../services/records.ts'
import { replyJobs } from '../services/reply-jobs.ts'
import { thresholds } from '../services/thresholds.ts'
import { words, writerOf } from './annotations.ts'

const inApp = { surface: 'console', credential: 'account', resource: { app: 'params.app_id' } } as const
const all = { ...inApp, path: '/apps/{app_id}/annotations', params: appParams } as const
const one = { ...inApp, path: '/apps/{app_id}/annotations/{annotation_id}', params: consoleAnnotationParams } as const
const noApp = { status: 404, code: 'not_found' }

export const consoleAnnotationRoutes = [
  route({
    ...all, ...words.list, method: 'GET', access: 'annotation:list',
    uses: { apps, records }, query: annotationFilter, reply: annotationPage, errors: [noApp],
    handle: async ({ actor, params, query }, { apps, records }) => {
      const { rows, total, ...page } = await records.list(await apps.find(actor.workspaceId, params.app_id), query)
      return asPage(rows.map(presentAnnotation), total, page)
    },
  }),
  route({
    ...all, ...words.add, method: 'POST', access: 'annotation:create',
    description: `${words.add.description} With \`message_id\` it corrects the answer of that message, whose question it has unless another is sent; a message has one.`,
    uses: { apps, records, messages }, body: consoleAnnotation, reply: annotationItem, status: 201, errors: [annotationErrors.messageNotFound],
    handle: async ({ actor, params, body: { question, answer, message_id: messageId } }, { apps, records, messages }) => {
      const app = await apps.find(actor.workspaceId, params.app_id)
      const message = messageId === undefined ? undefined : await messages.find(app, messageId)
      if (messageId !== undefined && !message) throw annotationErrors.messageNotFound()
      const asked = question ?? message?.query ?? ''
      if (asked.trim() === '') throw invalid('question', 'The message has no question of its own. Send question with the answer.')
      return presentAnnotation(await records.add(app, writerOf(actor), { question: asked, answer }, message?.id))
    },
  }),
  route({
    ...all, method: 'DELETE', access: 'annotation:delete',
    summary: 'Delete annotations', description: 'Those whose ids are given, several times `annotation_id`; without one, all of the app. Those that are not there any more are passed over.',
    uses: { apps, records }, query: annotationIds, reply: reply.empty, errors: [noApp],
    handle: async ({ actor, params, query }, { apps, records }) => {
      await records.removeAll(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), query.annotation_id)
    },
  }),
  route({
    ...inApp, method: 'GET', path: '/apps/{app_id}/annotations/count', params: appParams, access: 'annotation:list',
    summary: 'How many annotations an app has',
    uses: { apps, records }, reply: annotationCount, errors: [noApp],
    handle: async ({ actor, params }, { apps, records }) => ({ count: await records.count(await apps.find(actor.workspaceId, params.app_id)) }),
  }),
  route({
    ...inApp, method: 'GET', path: '/apps/{app_id}/annotations/export', params: appParams, access: 'annotation:list',
    summary: 'All annotations of an app',
    uses: { apps, records }, reply: annotationExport, errors: [noApp],
    handle: async ({ actor, params }, { apps, records }) => ({ data: (await records.all(await apps.find(actor.workspaceId, params.app_id))).map(presentAnnotation) }),
  }),
  route({
    ...inApp, method: 'POST', path: '/apps/{app_id}/annotations/batch-import', params: appParams, access: 'annotation:create',
    summary: 'Write the rows of a CSV file as annotations',
    description: 'In the background; `job_id` asks how far it is. Each row has its question in the first column and its answer in the second. A first row that names its columns is none. Where one row is not valid, none is taken.',
    uses: { apps, imports }, upload: { field: 'file', required: true }, reply: begunImport, errors: [noApp],
    handle: async ({ actor, params, files: [file] }, { apps, imports }) => {
      const { id, count } = await imports.begin(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), file)
      return { job_id: id, job_status: 'waiting' as const, record_count: count }
    },
  }),
  route({
    ...inApp, method: 'GET', path: '/apps/{app_id}/annotations/batch-import-status/{job_id}', params: importStatusParams, access: 'annotation:list',
    summary: 'How far the import of a CSV file is', description: words.status.description,
    uses: { apps, replyJobs }, reply: jobState, errors: [annotationErrors.jobNotFound],
    handle: async ({ actor, params }, { apps, replyJobs }) => presentJob(await replyJobs.find(await apps.find(actor.workspaceId, params.app_id), 'import', params.job_id)),
  }),
  route({
    ...one, ...words.change, method: 'POST', access: 'annotation:update',
    uses: { apps, records }, body: annotationText, reply: annotationItem, errors: [annotationErrors.annotationNotFound],
    handle: async ({ actor, params, body }, { apps, records }) =>
      presentAnnotation(await records.change(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), params.annotation_id, body)),
  }),
  route({
    ...one, ...words.remove, method: 'DELETE', access: 'annotation:delete',
    uses: { apps, records }, reply: reply.empty, errors: [annotationErrors.annotationNotFound],
    handle: async ({ actor, params }, { apps, records }) => { await records.remove(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), params.annotation_id) },
  }),
  route({
    ...one, method: 'GET', path: '/apps/{app_id}/annotations/{annotation_id}/hit-histories', access: 'annotation:list',
    summary: 'When an annotation answered', description: 'The newest first: what was asked, and `match` and `response` as they were then.',
    uses: { apps, records }, query: pageQuery, reply: hitPage, errors: [annotationErrors.annotationNotFound],
    handle: async ({ actor, params, query }, { apps, records }) => {
      const { rows, total, ...page } = await records.hits(await apps.find(actor.workspaceId, params.app_id), params.annotation_id, query)
      return asPage(rows.map(presentHit), total, page)
    },
  }),
  route({
    ...inApp, method: 'GET', path: '/apps/{app_id}/annotation-setting', params: appParams, access: 'annotation:list',
    summary: 'Whether an app gives written answers, and how near a question must be',
    uses: { apps, thresholds }, reply: shownReply, errors: [noApp],
    handle: async ({ actor, params }, { apps, thresholds }) => presentReply(await thresholds.find(await apps.find(actor.workspaceId, params.app_id))),
  }),
  route({
    ...inApp, method: 'POST', path: '/apps/{app_id}/annotation-settings/{setting_id}', params: settingParams, access: 'annotation:switch',
    summary: 'Change how near a question must be',
    uses: { apps, thresholds }, body: thresholdChange, reply: shownReply, errors: [annotationErrors.settingNotFound],
    handle: async ({ actor, params, body }, { apps, thresholds }) =>
      presentReply(await thresholds.change(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), params.setting_id, body.score_threshold)),
  }),
  route({
    ...inApp, ...words.switch, method: 'POST', path: '/apps/{app_id}/annotation-reply/{action}', params: consoleActionParams, access: 'annotation:switch',
    uses: { apps, replyJobs }, body: replyRequest, reply: begunJob, errors: [noApp],
    handle: async ({ actor, params, body }, { apps, replyJobs }) => {
      const { id } = await replyJobs.begin(await apps.find(actor.workspaceId, params.app_id), writerOf(actor), params.action, body)
      return { job_id: id, job_status: 'waiting' as const }
    },
  }),
  route({
    ...inApp, ...words.status, method: 'GET', path: '/apps/{app_id}/annotation-reply/{action}/status/{job_id}', params: consoleStatusParams, access: 'annotation:list',
    uses: { apps, replyJobs }, reply: jobState, errors: [annotationErrors.jobNotFound],
    handle: async ({ actor, params }, { apps, replyJobs }) =>
      presentJob(await replyJobs.find(await apps.find(actor.workspaceId, params.app_id), params.action, params.job_id)),
  }),
]
