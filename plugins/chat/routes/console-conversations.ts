/** The console's pages of conversations, messages and feedback. */
import { HttpError, reply, route } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import type { App, AppMode, Apps, ConfiguredApp } from '../../apps/ports.ts'
import { accounts } from '../../auth/ports.ts'
import { chatErrors } from '../errors.ts'
import { presentChat, presentChatDetail, presentCompletion, presentCompletionDetail, presentConsoleMessage } from '../presenters/console.ts'
import { asPage, done, success } from '../schemas/common.ts'
import {
  appParams, chatConversationPage, chatDetail, completionConversationPage, completionDetail, consoleMessage, consoleMessageQuery, consoleMessageSlice,
  conversationFilter, conversationOfApp, exportFilter, messageOfApp,
} from '../schemas/console.ts'
import { consoleFeedback } from '../schemas/feedback.ts'
import { conversations } from '../services/conversations.ts'
import { feedbackExport } from '../services/feedback-export.ts'
import { feedbacks } from '../services/feedbacks.ts'
import { messageItems } from '../services/message-items.ts'
import type { ShownMessage } from '../services/message-items.ts'
import { talks } from '../services/talks.ts'
import { CHATTING, everybody } from '../services/visits.ts'

const ofApp = { surface: 'console', credential: 'account', resource: { app: 'params.app_id' }, params: appParams } as const
const withTalks = { ...ofApp, uses: { apps, talks } } as const
const chat = { ...withTalks, path: '/apps/{app_id}/chat-conversations' } as const
const oneChat = { ...withTalks, path: '/apps/{app_id}/chat-conversations/{conversation_id}', params: conversationOfApp } as const
const completion = { ...withTalks, path: '/apps/{app_id}/completion-conversations' } as const
const oneCompletion = { ...withTalks, path: '/apps/{app_id}/completion-conversations/{conversation_id}', params: conversationOfApp } as const
const withMessages = { ...ofApp, uses: { apps, accounts, conversations, items: messageItems } } as const
const { noSuchPages, conversationNotFound, messageNotFound, invalid } = chatErrors
const COMPLETING: readonly AppMode[] = ['completion']

const open = async (apps: Apps, workspaceId: string, id: string, modes: readonly AppMode[]): Promise<App> => {
  const app = await apps.find(workspaceId, id)
  if (!modes.includes(app.mode)) throw noSuchPages()
  return app
}
/** Settings with which a conversation began; an imported app may have none. */
const settingsOf = (apps: Apps, app: App, configId: string): Promise<ConfiguredApp | undefined> => apps.configured(app, configId).catch((error: unknown) => {
  if (error instanceof HttpError && error.status === 400) return undefined
  throw error
})
const ratersOf = (rows: readonly ShownMessage[]): string[] => [...new Set(rows.flatMap(({ feedbacks }) => feedbacks.flatMap(({ from_account_id: id }) => id === null ? [] : [id])))]

const chats = route({
  ...chat, method: 'GET', access: 'conversation:list',
  summary: 'The conversations with a chat app',
  description: 'Of all its users. `keyword` is looked for in names, questions and answers; `start` and `end` (UTC unless they say otherwise) hold for the time by which the list is sorted.',
  query: conversationFilter, reply: chatConversationPage, errors: [noSuchPages],
  handle: async ({ actor, params, query }, { apps, talks }) => {
    const { rows, total } = await talks.list(await open(apps, actor.workspaceId, params.app_id, CHATTING), query)
    return asPage(rows.map(presentChat), total, query)
  },
})
const completions = route({
  ...completion, method: 'GET', access: 'conversation:list',
  summary: 'What was asked of a completion app',
  description: 'Of all its users; filtered as the conversations with a chat app are.',
  query: conversationFilter, reply: completionConversationPage, errors: [noSuchPages],
  handle: async ({ actor, params, query }, { apps, talks }) => {
    const { rows, total } = await talks.list(await open(apps, actor.workspaceId, params.app_id, COMPLETING), query)
    return asPage(rows.map(presentCompletion), total, query)
  },
})
const readChat = route({
  ...oneChat, method: 'GET', access: 'message:list',
  summary: 'A conversation with a chat app', reply: chatDetail, errors: [noSuchPages, conversationNotFound],
  handle: async ({ actor, params }, { apps, talks }) => {
    const app = await open(apps, actor.workspaceId, params.app_id, CHATTING)
    const talk = await talks.find(app, params.conversation_id)
    return presentChatDetail(talk, await settingsOf(apps, app, talk.model_config_id))
  },
})
const readCompletion = route({
  ...oneCompletion, method: 'GET', access: 'message:list',
  summary: 'What was asked of a completion app, and its answer', reply: completionDetail, errors: [noSuchPages, conversationNotFound],
  uses: { apps, talks, accounts, items: messageItems },
  handle: async ({ actor, params }, { apps, talks, accounts, items }) => {
    const app = await open(apps, actor.workspaceId, params.app_id, COMPLETING)
    const talk = await talks.find(app, params.conversation_id)
    const { rows } = await items.list(talk, undefined, 1)
    const names = await accounts.names(actor.workspaceId, ratersOf(rows))
    return presentCompletionDetail(talk, rows.map((row) => presentConsoleMessage(row, talk, names))[0], await settingsOf(apps, app, talk.model_config_id))
  },
})
const removeChat = route({
  ...oneChat, method: 'DELETE', access: 'conversation:delete',
  summary: 'Delete a conversation with a chat app, with all that was said in it', reply: reply.empty, errors: [noSuchPages, conversationNotFound],
  handle: async ({ actor, params }, { apps, talks }) => talks.remove(await open(apps, actor.workspaceId, params.app_id, CHATTING), params.conversation_id),
})
const removeCompletion = route({
  ...oneCompletion, method: 'DELETE', access: 'conversation:delete',
  summary: 'Delete what was asked of a completion app', reply: reply.empty, errors: [noSuchPages, conversationNotFound],
  handle: async ({ actor, params }, { apps, talks }) => talks.remove(await open(apps, actor.workspaceId, params.app_id, COMPLETING), params.conversation_id),
})

