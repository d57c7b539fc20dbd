/** Written answers, for clients with a key of the app. */
import { reply, route } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import { annotationErrors } from '../errors.ts'
import { presentAnnotation, presentJob } from '../presenters/annotation.ts'
import { annotationFilter, annotationItem, annotationPage, annotationParams, annotationText } from '../schemas/annotation.ts'
import { asPage } from '../schemas/common.ts'
import { actionParams, begunJob, jobState, replyRequest, statusParams } from '../schemas/reply.ts'
import { records } from '../services/records.ts'
import type { Writer } from '../services/records.ts'
import { replyJobs } from '../services/reply-jobs.ts'

const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' } } as const
/** A key writes as its workspace's owner. */
export const writerOf = (actor: Actor): Writer => ({ accountId: actor.accountId ?? actor.id, isPerson: actor.kind === 'account' })

export const words = {
  list: { summary: 'List the annotations of an app', description: 'The newest first. `keyword` is looked for in questions and answers.' },
  add: { summary: 'Write an annotation', description: 'An answer that the app gives instead of its model where the question is near enough, while the annotation reply is on.' },
  change: { summary: 'Change an annotation', description: 'Both texts are replaced; how often it answered stays.' },
  remove: { summary: 'Delete an annotation', description: 'And when it answered.' },
  switch: {
    summary: 'Switch the annotation reply of an app on or off',
    description: 'In the background; `job_id` asks how far it is. Switched on again, every question is embedded anew, with the model that is named; where that fails, nothing changes. The body is needed to switch it off, too.',
  },
  status: { summary: 'How far a switch of the annotation reply is', description: 'Ask until `job_status` is `completed` or `error`: waiting → processing → completed. `error_msg` says what to do.' },
} as const

export const annotationRoutes = [
  route({
    ...withKey, ...words.list, method: 'GET', path: '/apps/annotations', access: 'annotation:list',
    uses: { apps, records }, query: annotationFilter, reply: annotationPage,
    handle: async ({ actor, query }, { apps, records }) => {
      const { rows, total, ...page } = await records.list(await apps.open(actor), query)
      return asPage(rows.map(presentAnnotation), total, page)
    },
  }),
  route({
    ...withKey, ...words.add, method: 'POST', path: '/apps/annotations', access: 'annotation:create',
    uses: { apps, records }, body: annotationText, reply: annotationItem, status: 201,
    handle: async ({ actor, body }, { apps, records }) => presentAnnotation(await records.add(await apps.open(actor), writerOf(actor), body)),
  }),
  route({
    ...withKey, ...words.change, method: 'PUT', path: '/apps/annotations/{annotation_id}', access: 'annotation:update', params: annotationParams,
    uses: { apps, records }, body: annotationText, reply: annotationItem, errors: [annotationErrors.annotationNotFound],
    handle: async ({ actor, params, body }, { apps, records }) =>
      presentAnnotation(await records.change(await apps.open(actor), writerOf(actor), params.annotation_id, body)),
  }),
  route({
    ...withKey, ...words.remove, method: 'DELETE', path: '/apps/annotations/{annotation_id}', access: 'annotation:delete', params: annotationParams,
    uses: { apps, records }, reply: reply.empty, errors: [annotationErrors.annotationNotFound],
    handle: async ({ actor, params }, { apps, records }) => { await records.remove(await apps.open(actor), writerOf(actor), params.annotation_id) },
  }),
  route({
    ...withKey, ...words.switch, method: 'POST', path: '/apps/annotation-reply/{action}', access: 'annotation:switch', params: actionParams,
    uses: { apps, replyJobs }, body: replyRequest, reply: begunJob,
    handle: async ({ actor, params, body }, { apps, replyJobs }) => {
      const { id } = await replyJobs.begin(await apps.open(actor), writerOf(actor), params.action, body)
      return { job_id: id, job_status: 'waiting' as const }
    },
  }),
  route({
    ...withKey, ...words.status, method: 'GET', path: '/apps/annotation-reply/{action}/status/{job_id}', access: 'annotation:list', params: statusParams,
    uses: { apps, replyJobs }, reply: jobState, errors: [annotationErrors.jobNotFound],
    handle: async ({ actor, params }, { apps, replyJobs }) => presentJob(await replyJobs.find(await apps.open(actor), params.action, params.job_id)),
  }),
]
