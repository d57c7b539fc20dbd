/** Questions that may be asked next. */
import { logger, service } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import type { App } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'
import { chatErrors } from '../errors.ts'
import type { MessageRow } from '../models/message.ts'
import { questionsIn } from '../text/questions.ts'
import { trimmed, withoutThinking } from '../text/spoken.ts'
import { errands } from './errands.ts'
import { messageItems } from './message-items.ts'
import type { AskedMessage } from './message-items.ts'

export interface Suggestions {
  /** A few, or none where the model has none to give or fails. Throws 400 where the app suggests none. */
  after(app: App, message: AskedMessage, signal?: AbortSignal): Promise<string[]>
}

/** Messages, and tokens of all of them together, that the model is shown. */
const MESSAGES = 3
const TOKENS = 3_000
/** Tokens of the answer. A model that thinks needs most of them for that. */
const ANSWER = 2_000
/** Enough for any thinking that ends. */
const PATIENT_ANSWER = 16_000
const FEW = 3
const MANY = 10

const ASK = `You help somebody who is talking with an assistant. Read the end of their conversation and propose three questions which they may well ask next.
Each is short, can be understood by itself, leads on from what was said, and is written in the language and from the point of view of the person who asks.`
const FORM = 'Answer with a JSON array of strings and with nothing else, for example: ["First question?", "Second question?", "Third question?"]'

export const suggestions = service('chat.suggestions', {
  uses: { apps, models, errands, items: messageItems, log: logger },
  create: ({ apps, models, errands, items, log }): Suggestions => {
    /** The newest in full as far as there is room; of a long text its beginning and end. */
    const transcript = (rows: readonly Pick<MessageRow, 'query' | 'answer'>[]): string => {
      const turns: string[] = []
      let room = TOKENS
      for (const { query, answer } of [...rows].reverse()) {
        const whole = `Person: ${query}\nAssistant: ${withoutThinking(answer)}`
        const turn = [Infinity, 2_000, 500].map((part) => part === Infinity ? whole : `Person: ${trimmed(query, part, part / 2)}\nAssistant: ${trimmed(withoutThinking(answer), part, part / 2)}`)
          .find((text) => models.estimateTokens(text) <= room)
        if (turn === undefined) break
        turns.unshift(turn)
        room -= models.estimateTokens(turn)
      }
      return turns.join('\n\n')
    }
    return {
      after: async (app, message, signal) => {
        const { config } = await apps.configured(app, message.model_config_id)
        const { enabled, prompt, model } = config.suggested_questions_after_answer
        if (!enabled) throw chatErrors.suggestionsOff()
        const own = prompt?.trim() ?? ''
        const most = own === '' ? FEW : MANY
        const rows = await items.answeredUpTo(message, MESSAGES)
        if (rows.length === 0) return []
        const errand = {
          workspaceId: app.workspaceId, signal, system: `${own === '' ? ASK : own}\n\n${FORM}`,
          question: `The conversation so far:\n\n${transcript(rows)}\n\nWhich questions may come next?`,
          model: model && model.name !== '' ? { ref: { provider: model.provider, model: model.name }, parameters: model.completion_params } : undefined,
        }
        try {
          const said = await errands.run({ ...errand, most: ANSWER })
          if (!said) return []
          const questions = questionsIn(said.text, most)
          if (questions.length > 0 || !said.cut) return questions
          // All that it was given went into thinking.
          return questionsIn((await errands.run({ ...errand, most: PATIENT_ANSWER }))?.text ?? '', most)
        } catch (error) {
          if (!signal?.aborted) log.warn({ err: error, app: app.id }, 'no questions could be suggested')
          return []
        }
      },
    }
  },
})
