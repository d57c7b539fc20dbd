import type { ConversationRow } from '../models/conversation.ts'
import type { ConversationItem } from '../schemas/conversation.ts'
import { seconds } from './time.ts'

export const presentConversation = ({ id, name, inputs, introduction, created_at: created, updated_at: updated }: ConversationRow): ConversationItem =>
  ({ id, name, inputs, status: 'normal', introduction, created_at: seconds(created), updated_at: seconds(updated) })
