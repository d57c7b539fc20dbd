/** Asking an app: a run answers, and whoever asked is told as it comes; who goes away stops it. */
import { errors, HttpError, logger, service } from '../../../core/index.ts'
import type { Actor, ServerEvent } from '../../../core/index.ts'
import { endUsers } from '../../apps/ports.ts'
import { runs } from '../../runs/ports.ts'
import type { RunEvent } from '../../runs/ports.ts'
import { chatConfig } from '../config.ts'
import { chatErrors } from '../errors.ts'
import { messageEvents } from '../presenters/events.ts'
import type { AnswerMetadata, ChatAnswer, NewChatMessage, NewCompletionMessage } from '../schemas/asking.ts'
import { isUuid } from '../text/ids.ts'
import { beginning, startedBy } from './beginning.ts'
import type { Answer, Family, Question } from './beginning.ts'
import { pinged } from './pings.ts'
import { speaks } from './speech.ts'

export interface Asking {
  /** Throws what the contract of the two addresses lists. @param signal of whoever asks: once they are gone nobody answers */
  chat(actor: Actor, question: NewChatMessage, signal: AbortSignal): Promise<ChatAnswer | AsyncIterable<ServerEvent>>
  completion(actor: Actor, question: NewCompletionMessage, signal: AbortSignal): Promise<Omit<ChatAnswer, 'conversation_id'> | AsyncIterable<ServerEvent>>
  /** Silent where there is no such task of this user, or it is over. */
  stop(actor: Actor, family: Family, user: string, taskId: string): Promise<void>
}

export const asking = service('chat.asking', {
  uses: { beginning, config: chatConfig, endUsers, log: logger, runs },
  create: ({ beginning, config: { pingMs }, endUsers, log, runs }): Asking => {
    const leave = ({ ref, endUser }: Answer): void => {
      runs.stop(ref, startedBy(endUser), 'client').catch((error: unknown) => { log.error({ err: error, run: ref.id }, 'a run that nobody waits for could not be stopped') })
    }
    /** Whoever goes away stops it: from now on, not only once somebody reads. */
    const begun = async (actor: Actor, family: Family, question: Question, signal: AbortSignal): Promise<Answer> => {
      const answer = await beginning.begin(actor, family, question)
      if (signal.aborted) leave(answer)
      else signal.addEventListener('abort', () => { leave(answer) }, { once: true })
      return answer
    }
    /** What the run says, to its last event; an error where it ends without one. */
    const told = async function* (answer: Answer, signal: AbortSignal): AsyncGenerator<readonly RunEvent[]> {
      const { ref, app, place } = answer
      const last = answer.spoken && speaks(app) ? 'tts_message_end' : 'message_end'
      let over = false
      try {
        for await (const events of runs.events(ref, signal)) {
          const end = events.findIndex(({ event }) => event === last || event === 'error')
          over = end >= 0
          yield over ? events.slice(0, end + 1) : events
          if (over) return
        }
        over = true
        // Where the client went away nobody hears it; where the server stops, there is still time to say so.
        yield [messageEvents(place).error(signal.aborted ? errors.unavailable('The server stops, so the answer ends here. What was said is kept; ask again.') : chatErrors.failed())]
      } catch (error) {
        if (error instanceof HttpError) throw error
        log.error({ err: error, run: ref.id }, 'the events of a run could not be read')
        throw chatErrors.failed(undefined, { cause: error })
      } finally {
        if (!over && !signal.aborted) leave(answer)
      }
    }
    const streamed = (answer: Answer, signal: AbortSignal): AsyncIterable<ServerEvent> =>
      pinged(told(answer, signal), pingMs, (error) => messageEvents(answer.place).error(error as HttpError))
    const awaited = async (given: Answer, signal: AbortSignal): Promise<ChatAnswer> => {
      const { place, app, ref } = given
      let answer = ''
      for await (const events of told(given, signal)) for (const event of events) {
        if (event.event === 'message') answer += event['answer'] as string
        else if (event.event === 'message_replace') answer = event['answer'] as string
        else if (event.event === 'error') throw new HttpError({ status: event['status'] as number, code: event['code'] as string }, event['message'] as string)
        else if (event.event === 'message_end') {
          return {
            event: 'message', task_id: ref.id, id: place.messageId, message_id: place.messageId, conversation_id: place.conversationId ?? '', mode: app.mode, answer,
            metadata: event['metadata'] as unknown as AnswerMetadata, created_at: place.createdAt,
          }
        }
      }
      throw chatErrors.failed()
    }
    return {
      chat: async (actor, question, signal) => {
        const answer = await begun(actor, 'chat', question, signal)
        return question.response_mode === 'streaming' ? streamed(answer, signal) : awaited(answer, signal)
      },
      completion: async (actor, question, signal) => {
        const answer = await begun(actor, 'completion', question, signal)
        if (question.response_mode === 'streaming') return streamed(answer, signal)
        const { event, task_id, id, message_id, mode, answer: said, metadata, created_at } = await awaited(answer, signal)
        return { event, task_id, id, message_id, mode, answer: said, metadata, created_at }
      },
      stop: async (actor, family, user, taskId) => {
        const app = await beginning.open(actor, family)
        const endUser = await endUsers.take(app, user)
        if (isUuid(taskId)) await runs.stop({ workspaceId: app.workspaceId, appId: app.id, id: taskId.toLowerCase() }, startedBy(endUser), 'user')
      },
    }
  },
})
