/** The messages of an end user, and what may be asked next. */
import { route } from '../../../core/index.ts'
import { chatErrors } from '../errors.ts'
import { presentMessage } from '../presenters/message.ts'
import { messageParams, messageQuery, messageSlice, suggested, suggestedQuery } from '../schemas/message.ts'
import { conversations } from '../services/conversations.ts'
import { messageItems } from '../services/message-items.ts'
import { suggestions } from '../services/suggestions.ts'
import { CHATTING, visits } from '../services/visits.ts'

const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' } } as const
const { notChatApp, appUnavailable, conversationNotFound, messageNotFound, suggestionsOff } = chatErrors

const list = route({
  ...withKey, method: 'GET', path: '/messages', access: 'message:list',
  summary: 'What was said in a conversation',
  description: 'The newest messages, the oldest of them first. For those before them, send the id of the first one as `first_id`.',
  uses: { visits, conversations, items: messageItems },
  query: messageQuery, reply: messageSlice, errors: [notChatApp, conversationNotFound, messageNotFound],
  handle: async ({ actor, query }, { visits, conversations, items }) => {
    const { reach } = await visits.enter(actor, query.user, CHATTING)
    const conversation = await conversations.find(reach, query.conversation_id)
    const { rows, hasMore } = await items.list(conversation, query.first_id, query.limit)
    return { limit: query.limit, has_more: hasMore, data: rows.map(presentMessage) }
  },
})

const suggest = route({
  ...withKey, method: 'GET', path: '/messages/{message_id}/suggested', access: 'app:run', params: messageParams,
  summary: 'Questions that may be asked after a message',
  description: 'Made by a model when they are asked for; none where it fails. The app must have `suggested_questions_after_answer` switched on.',
  uses: { visits, items: messageItems, suggestions },
  query: suggestedQuery, reply: suggested, errors: [notChatApp, appUnavailable, messageNotFound, suggestionsOff],
  handle: async ({ actor, params, query, signal }, { visits, items, suggestions }) => {
    const { app, reach } = await visits.enter(actor, query.user, CHATTING)
    const message = await items.find(reach, params.message_id)
    return { result: 'success' as const, data: await suggestions.after(app, message, signal) }
  },
})

export const messageRoutes = [list, suggest]
