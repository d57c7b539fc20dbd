/** Models over the configured providers, each as the workspace that asks may use it. */
import { defineAdapter, HttpError, logger } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { models } from '../ports.ts'
import type { GenerateRequest, ModelPart, ModelProvider, ModelRef, ModelType, Models } from '../ports.ts'
import { defaultModels } from '../services/defaults.ts'
import { checkedParameters } from '../services/parameters.ts'
import { providers } from '../services/providers.ts'
import type { Offer } from '../services/providers.ts'
import { countedTokens, estimateTokens, priced } from '../services/usage.ts'

export const builtin = defineAdapter(models, 'builtin', {
  uses: { providers, defaults: defaultModels, log: logger },
  create: ({ providers, defaults, log }): Models => {
    const modelOf = ({ models }: Offer, model: string, type: ModelType) => models(type).find(({ name }) => name === model)
    const unsupported = ({ id }: Offer, { model }: ModelRef, type: ModelType) =>
      modelErrors.modelCurrentlyNotSupport(`The provider "${id}" has no ${type} model "${model}". Choose one that the list of models shows.`)
    /** The provider where it has the model; throws what the caller is told. */
    const having = async (workspaceId: string, ref: ModelRef, type: ModelType): Promise<Offer> => {
      const offer = await providers.one(workspaceId, ref.provider)
      if (modelOf(offer, ref.model, type)) return offer
      if (!offer.provider.credentials || offer.credentials) throw unsupported(offer, ref, type)
      throw modelErrors.providerNotInitialize(
        `The model provider "${offer.id}" needs credentials of this workspace. An owner or admin enters them in the settings of the model provider.`)
    }
    const asked = ({ credentials }: Offer, { model }: ModelRef) => ({ model, ...credentials ? { credentials } : {} })
    /** What the provider has to do for a model of the type; throws where it does not do it. */
    const doing = async <K extends 'generate' | 'transcribe' | 'speak' | 'moderate'>(workspaceId: string, ref: ModelRef, type: ModelType, what: K) => {
      const offer = await having(workspaceId, ref, type)
      const act = offer.provider[what] as NonNullable<ModelProvider[K]> | undefined
      if (!act) throw unsupported(offer, ref, type)
      return { offer, act: act.bind(offer.provider) as NonNullable<ModelProvider[K]> }
    }
    /** What a caller is told of a provider that did not do its part; what the provider itself said of it goes to the log. */
    const failed = (offer: Offer, { model }: ModelRef, error: unknown): HttpError => {
      if (error instanceof HttpError) return error
      log.error({ err: error, provider: offer.id, model }, 'a model provider failed')
      return modelErrors.requestRefused(`The model provider "${offer.id}" failed while "${model}" was at work. Try again, or choose another model; the log of this server has the reason.`, { cause: error })
    }
    const done = async <T>(offer: Offer, ref: ModelRef, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> => {
      signal?.throwIfAborted()
      try { return await act() } catch (error) {
        signal?.throwIfAborted()
        throw failed(offer, ref, error)
      }
    }
    const parts = async function* (offer: Offer, ref: ModelRef, request: Omit<GenerateRequest, 'model' | 'credentials'>, generate: NonNullable<ModelProvider['generate']>): AsyncGenerator<ModelPart> {
      const model = modelOf(offer, ref.model, 'llm')
      if (!model) throw unsupported(offer, ref, 'llm')
      const parameters = checkedParameters(model, request.parameters)
      let said = ''
      for await (const part of generate({ ...request, ...asked(offer, ref), parameters })) {
        request.signal?.throwIfAborted()
        if (part.type === 'end') {
          yield { type: 'end', usage: priced(model.price, countedTokens(part.tokens, request, said)), finish: part.finish }
          return
        }
        said += part.type === 'tool-call' ? part.call.input : part.text
        if (part.type === 'tool-call' || part.text !== '') yield part
      }
      throw modelErrors.requestRefused(`The answer of "${ref.model}" at "${offer.id}" broke off before its end. Try again, or choose another model.`)
    }
    const spoken = async function* (offer: Offer, ref: ModelRef, signal: AbortSignal | undefined, audio: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      try { yield* audio } catch (error) {
        signal?.throwIfAborted()
        throw failed(offer, ref, error)
      }
    }
    return {
      estimateTokens,
      generate: async function* (workspaceId, ref, request): AsyncGenerator<ModelPart> {
        const { offer, act } = await doing(workspaceId, ref, 'llm', 'generate')
        request.signal?.throwIfAborted()
        try {
          yield* parts(offer, ref, request, act)
        } catch (error) {
          request.signal?.throwIfAborted()
          throw failed(offer, ref, error)
        }
      },
      transcribe: async (workspaceId, ref, request) => {
        const { offer, act } = await doing(workspaceId, ref, 'speech2text', 'transcribe')
        return done(offer, ref, request.signal, () => act({ ...request, ...asked(offer, ref) }))
      },
      speak: async (workspaceId, ref, { voice, ...request }) => {
        const { offer, act } = await doing(workspaceId, ref, 'tts', 'speak')
        const voices = modelOf(offer, ref.model, 'tts')?.voices
        // A voice of another model, as an app may still name it, speaks with the usual one.
        const known = voice !== undefined && (!voices || voices.some(({ value }) => value === voice)) ? voice : voices?.[0]?.value
        const speech = await done(offer, ref, request.signal, () => act({ ...request, ...asked(offer, ref), ...known === undefined ? {} : { voice: known } }))
        return { ...speech, audio: spoken(offer, ref, request.signal, speech.audio) }
      },
      moderate: async (workspaceId, ref, request) => {
        const { offer, act } = await doing(workspaceId, ref, 'moderation', 'moderate')
        return done(offer, ref, request.signal, () => act({ ...request, ...asked(offer, ref) }))
      },
      defaultModel: (workspaceId, type) => defaults.of(workspaceId, type),
      find: async (workspaceId, ref, type) => {
        const offer = await providers.seek(workspaceId, ref.provider)
        return offer && modelOf(offer, ref.model, type)
      },
      embed: async (workspaceId, ref, request) => {
        const offer = await having(workspaceId, ref, 'text-embedding')
        if (!offer.provider.embed) throw unsupported(offer, ref, 'text-embedding')
        request.signal?.throwIfAborted()
        return request.texts.length === 0 ? { vectors: [], tokens: 0 } : offer.provider.embed({ ...request, ...asked(offer, ref) })
      },
      rerank: async (workspaceId, ref, request) => {
        const offer = await having(workspaceId, ref, 'rerank')
        if (!offer.provider.rerank) throw unsupported(offer, ref, 'rerank')
        request.signal?.throwIfAborted()
        if (request.documents.length === 0) return { scores: [], tokens: 0 }
        const made = await offer.provider.rerank({ ...request, ...asked(offer, ref) })
        const sound = made.scores.length === request.documents.length && made.scores.every((score) => score >= 0 && score <= 1)
        if (!sound) throw new Error(`${offer.id}/${ref.model} did not give each of the ${request.documents.length} documents a score from 0 to 1`)
        return made
      },
      list: async (workspaceId, type) => (await providers.all(workspaceId)).flatMap((offer) => {
        const offered = offer.models(type)
        return offered.length === 0 ? [] : [{ provider: offer.id, label: offer.provider.label, models: offered }]
      }),
    }
  },
})
