/** Asking an app: all that can be refused is refused before anything is begun; then a run answers, and whoever asked is told as it comes. */
import { randomUUID } from 'node:crypto'
import { errors, HttpError, logger, service } from '../../../core/index.ts'
import type { Actor, ServerEvent } from '../../../core/index.ts'
import { appFiles, apps, endUsers } from '../../apps/ports.ts'
import type { App, AppFile, ConfiguredApp, EndUser, FileInput } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'
import type { ModelInfo } from '../../models/ports.ts'
import { runs } from '../../runs/ports.ts'
import type { RunEvent, RunRef } from '../../runs/ports.ts'
import { chatConfig } from '../config.ts'
import { chatErrors } from '../errors.ts'
import { messageEvents } from '../presenters/events.ts'
import type { Place } from '../presenters/events.ts'
import { seconds } from '../presenters/time.ts'
import type { AnswerMetadata, ChatAnswer, NewChatMessage, NewCompletionMessage } from '../schemas/asking.ts'
import { valuesOf } from '../text/filling.ts'
import { isUuid } from '../text/ids.ts'
import { answering } from './answering.ts'
import type { OpenTurn } from './answering.ts'
import { attachments } from './attachments.ts'
import { inputFiles, keptFiles, keptInput, questionRules, ruleOf } from './file-rules.ts'
import { moderation } from './moderation.ts'
import { pinged } from './pings.ts'
import { prompting } from './prompting.ts'
import { speaks } from './speech.ts'
import { sent, turns } from './turns.ts'
import type { NewTurn } from './turns.ts'
import { CHATTING } from './visits.ts'

export type Question = Pick<NewChatMessage, 'inputs' | 'files' | 'response_mode' | 'user' | 'query'> & Partial<Pick<NewChatMessage, 'conversation_id' | 'auto_generate_name'>>
export type Family = 'chat' | 'completion'
export interface Asking {
  /** Throws what the contract of the two addresses lists. @param signal of whoever asks: once they are gone nobody answers */
  chat(actor: Actor, question: NewChatMessage, signal: AbortSignal): Promise<ChatAnswer | AsyncIterable<ServerEvent>>
  completion(actor: Actor, question: NewCompletionMessage, signal: AbortSignal): Promise<Omit<ChatAnswer, 'conversation_id'> | AsyncIterable<ServerEvent>>
  /** Silent where there is no such task of this user, or it is over. */
  stop(actor: Actor, family: Family, user: string, taskId: string): Promise<void>
}

const startedBy = ({ id }: EndUser): string => `end-user:${id}`

/** A run that answers, and what its events have in common. */
interface Answer { readonly ref: RunRef; readonly place: Place; readonly app: ConfiguredApp; readonly endUser: EndUser; readonly spoken: boolean }

