import type { ConfiguredApp } from '../../apps/ports.ts'
import type { ChatConversation, ChatDetail, CompletionConversation, CompletionDetail, ConsoleMessage } from '../schemas/console.ts'
import type { ShownMessage } from '../services/message-items.ts'
import type { Talk } from '../services/talks.ts'
import { presentFile, presentSources, presentUsage, statusOf } from './message.ts'
import { seconds } from './time.ts'

const common = (talk: Talk) => ({
  id: talk.id, status: 'normal', from_source: sourceOf(talk), from_end_user_id: talk.end_user_id,
  from_end_user_session_id: talk.session, from_account_id: talk.account_id, from_account_name: talk.account,
  created_at: seconds(talk.created_at), updated_at: seconds(talk.updated_at), user_feedback_stats: talk.ratings.user, admin_feedback_stats: talk.ratings.admin,
})
const sourceOf = ({ end_user_id: id }: Pick<Talk, 'end_user_id'>): 'api' | 'console' => id === null ? 'console' : 'api'

export const presentChat = (talk: Talk): ChatConversation => ({
  ...common(talk), name: talk.name, summary: talk.first?.query ?? '', read_at: null, message_count: talk.messages,
  status_count: { success: talk.messages - talk.failed, failed: talk.failed, partial_success: 0, paused: 0 },
})
export const presentCompletion = (talk: Talk): CompletionConversation => ({
  ...common(talk), read_at: null,
  message: talk.first ? { inputs: talk.first.inputs, query: talk.first.query, answer: talk.first.answer, message: [] } : null,
})

const usedModel = (configured: ConfiguredApp | undefined) =>
  configured ? { model: { ...configured.config.model }, pre_prompt: configured.config.pre_prompt } : null
export const presentChatDetail = (talk: Talk, configured?: ConfiguredApp): ChatDetail =>
  ({ ...common(talk), name: talk.name, introduction: talk.introduction, model_config: usedModel(configured), message_count: talk.messages })
export const presentCompletionDetail = (talk: Talk, message: ConsoleMessage | undefined, configured?: ConfiguredApp): CompletionDetail =>
  ({ ...common(talk), model_config: usedModel(configured), message: message ?? null })

/** With the feedback of both sides. `names`: of accounts that gave some. */
export const presentConsoleMessage = (
  message: ShownMessage, who: Pick<Talk, 'end_user_id' | 'account_id'>, names: ReadonlyMap<string, string>,
): ConsoleMessage => {
  const { annotation_reply: annotation } = message.metadata
  return {
    id: message.id, conversation_id: message.conversation_id, parent_message_id: null, inputs: message.inputs, query: message.query, message: [],
    answer: message.answer, ...presentUsage(message), from_source: sourceOf(who), from_end_user_id: who.end_user_id, from_account_id: who.account_id,
    feedbacks: message.feedbacks.map(({ rating, content, from_source, from_end_user_id, from_account_id: account }) => ({
      rating, content, from_source, from_end_user_id, from_account: account === null ? null : { id: account, name: names.get(account) ?? '' },
    })),
    workflow_run_id: null,
    annotation_hit_history: annotation ? { annotation_id: annotation.id, annotation_create_account: annotation.account } : null,
    created_at: seconds(message.created_at), agent_thoughts: [], message_files: message.files.map(presentFile), extra_contents: [],
    metadata: { ...message.metadata, retriever_resources: presentSources(message), ...message.usage ? { usage: message.usage } : {} },
    status: statusOf(message), error: message.error,
  }
}
