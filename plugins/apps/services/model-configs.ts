/** The settings of an app: checked against what there is, and kept, each save as a version of its own. */
import { randomUUID } from 'node:crypto'
import { database, errors, HttpError, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import { models } from '../../models/ports.ts'
import type { ModelInfo, ModelType } from '../../models/ports.ts'
import { appErrors } from '../errors.ts'
import type { AppMode, ChosenModel, ModelConfig } from '../ports.ts'
import { modeWith, readModelConfig, requireSound } from './model-normalising.ts'
import { parameterProblem, saidParameters } from './parameter-rules.ts'

export interface ModelConfigs {
  /**
   * What they come to for an app of the mode, once whoever saves them may: the models are there and take their parameters, the knowledge bases are there and reached.
   * Throws 400 `invalid_param` that names what is wrong, and 403. Not inside a transaction.
   */
  check(actor: Actor, config: ModelConfig, mode: AppMode): Promise<ModelConfig>
  /** Without the knowledge bases that are gone. Throws 403 for one that the actor does not reach. */
  reachable(actor: Actor, config: ModelConfig): Promise<ModelConfig>
  /** Those of a new app. */
  initial(workspaceId: string, mode: AppMode): Promise<ModelConfig>
  /** Inside a transaction that holds the app: a version that holds from now on; resolves to its id. */
  save(app: { readonly workspaceId: string; readonly id: string }, accountId: string, config: ModelConfig): Promise<string>
}

/** Modes whose settings these are; the others have a graph. */
export const hasModelConfig = (mode: AppMode): boolean => mode === 'chat' || mode === 'completion' || mode === 'agent-chat'

export const modelConfigs = service('apps.modelConfigs', {
  uses: { db: database, datasets, models },
  create: ({ db, datasets, models }): ModelConfigs => {
    const refuse = (params: string, message: string): Error => appErrors.settingsInvalid(message, { params })
    const require = async (workspaceId: string, field: string, ref: { readonly provider: string; readonly model: string }, type: ModelType): Promise<ModelInfo> => {
      const found = await models.find(workspaceId, ref, type)
      if (!found) throw refuse(field, `This workspace cannot use the ${type} model "${ref.model}" of the provider "${ref.provider}". Choose one of its list of models, or enter the credentials of the provider first.`)
      return found
    }
    const llm = async (workspaceId: string, field: string, chosen: ChosenModel): Promise<ChosenModel> => {
      const info = await require(workspaceId, field, { provider: chosen.provider, model: chosen.name }, 'llm')
      const completion_params = saidParameters(chosen.completion_params)
      const problem = parameterProblem(completion_params, info)
      if (problem !== undefined) throw refuse(`${field}.completion_params`, problem)
      // How it is asked is a matter of the model.
      return { ...chosen, mode: info.mode ?? 'chat', completion_params }
    }
    const reach = async (actor: Actor, id: string): Promise<void> => {
      if (!actor.can('dataset:read', { type: 'dataset', id })) throw errors.forbidden('You may not read the knowledge base that the settings name. Leave it out.')
      await datasets.reach(actor, id)
    }
    return {
      check: async (actor, config, mode) => {
        if (!hasModelConfig(mode)) throw appErrors.noModelConfig()
        const { workspaceId } = actor
        const model = await llm(workspaceId, 'model', config.model)
        const { suggested_questions_after_answer: next, dataset_configs: knowledge } = config
        const whole: ModelConfig = {
          ...config, model,
          suggested_questions_after_answer: { ...next, ...next.model ? { model: await llm(workspaceId, 'suggested_questions_after_answer.model', next.model) } : {} },
        }
        requireSound(whole, modeWith(mode, whole))
        if (knowledge.reranking_enable && knowledge.reranking_mode === 'reranking_model') {
          const { reranking_provider_name: provider, reranking_model_name: name } = knowledge.reranking_model
          await require(workspaceId, 'dataset_configs.reranking_model', { provider, model: name }, 'rerank')
        }
        for (const id of knowledge.datasets.datasets.map(({ dataset }) => dataset.id)) {
          await reach(actor, id).catch((error: unknown) => {
            throw error instanceof HttpError && error.status === 404 ? refuse('dataset_configs.datasets', `There is no knowledge base ${id}. Leave it out.`) : error
          })
        }
        return whole
      },
      reachable: async (actor, config) => {
        const { datasets: chosen } = config.dataset_configs
        const there = new Set(await datasets.existing(actor.workspaceId, chosen.datasets.map(({ dataset }) => dataset.id)))
        for (const id of there) await reach(actor, id)
        return { ...config, dataset_configs: { ...config.dataset_configs, datasets: { datasets: chosen.datasets.filter(({ dataset }) => there.has(dataset.id)) } } }
      },
      initial: async (workspaceId, mode) => {
        const ref = await models.defaultModel(workspaceId, 'llm')
        const info = ref && await models.find(workspaceId, ref, 'llm')
        return readModelConfig({
          model: { provider: ref?.provider ?? 'openai', name: ref?.model ?? 'gpt-4o', mode: info?.mode ?? 'chat', completion_params: {} },
          ...mode === 'completion' ? { pre_prompt: '{{query}}', user_input_form: [{ paragraph: { label: 'Query', variable: 'query', required: true, default: '' } }] } : {},
        })
      },
      save: async ({ workspaceId, id }, accountId, config) => {
        const versionId = randomUUID()
        await db.query(
          'INSERT INTO app_model_configs (id, workspace_id, app_id, config, created_by, created_at) VALUES ($1, $2, $3, $4::jsonb, $5, now())',
          [versionId, workspaceId, id, JSON.stringify(config), accountId])
        await db.query('UPDATE apps SET model_config_id = $3, updated_by = $4, updated_at = now() WHERE workspace_id = $1 AND id = $2', [workspaceId, id, versionId, accountId])
        return versionId
      },
    }
  },
})
