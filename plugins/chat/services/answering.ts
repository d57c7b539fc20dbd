/** The work of a run: from a question that is written down to its answer, and how it ended. */
import { errors, HttpError, logger, service } from '../../../core/index.ts'
import { appFiles } from '../../apps/ports.ts'
import { annotations } from '../../annotations/ports.ts'
import type { AnnotationAnswer } from '../../annotations/ports.ts'
import { models } from '../../models/ports.ts'
import type { ModelInfo, PromptMessage, Usage } from '../../models/ports.ts'
import { RunStopped } from '../../runs/ports.ts'
import type { RunCall, RunOutcome } from '../../runs/ports.ts'
import { chatConfig } from '../config.ts'
import { chatErrors } from '../errors.ts'
import type { MessageMetadata, RetrieverResource } from '../models/message.ts'
import { endedFile, messageEvents } from '../presenters/events.ts'
import type { Place } from '../presenters/events.ts'
import type { AnswerMetadata } from '../schemas/asking.ts'
import { lengthOf, soundPieces } from '../text/sound.ts'
import { attachments } from './attachments.ts'
import { estimated, stopwatch, unused } from './counting.ts'
import { memory } from './memory.ts'
import { moderation } from './moderation.ts'
import type { Guard } from './moderation.ts'
import { prompting } from './prompting.ts'
import { retrieval } from './retrieval.ts'
import { speech } from './speech.ts'
import { turns } from './turns.ts'
import type { Ending, NewTurn } from './turns.ts'

/** UTF-16 units before what is new of an answer that moderation looks at once more: longer than any word that it looks for. */
const ONCE_MORE = 10_000

/** A question that is written down and waits for its answer. */
export interface OpenTurn extends NewTurn { readonly place: Place; readonly position: number; readonly model: ModelInfo; readonly provider: string; /** Whether sound is of use. */ readonly spoken: boolean }
export interface Answering { answer(turn: OpenTurn, call: RunCall): Promise<void> }

