/** Asking a completion app, and stopping it. */
import { errors, reply, route } from '../../../core/index.ts'
import { modelErrors } from '../../models/ports.ts'
import { runErrors } from '../../runs/ports.ts'
import { chatErrors } from '../errors.ts'
import { completionAnswer, newCompletionMessage, stopRequest, taskParams } from '../schemas/asking.ts'
import { done, success } from '../schemas/common.ts'
import { asking } from '../services/asking.ts'

const { appUnavailable, modelUnsupported, providerMissing, moderationMissing, failed } = chatErrors
const { providerQuotaExceeded, requestRefused, rateLimited } = modelErrors
const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'app:run', method: 'POST', uses: { asking } } as const

export const completionMessageRoutes = [
  route({
    ...withKey, path: '/completion-messages', body: newCompletionMessage, reply: reply.jsonOrEvents(completionAnswer),
    summary: 'Let a completion app write a text',
    description: 'From `inputs`, and `query` where its prompt takes one. `response_mode: streaming` answers with server-sent events as at /chat-messages; otherwise the text comes whole.',
    errors: [
      appUnavailable, modelUnsupported, providerMissing, moderationMissing, providerQuotaExceeded, requestRefused, rateLimited, runErrors.tooManyRuns, runErrors.quotaExceeded,
      errors.unavailable, failed,
    ],
    handle: ({ actor, body, signal }, { asking }) => asking.completion(actor, body, signal),
  }),
  route({
    ...withKey, path: '/completion-messages/{task_id}/stop', params: taskParams, body: stopRequest, reply: success,
    summary: 'Stop a text of a completion app', description: 'What was written so far stays. Only the `user` who asked stops it; for anybody else, and where it is over, nothing happens.',
    errors: [appUnavailable],
    handle: async ({ actor, params, body }, { asking }) => {
      await asking.stop(actor, 'completion', body.user, params.task_id)
      return done
    },
  }),
]
