/** The configured providers as one workspace may use them. */
import { HttpError, logger, service, vault } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { ownerOf } from '../models/model-credential.ts'
import { modelProvider } from '../ports.ts'
import type { Credentials, ModelInfo, ModelProvider, ModelType } from '../ports.ts'
import { workspaceChoices } from './choices.ts'

export interface Offer {
  readonly id: string
  readonly provider: ModelProvider
  readonly credentials: Credentials | undefined
  models(type: ModelType): readonly ModelInfo[]
}
export interface Providers {
  /** In the order of the configuration. One whose credentials cannot be opened offers nothing. */
  all(workspaceId: string): Promise<readonly Offer[]>
  /** Throws `provider_not_initialize` where there is none, or the credentials cannot be opened. */
  one(workspaceId: string, name: string): Promise<Offer>
  /** Undefined where `one` throws. */
  seek(workspaceId: string, name: string): Promise<Offer | undefined>
  /** Its id; some clients write it as `organisation/plugin/id`. Throws 404. */
  named(name: string): { readonly id: string; readonly provider: ModelProvider }
}

export const providers = service('models.providers', {
  uses: { configured: modelProvider, choices: workspaceChoices, vault, log: logger },
  create: ({ configured, choices, vault, log }): Providers => {
    const lookUp = (name: string): { id: string; provider: ModelProvider } | undefined => {
      const id = configured.has(name) ? name : name.slice(name.lastIndexOf('/') + 1)
      const provider = configured.get(id)
      return provider && { id, provider }
    }
    const opened = async (workspaceId: string, id: string): Promise<Credentials | undefined> => {
      const row = (await choices.of(workspaceId)).credentials.find(({ provider }) => provider === id)
      if (!row) return undefined
      try {
        return JSON.parse(await vault.open(row.sealed, ownerOf(workspaceId, row.id))) as Credentials
      } catch (error) {
        log.error({ err: error, provider: id, workspace: workspaceId }, 'what a workspace entered for a model provider cannot be opened')
        throw modelErrors.providerNotInitialize(
          `What this workspace entered for the model provider "${id}" cannot be opened with the keys that the server has. Enter it anew, or give the server its former key back.`,
          { cause: error })
      }
    }
    const known = (): string => [...configured.keys()].join(', ') || 'none'
    const one = async (workspaceId: string, name: string): Promise<Offer> => {
      const found = lookUp(name)
      if (!found) throw modelErrors.providerNotInitialize(`The model provider "${name}" is not configured. Configured are: ${known()}.`)
      // Whoever takes no credentials costs no question.
      const credentials = found.provider.credentials ? await opened(workspaceId, found.id) : undefined
      return { ...found, credentials, models: (type) => found.provider.models(credentials).filter((model) => model.type === type) }
    }
    const seek = (workspaceId: string, name: string): Promise<Offer | undefined> => one(workspaceId, name).catch((error: unknown) => {
      if (error instanceof HttpError && error.code === modelErrors.providerNotInitialize.code) return undefined
      throw error
    })
    return {
      one, seek,
      named: (name) => {
        const found = lookUp(name)
        if (!found) throw modelErrors.providerMissing(`There is no model provider "${name}". Configured are: ${known()}.`)
        return found
      },
      all: async (workspaceId) => {
        const offers: Offer[] = []
        for (const [id, provider] of configured) offers.push(await seek(workspaceId, id) ?? { id, provider, credentials: undefined, models: () => [] })
        return offers
      },
    }
  },
})