export const answering = service('chat.answering', {
  uses: { annotations, appFiles, attachments, config: chatConfig, log: logger, memory, models, moderation, prompting, retrieval, speech, turns },
  create: ({ annotations, appFiles, attachments, config, log, memory, models, moderation, prompting, retrieval, speech, turns }): Answering => {
    /** A written answer that is near enough; where it cannot be looked for, a model answers. */
    const written = async ({ app, query }: OpenTurn, signal: AbortSignal): Promise<AnnotationAnswer | undefined> => {
      if (app.mode !== 'chat') return undefined
      try { return await annotations.answer(app, query, signal) } catch (error) {
        signal.throwIfAborted()
        log.warn({ err: error, app: app.id }, 'no written answer could be looked for')
        return undefined
      }
    }
    const failure = (error: unknown): HttpError => {
      if (error instanceof HttpError) return error
      if (error instanceof RunStopped) return errors.unavailable('The server that answered stops. What it had said is kept; ask again.')
      log.error({ err: error }, 'an answer failed')
      return chatErrors.failed(undefined, { cause: error })
    }

    return {
      answer: async (turn, call) => {
        const { app, query, values, place } = turn
        const events = messageEvents(place)
        const watch = stopwatch()
        const speaker = !turn.spoken ? undefined : speech.begin(app, (audio) => { call.emit(events.audio(audio)) }, call.signal)
        let answer = ''
        let usage: Usage | undefined
        let asked: readonly PromptMessage[] = []
        let annotation: AnnotationAnswer | undefined
        let resources: RetrieverResource[] = []
        let moderated = false as boolean
        const say = (text: string): void => {
          if (text === '') return
          answer += text
          call.emit(events.message(text))
        }
        const sayInstead = (text: string): void => {
          answer = text
          moderated = true
          call.emit(events.replace(text))
          speaker?.hush()
          speaker?.say(text)
        }

        /** What the model says, as far as it may. */
        const generate = async (guard: Guard | undefined): Promise<void> => {
          const cut = new AbortController()
          const knowledge = await retrieval.find(app, turn.endUser.id, retrieval.question(turn), values, call.signal)
          const mode = app.mode === 'completion' ? 'completion' as const : 'chat' as const
          const own = turn.files.map(({ file }) => file)
          const before = turn.inputFiles.filter((file) => !own.includes(file))
          const material = { config: app.config, mode, model: turn.model, values, query, ...await attachments.of(app.workspaceId, [...before, ...own], turn.model, before) }
          const { passages, left } = prompting.room(material, knowledge.passages)
          resources = retrieval.told(app, knowledge, passages.length)
          const place = { workspaceId: app.workspaceId, conversationId: turn.conversationId, position: turn.position, known: turn.inputFiles }
          const history = mode === 'completion' ? [] : await memory.before(place, turn.model, left)
          const { messages, stop } = prompting.prompt(material, passages, history)
          const parameters = Object.fromEntries(Object.entries(app.config.model.completion_params).filter(([name]) => name !== 'stop'))
          const pieces = soundPieces()
          let unchecked = ''
          /** False where it may not be said; then something else is. */
          const passes = async (): Promise<boolean> => {
            if (guard && unchecked !== '' && await guard.flags(answer.slice(-(unchecked.length + ONCE_MORE)), call.signal)) {
              cut.abort(new Error('moderation ended the answer'))
              sayInstead(guard.preset)
              return false
            }
            speaker?.say(unchecked)
            unchecked = ''
            return true
          }
          call.signal.throwIfAborted()
          asked = messages
          watch.ask()
          for await (const part of models.generate(app.workspaceId, { provider: turn.provider, model: turn.model.name }, {
            messages, parameters, passages, stop, user: turn.endUser.id, signal: AbortSignal.any([call.signal, cut.signal]),
          })) {
            if (part.type === 'end') usage = part.usage
            if (part.type !== 'text') continue
            watch.hear()
            const text = pieces.take(part.text)
            say(text)
            unchecked += text
            if ((!guard || lengthOf(unchecked) >= config.moderationStep) && !await passes()) return
          }
          const rest = pieces.rest()
          say(rest)
          unchecked += rest
          await passes()
        }
        const produce = async (): Promise<void> => {
          const { input, output } = moderation.of(app)
          if (input && await input.flags([query, ...values.values()].join('\n'), call.signal)) {
            moderated = true
            say(input.preset)
            speaker?.say(answer)
            return
          }
          annotation = await written(turn, call.signal)
          if (!annotation) return generate(output)
          say(annotation.answer)
          speaker?.say(answer)
        }

        const error = await produce().then(() => undefined, (reason: unknown) => call.signal.aborted ? call.signal.reason as unknown : reason ?? new Error('it failed without a reason'))
        const stopped = error instanceof RunStopped && error.by !== 'server'
        const failed = error === undefined || stopped ? undefined : failure(error)
        const outcome: RunOutcome = failed ? 'failed' : stopped ? 'stopped' : 'succeeded'
        usage ??= asked.length === 0 || failed && answer === '' ? unused
          : estimated(turn.model.price, prompting.tokens(asked), models.estimateTokens(answer))
        const took = watch.stop(usage)
        const by = annotation && { id: annotation.id, account: { id: annotation.account.id, name: annotation.account.name } }
        const metadata: AnswerMetadata = { ...by ? { annotation_reply: by } : {}, retriever_resources: resources, reasoning: {}, usage: took }
        const kept: MessageMetadata = { ...by ? { annotation_reply: by } : {}, retriever_resources: resources, ...moderated ? { moderated } : {} }
        const ending: Ending = { status: failed ? 'error' : stopped ? 'stopped' : 'normal', answer, error: failed?.message ?? null, usage: took, metadata: kept }
        const ended = await call.finish(outcome, async () => {
          await turns.end(turn, ending)
          if (annotation) await annotations.hit(app, annotation, query, turn.messageId, 'api')
          return true
        })
        if (!ended) return
        if (failed) {
          call.emit(events.error(failed))
          return
        }
        call.emit(events.end(metadata, turn.files.map(({ id, file }) => endedFile(id, file, (upload) => appFiles.link(app.workspaceId, upload)))))
        if (!speaker) return
        if (stopped) speaker.hush()
        await speaker.end()
        call.emit(events.audioEnd())
      },
    }
  },
})
