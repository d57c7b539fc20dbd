/** Asking a chat app, and stopping it. */
import { errors, reply, route } from '../../../core/index.ts'
import { modelErrors } from '../../models/ports.ts'
import { runErrors } from '../../runs/ports.ts'
import { chatErrors } from '../errors.ts'
import { chatAnswer, newChatMessage, stopRequest, taskParams } from '../schemas/asking.ts'
import { done, success } from '../schemas/common.ts'
import { asking } from '../services/asking.ts'

const { notChatApp, appUnavailable, conversationNotFound, modelUnsupported, providerMissing, moderationMissing, failed } = chatErrors
const { providerQuotaExceeded, requestRefused, rateLimited } = modelErrors
const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'app:run', method: 'POST', uses: { asking } } as const

export const chatMessageRoutes = [
  route({
    ...withKey, path: '/chat-messages', body: newChatMessage, reply: reply.jsonOrEvents(chatAnswer),
    summary: 'Ask a chat app',
    description: '`response_mode: streaming` answers with server-sent events as they come: `message` with a piece of the answer each, at last `message_end` with what it took and rests on; `error` where '
      + 'it fails on the way. A `ping` comes at once and then every few seconds. Otherwise the answer comes whole. Without `conversation_id` a conversation begins; `inputs` are those with which it began. '
      + 'Whoever goes away before the end stops the answer.',
    errors: [
      notChatApp, appUnavailable, conversationNotFound, modelUnsupported, providerMissing, moderationMissing, providerQuotaExceeded, requestRefused, rateLimited, runErrors.tooManyRuns,
      runErrors.quotaExceeded, errors.unavailable, failed,
    ],
    handle: ({ actor, body, signal }, { asking }) => asking.chat(actor, body, signal),
  }),
  route({
    ...withKey, path: '/chat-messages/{task_id}/stop', params: taskParams, body: stopRequest, reply: success,
    summary: 'Stop an answer of a chat app', description: 'What was said so far stays. Only the `user` who asked stops it; for anybody else, and where it is over, nothing happens.',
    errors: [notChatApp],
    handle: async ({ actor, params, body }, { asking }) => {
      await asking.stop(actor, 'chat', body.user, params.task_id)
      return done
    },
  }),
]
