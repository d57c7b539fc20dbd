import { definePlugin } from '../../core/index.ts'
import { chatFileReferences } from './adapters/file-references.ts'
import { builtinMessages } from './adapters/messages.ts'
import { chatRunKind } from './adapters/run-kind.ts'
import { chatConfig } from './config.ts'
import { nameConversation } from './jobs/name-conversation.ts'
import { Conversation } from './models/conversation.ts'
import { Feedback } from './models/feedback.ts'
import { Message, MessageFile } from './models/message.ts'
import { permissions } from './permissions.ts'
import { audioRoutes } from './routes/audio.ts'
import { chatMessageRoutes } from './routes/chat-messages.ts'
import { completionMessageRoutes } from './routes/completion-messages.ts'
import { consoleConversationRoutes } from './routes/console-conversations.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { feedbackRoutes } from './routes/feedbacks.ts'
import { messageRoutes } from './routes/messages.ts'

export default definePlugin({
  name: 'chat',
  kernel: '^1',
  config: chatConfig,
  permissions,
  adapters: [builtinMessages, chatFileReferences, chatRunKind],
  jobs: [nameConversation],
  models: [Conversation, Message, MessageFile, Feedback],
  routes: [
    ...chatMessageRoutes, ...completionMessageRoutes, ...conversationRoutes, ...messageRoutes, ...feedbackRoutes, ...audioRoutes, ...consoleConversationRoutes,
  ],
})