export const asking = service('chat.asking', {
  uses: { answering, appFiles, apps, attachments, config: chatConfig, endUsers, log: logger, models, moderation, prompting, runs, turns },
  create: ({ answering, appFiles, apps, attachments, config: { pingMs }, endUsers, log, models, moderation, prompting, runs, turns }): Asking => {
    /** The key's app, where it is of the family. */
    const open = async (actor: Actor, family: Family): Promise<App> => {
      const app = await apps.open(actor)
      if (family === 'chat' && !CHATTING.includes(app.mode)) throw chatErrors.notChatApp()
      if (family === 'completion' && app.mode !== 'completion') throw chatErrors.appUnavailable('This app completes no texts: it is of another mode. Ask a chat app at /chat-messages.')
      return app
    }
    const cannotRun = (mode: string) => chatErrors.appUnavailable(`This server cannot run apps of the mode "${mode}" yet. Use the key of a chat or a completion app.`)
    /** A chat app with the settings of an agent is one. */
    const isAgent = ({ mode, config: { agent_mode: agent } }: ConfiguredApp): boolean => mode === 'chat' && agent.enabled && ['function_call', 'react'].includes(agent.strategy ?? '')
    const modelOf = async ({ workspaceId, config: { model: { provider, name } } }: ConfiguredApp): Promise<ModelInfo> => {
      const found = await models.find(workspaceId, { provider, model: name }, 'llm')
      if (found) return found
      const own = provider.split('/').at(-1)
      throw (await models.list(workspaceId, 'llm')).some((one) => one.provider === own || one.provider === provider)
        ? chatErrors.modelUnsupported(`The provider "${provider}" has no model "${name}" for this workspace. Choose another in the settings of the app.`)
        : chatErrors.providerMissing(`The model provider "${provider}" is not there for this workspace. Choose another in the settings of the app, or enter credentials for it.`)
    }
    /** What was filled in, files resolved; of a conversation that goes on, what was filled in when it began. */
    const inputsOf = async (app: ConfiguredApp, endUser: EndUser, given: Readonly<Record<string, unknown>>) => {
      const inputs: Record<string, unknown> = { ...apps.inputs(app.config, given) }
      const files: AppFile[] = []
      for (const field of apps.form(app.config)) {
        const named = inputFiles(field, inputs[field.variable])
        if (named.length === 0) continue
        const resolved = await appFiles.resolve(endUser, named, ruleOf(field))
        files.push(...resolved)
        inputs[field.variable] = field.type === 'file' ? keptInput(resolved[0] as AppFile) : resolved.map(keptInput)
      }
      return { inputs, files }
    }
    const keptOf = async (app: ConfiguredApp, inputs: Readonly<Record<string, unknown>>) => {
      const kept = keptFiles(apps.form(app.config), inputs)
      return { inputs, files: kept.length === 0 ? [] : (await attachments.kept(app.workspaceId, [kept]))[0] ?? [] }
    }
    const filesOf = async (app: ConfiguredApp, endUser: EndUser, given: readonly FileInput[]): Promise<readonly AppFile[]> =>
      given.length === 0 ? [] : appFiles.resolve(endUser, given, questionRules(app.config))

    const begin = async (actor: Actor, family: Family, question: Question): Promise<Answer> => {
      const opened = await open(actor, family)
      if (opened.mode !== family) throw cannotRun(opened.mode)
      const endUser = await endUsers.take(opened, question.user)
      const known = question.conversation_id === undefined ? undefined : await turns.conversation(opened, endUser, question.conversation_id)
      const app = await apps.configured(opened, known?.model_config_id)
      if (isAgent(app)) throw cannotRun('agent-chat')
      const { inputs, files } = known ? await keptOf(app, known.inputs) : await inputsOf(app, endUser, question.inputs)
      const own = await filesOf(app, endUser, question.files)
      const model = await modelOf(app)
      const values = valuesOf(apps.form(app.config), inputs)
      moderation.of(app)
      attachments.check([...files, ...own], model)
      // Without the bytes of the files, which the run reads: none of them is a token of the text.
      prompting.check({ config: app.config, mode: family, model, values, query: question.query, ...attachments.notes([...files, ...own], model) })
      const turn: NewTurn = {
        app, endUser, messageId: randomUUID(), conversationId: known?.id ?? randomUUID(), begins: !known, inputs, values, query: question.query,
        // Those of the inputs are known with the first question: so they are shown to whoever may see it.
        files: [...known ? [] : files, ...own].map(sent), inputFiles: files,
        named: family === 'chat' && question.auto_generate_name !== false,
      }
      let written: Pick<OpenTurn, 'place' | 'position'> | undefined
      const run = { workspaceId: app.workspaceId, appId: app.id, kind: 'chat', subjectId: turn.messageId, startedBy: startedBy(endUser), limit: app.maxActiveRequests }
      const spoken = question.response_mode === 'streaming'
      const ref = await runs.start(run, async ({ id: taskId }) => {
        const { position, createdAt } = await turns.open(turn)
        written = { position, place: { taskId, messageId: turn.messageId, createdAt: seconds(createdAt), ...family === 'chat' ? { conversationId: turn.conversationId } : {} } }
      }, (call) => answering.answer({ ...turn, ...written as NonNullable<typeof written>, model, provider: app.config.model.provider, spoken }, call))
      return { ref, app, endUser, spoken, place: (written as unknown as Pick<OpenTurn, 'place'>).place }
    }

    const leave = ({ ref, endUser }: Answer): void => {
      runs.stop(ref, startedBy(endUser), 'client').catch((error: unknown) => { log.error({ err: error, run: ref.id }, 'a run that nobody waits for could not be stopped') })
    }
    /** Whoever goes away stops it: from now on, not only once somebody reads. */
    const begun = async (actor: Actor, family: Family, question: Question, signal: AbortSignal): Promise<Answer> => {
      const answer = await begin(actor, family, question)
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
        const app = await open(actor, family)
        const endUser = await endUsers.take(app, user)
        if (isUuid(taskId)) await runs.stop({ workspaceId: app.workspaceId, appId: app.id, id: taskId.toLowerCase() }, startedBy(endUser), 'user')
      },
    }
  },
})
