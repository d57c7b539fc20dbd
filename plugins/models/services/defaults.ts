/** The models that a workspace uses where nobody names one. */
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { modelsConfig } from '../config.ts'
import { modelErrors } from '../errors.ts'
import type { ModelRef, ModelType } from '../ports.ts'
import { workspaceChoices } from './choices.ts'
import { providers } from './providers.ts'

/** Without a model: what the server would choose. */
export interface DefaultSetting { readonly type: ModelType; readonly model: ModelRef | null }
export interface DefaultModels {
  /** The workspace's choice, else the configuration's, else the first that is offered; undefined where none is. What is not offered any more does not count. */
  of(workspaceId: string, type: ModelType): Promise<ModelRef | undefined>
  /** All or nothing. Throws `model_currently_not_support` or `provider_not_initialize` for a model that the workspace cannot use. */
  set(owner: { readonly workspaceId: string; readonly accountId: string }, settings: readonly DefaultSetting[]): Promise<void>
}

export const defaultModels = service('models.defaults', {
  uses: { db: database, audit, config: modelsConfig, providers, choices: workspaceChoices },
  create: ({ db, audit, config, providers, choices }): DefaultModels => ({
    of: async (workspaceId, type) => {
      const offers = await providers.all(workspaceId)
      const isOffered = ({ provider, model }: ModelRef): boolean => offers.some(({ id, models }) => id === provider && models(type).some(({ name }) => name === model))
      const chosen = (await choices.of(workspaceId)).defaults[type]
      for (const one of [chosen, config.defaults[type]]) if (one && isOffered(one)) return { provider: one.provider, model: one.model }
      for (const { id, models } of offers) {
        const [first] = models(type)
        if (first) return { provider: id, model: first.name }
      }
      return undefined
    },
    set: async ({ workspaceId, accountId }, settings) => {
      const known: DefaultSetting[] = []
      for (const { type, model: ref } of settings) {
        const offer = ref && await providers.one(workspaceId, ref.provider)
        if (offer && !offer.models(type).some(({ name }) => name === ref.model)) {
          throw modelErrors.modelCurrentlyNotSupport(`The provider "${offer.id}" has no ${type} model "${ref.model}" for this workspace. Choose one that the list of models shows.`)
        }
        known.push({ type, model: offer ? { provider: offer.id, model: ref.model } : null })
      }
      await db.transaction(async () => {
        for (const { type, model: ref } of known) {
          if (!ref) await db.query('DELETE FROM model_defaults WHERE workspace_id = $1 AND model_type = $2', [workspaceId, type])
          else {
            await db.query(
              `INSERT INTO model_defaults (workspace_id, model_type, provider, model, updated_by, updated_at) VALUES ($1, $2, $3, $4, $5, now())
               ON CONFLICT (workspace_id, model_type) DO UPDATE SET provider = excluded.provider, model = excluded.model, updated_by = excluded.updated_by, updated_at = now()`,
              [workspaceId, type, ref.provider, ref.model, accountId])
          }
          await audit.record({
            workspaceId, action: 'model-default.changed', resource: { type: 'model-type', id: type },
            details: { provider: ref?.provider ?? null, model: ref?.model ?? null },
          })
        }
        await choices.changing(workspaceId)
      })
    },
  }),
})
