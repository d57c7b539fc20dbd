import { defineErrors } from '../../core/index.ts'

export const chatErrors = defineErrors({
  notChatApp: [400, 'not_chat_app', 'This app does not chat. Ask it at /completion-messages, or use the key of a chat app.'],
  appUnavailable: [400, 'app_unavailable', 'The app cannot answer this: it is of another mode, or has no settings yet. Look at its settings in the console.'],
  conversationNotFound: [404, 'not_found', 'There is no such conversation of this user. A conversation belongs to the `user` that began it: send the same one.'],
  messageNotFound: [404, 'not_found', 'There is no such message of this user. A message belongs to the `user` that asked: send the same one.'],
  variableNotFound: [404, 'not_found', 'The conversation has no such variable.'],
  badRequest: [400, 'bad_request', 'The app does not offer this. Switch it on in its settings.'],
  userMissing: [400, 'invalid_param', 'Send `user`: how your system calls whoever asks.'],
})
