/** Models over the configured providers. All workspaces of this server share them. */
import { defineAdapter } from '../../../core/index.ts'
import { modelsConfig } from '../config.ts'
import { modelErrors } from '../errors.ts'
import { modelProvider, models } from '../ports.ts'
import type { ModelProvider, ModelRef, ModelType } from '../ports.ts'

export const builtin = defineAdapter(models, 'builtin', {
  uses: { providers: modelProvider, config: modelsConfig },
  create: ({ providers, config }) => {
    const offers = (provider: ModelProvider, type: ModelType) => provider.models().filter((model) => model.type === type)
    const find = ({ provider, model }: ModelRef, type: ModelType) => {
      const known = providers.get(provider)
      return known && offers(known, type).find(({ name }) => name === model)
    }
    const embedder = (ref: ModelRef) => {
      const provider = providers.get(ref.provider)
      if (!provider) {
        const known = [...providers.keys()].join(', ') || 'none'
        throw modelErrors.providerNotInitialize(`The model provider "${ref.provider}" is not configured. Configured are: ${known}.`)
      }
      if (!find(ref, 'text-embedding') || !provider.embed) {
        throw modelErrors.modelCurrentlyNotSupport(
          `The provider "${ref.provider}" has no embedding model "${ref.model}". Choose one that the list of models shows.`)
      }
      return provider.embed.bind(provider)
    }
    return {
      defaultModel: async (_workspaceId, type) => {
        const chosen = config.defaults[type]
        if (chosen && find(chosen, type)) return chosen
        for (const [id, provider] of providers) {
          const [first] = offers(provider, type)
          if (first) return { provider: id, model: first.name }
        }
        return undefined
      },
      find: async (_workspaceId, ref, type) => find(ref, type),
      embed: async (_workspaceId, ref, request) => {
        const embed = embedder(ref)
        request.signal?.throwIfAborted()
        return request.texts.length === 0 ? { vectors: [], tokens: 0 } : embed({ ...request, model: ref.model })
      },
      list: async (_workspaceId, type) => [...providers].flatMap(([id, provider]) => {
        const offered = offers(provider, type)
        return offered.length === 0 ? [] : [{ provider: id, label: provider.label, models: offered }]
      }),
    }
  },
})
