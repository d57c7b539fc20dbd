/** Titles of conversations, from what was asked first. */
import { database, logger, service } from '../../../core/index.ts'
import type { ConversationRow } from '../models/conversation.ts'
import { sound } from '../text/sound.ts'
import { linesOf, shortened, trimmed, unquoted, withoutThinking } from '../text/spoken.ts'
import { errands } from './errands.ts'

export interface Naming {
  /**
   * Gives it a title by the workspace's default model, and tells it. Undefined, and nothing changed, where no model answers (which is logged), or there is
   * nothing to go by: what moderation kept from a model is kept from this one too.
   */
  rename(conversation: Pick<ConversationRow, 'workspace_id' | 'id'>, signal?: AbortSignal): Promise<string | undefined>
  /** For one that begins with this question; where no model answers, the question itself, shortened. Throws where the signal aborts. */
  title(workspaceId: string, query: string, signal?: AbortSignal): Promise<string>
}

const LONGEST = 75
/** Code points of a question up to which it is read whole, and of each of its two ends otherwise. */
const WHOLE = 2_000
const PART = 300
/** A title is short; thinking may not be. */
const ANSWER = 1_000

const ASK = `You name conversations. Read how a person begins one, and find a title of at most eight words which says what it is about, in the language in which the person writes.
Do not answer the person. Write the title alone: no quotation marks, no explanation, no full stop.`

/** The first line of what was said, without what models like to put around it. */
const titleIn = (said: string): string => {
  const [line = ''] = linesOf(withoutThinking(sound(said)))
  return shortened(unquoted(unquoted(line.replace(/^#+\s*/, '')).replace(/^(?:title|titel|titre|título|标题|標題)\s*[:：]\s*/i, '')), LONGEST)
}
/** What a conversation is called after its first question where no model finds better. */
export const titleOf = (query: string): string => {
  const line = sound(query).replace(/\s+/g, ' ').trim()
  return [...line].length > 50 ? shortened(line, 47) : line
}

export const naming = service('chat.naming', {
  uses: { db: database, errands, log: logger },
  create: ({ db, errands, log }): Naming => {
    const firstQuestion = async (workspaceId: string, id: string): Promise<string | undefined> => (await db.query<{ query: string }>(
      `SELECT query FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND NOT metadata ? 'moderated' ORDER BY position LIMIT 1`, [workspaceId, id]))[0]?.query
    const found = async (workspaceId: string, query: string, signal?: AbortSignal): Promise<string | undefined> => {
      try {
        const said = await errands.run({ workspaceId, system: ASK, question: trimmed(query, WHOLE, PART), most: ANSWER, signal })
        return titleIn(said?.text ?? '') || undefined
      } catch (error) {
        if (!signal?.aborted) log.warn({ err: error }, 'no model found a title for a conversation')
        return undefined
      }
    }
    return {
      rename: async ({ workspace_id: workspaceId, id }, signal) => {
        const query = await firstQuestion(workspaceId, id)
        const title = query?.trim() ? await found(workspaceId, query, signal) : undefined
        if (title === undefined) return undefined
        await db.query('UPDATE conversations SET name = $3, is_named = true WHERE workspace_id = $1 AND id = $2', [workspaceId, id, title])
        return title
      },
      title: async (workspaceId, query, signal) => {
        const title = query.trim() === '' ? undefined : await found(workspaceId, query, signal)
        // A job that was put back finds a better one later.
        signal?.throwIfAborted()
        return title ?? titleOf(query)
      },
    }
  },
})
