/** The conversations of an end user. */
import { reply, route } from '../../../core/index.ts'
import { chatErrors } from '../errors.ts'
import { presentConversation } from '../presenters/conversation.ts'
import { ofUser } from '../schemas/common.ts'
import {
  conversationItem, conversationParams, conversationQuery, conversationSlice, newName, newValue, noVariables, variableParams, variableQuery,
} from '../schemas/conversation.ts'
import { conversations } from '../services/conversations.ts'
import { naming } from '../services/naming.ts'
import { CHATTING, visits, WITH_VARIABLES } from '../services/visits.ts'

const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' }, uses: { visits, conversations } } as const
const one = { ...withKey, path: '/conversations/{conversation_id}', params: conversationParams } as const
const { notChatApp, conversationNotFound, variableNotFound, invalid } = chatErrors

const list = route({
  ...withKey, method: 'GET', path: '/conversations', access: 'conversation:list',
  summary: 'The conversations of a user',
  description: 'Those that this `user` began through the API. To go on, send the id of the last one as `last_id`.',
  query: conversationQuery, reply: conversationSlice, errors: [notChatApp, conversationNotFound],
  handle: async ({ actor, query }, { visits, conversations }) => {
    const { reach } = await visits.enter(actor, query.user, CHATTING)
    const { rows, hasMore } = await conversations.list(reach, query)
    return { limit: query.limit, has_more: hasMore, data: rows.map(presentConversation) }
  },
})

const remove = route({
  ...one, method: 'DELETE', access: 'conversation:delete',
  summary: 'Delete a conversation with all that was said in it',
  body: ofUser, reply: reply.empty, errors: [notChatApp, conversationNotFound],
  handle: async ({ actor, params, body }, { visits, conversations }) => {
    const { reach } = await visits.enter(actor, body.user, CHATTING)
    await conversations.remove(reach, params.conversation_id)
  },
})

const rename = route({
  ...one, method: 'POST', path: '/conversations/{conversation_id}/name', access: 'conversation:update',
  summary: 'Rename a conversation, or let a model find a name',
  description: 'With `auto_generate` the workspace\'s default model makes a title from what was asked first; where it fails, the old name stays.',
  uses: { visits, conversations, naming },
  body: newName, reply: conversationItem, errors: [notChatApp, conversationNotFound, invalid],
  handle: async ({ actor, params, body, signal }, { visits, conversations, naming }) => {
    const { reach } = await visits.enter(actor, body.user, CHATTING)
    if (!body.auto_generate) return presentConversation(await conversations.rename(reach, params.conversation_id, body.name))
    const found = await conversations.find(reach, params.conversation_id)
    return presentConversation({ ...found, name: await naming.rename(found, signal) ?? found.name })
  },
})

const variables = route({
  ...one, method: 'GET', path: '/conversations/{conversation_id}/variables', access: 'conversation:list',
  summary: 'The variables of a conversation',
  description: 'Only workflows have variables, so there are none in the conversations of a chat app.',
  query: variableQuery, reply: noVariables, errors: [notChatApp, conversationNotFound, variableNotFound],
  handle: async ({ actor, params, query }, { visits, conversations }) => {
    const { reach } = await visits.enter(actor, query.user, WITH_VARIABLES)
    await conversations.find(reach, params.conversation_id)
    if (query.last_id !== undefined) throw variableNotFound()
    return { limit: query.limit, has_more: false, data: [] }
  },
})

const setVariable = route({
  ...one, method: 'PUT', path: '/conversations/{conversation_id}/variables/{variable_id}', access: 'conversation:update', params: variableParams,
  summary: 'Set a variable of a conversation',
  body: newValue, errors: [notChatApp, conversationNotFound, variableNotFound],
  handle: async ({ actor, params, body }, { visits, conversations }): Promise<never> => {
    const { reach } = await visits.enter(actor, body.user, WITH_VARIABLES)
    await conversations.find(reach, params.conversation_id)
    throw variableNotFound()
  },
})

export const conversationRoutes = [list, remove, rename, variables, setVariable]
