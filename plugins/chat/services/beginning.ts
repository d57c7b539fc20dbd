/** All that a question can be refused for, looked at before anything is written; then the row of the message, and the run that answers it. */
import { randomUUID } from 'node:crypto'
import { service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { appFiles, apps, endUsers } from '../../apps/ports.ts'
import type { App, AppFile, ConfiguredApp, EndUser, FileInput } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'
import type { ModelInfo } from '../../models/ports.ts'
import { runs } from '../../runs/ports.ts'
import type { RunRef } from '../../runs/ports.ts'
import { chatErrors } from '../errors.ts'
import type { Place } from '../presenters/events.ts'
import { seconds } from '../presenters/time.ts'
import type { NewChatMessage } from '../schemas/asking.ts'
import { valuesOf } from '../text/filling.ts'
import { answering } from './answering.ts'
import type { OpenTurn } from './answering.ts'
import { attachments } from './attachments.ts'
import { inputFiles, keptFiles, keptInput, questionRules, ruleOf } from './file-rules.ts'
import { moderation } from './moderation.ts'
import { prompting } from './prompting.ts'
import { sent, turns } from './turns.ts'
import type { NewTurn } from './turns.ts'
import { CHATTING } from './visits.ts'

export type Question = Pick<NewChatMessage, 'inputs' | 'files' | 'response_mode' | 'user' | 'query'> & Partial<Pick<NewChatMessage, 'conversation_id' | 'auto_generate_name'>>
export type Family = 'chat' | 'completion'
/** A run that answers, and what its events have in common. */
export interface Answer { readonly ref: RunRef; readonly place: Place; readonly app: ConfiguredApp; readonly endUser: EndUser; readonly spoken: boolean }
export interface Beginning {
  /** The key's app, where it is of the family; throws 400, 403. */
  open(actor: Actor, family: Family): Promise<App>
  /** Throws what the contract of the two addresses lists, and then nothing is left. */
  begin(actor: Actor, family: Family, question: Question): Promise<Answer>
}
/** Who starts a run, and alone stops it. */
export const startedBy = ({ id }: EndUser): string => `end-user:${id}`

export const beginning = service('chat.beginning', {
  uses: { answering, appFiles, apps, attachments, endUsers, models, moderation, prompting, runs, turns },
  create: ({ answering, appFiles, apps, attachments, endUsers, models, moderation, prompting, runs, turns }): Beginning => {
    const open: Beginning['open'] = async (actor, family) => {
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

    const begin: Beginning['begin'] = async (actor, family, question) => {
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
    return { open, begin }
  },
})