const listMessages = route({
  ...withMessages, method: 'GET', path: '/apps/{app_id}/chat-messages', access: 'message:list',
  summary: 'What was said in a conversation',
  description: 'The newest messages, the oldest of them first; for those before them, send the id of the first one as `first_id`.',
  query: consoleMessageQuery, reply: consoleMessageSlice, errors: [conversationNotFound, messageNotFound],
  handle: async ({ actor, params, query }, { apps, accounts, conversations, items }) => {
    const app = await apps.find(actor.workspaceId, params.app_id)
    const conversation = await conversations.find(everybody(app), query.conversation_id)
    const { rows, hasMore } = await items.list(conversation, query.first_id, query.limit)
    const names = await accounts.names(actor.workspaceId, ratersOf(rows))
    return { limit: query.limit, has_more: hasMore, data: rows.map((row) => presentConsoleMessage(row, conversation, names)) }
  },
})
const readMessage = route({
  ...withMessages, method: 'GET', path: '/apps/{app_id}/messages/{message_id}', access: 'message:list', params: messageOfApp,
  summary: 'A question and its answer', reply: consoleMessage, errors: [messageNotFound],
  handle: async ({ actor, params }, { apps, accounts, items }) => {
    const found = await items.find(everybody(await apps.find(actor.workspaceId, params.app_id)), params.message_id)
    const [shown] = await items.show(actor.workspaceId, [found]) as [ShownMessage]
    return presentConsoleMessage(shown, found, await accounts.names(actor.workspaceId, ratersOf([shown])))
  },
})
const give = route({
  ...ofApp, method: 'POST', path: '/apps/{app_id}/feedbacks', access: 'message:rate',
  summary: 'Say whether an answer was good, as one of those who build the app',
  description: 'This side has one opinion of a message, whoever gives it: what is sent last holds, and `rating: null` takes it back.',
  uses: { apps, feedbacks }, body: consoleFeedback, reply: success, errors: [messageNotFound, invalid],
  handle: async ({ actor, params, body }, { apps, feedbacks }) => {
    const app = await apps.find(actor.workspaceId, params.app_id)
    await feedbacks.give(everybody(app), body.message_id, { side: 'admin', id: actor.accountId ?? actor.id }, body.rating, body.content)
    return done
  },
})
const write = route({
  ...ofApp, method: 'GET', path: '/apps/{app_id}/feedbacks/export', access: 'feedback:list',
  summary: 'What people think of the answers of an app, as a file',
  description: 'CSV for sheets, or JSON. The newest first.',
  uses: { apps, feedbackExport }, query: exportFilter, reply: reply.file,
  handle: async ({ actor, params, query }, { apps, feedbackExport }) => {
    const app = await apps.find(actor.workspaceId, params.app_id)
    const body = await feedbackExport.write(app, query)
    return { body, mediaType: query.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8', name: `feedback-${app.id}.${query.format}` }
  },
})

export const consoleConversationRoutes = [
  chats, completions, readChat, readCompletion, removeChat, removeCompletion, listMessages, readMessage, give, write,
]
