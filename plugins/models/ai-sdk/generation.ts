/** A conversation with a model through the AI SDK: asked, tried again before its first word where that helps, and told part by part. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpClient, Logger } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import type { Place } from '../openai/connection.ts'
import type { GenerateRequest, ModelInfo, ProviderPart, TokenUsage } from '../ports.ts'
import { broken, told, unsaid } from './failures.ts'
import { bareUrl, guardedFetch } from './guarded-fetch.ts'
import { promptOf } from './messages.ts'
import { languageModel } from './packages.ts'
import type { CallOptions, LanguageModel } from './packages.ts'
import { settingsOf } from './parameters.ts'
import type { Vendor } from './parameters.ts'

export interface Conversing {
  readonly http: HttpClient
  readonly log: Logger
  readonly vendor: Vendor
  readonly place: Place
  /** As the provider lists it; undefined where it does not. */
  readonly model: ModelInfo | undefined
  /** Milliseconds for which a model may be silent. */
  readonly timeout: number
  readonly includeUsage?: boolean
}

/** Somebody waits for the answer: another try begins within so many milliseconds, or not at all. */
const PATIENCE = 10_000
const TRIES = 3
const FIRST_WAIT = 500
/** No answer takes longer: a server that says a word now and then would keep a connection for ever. */
const LONGEST = 30 * 60_000

type StreamPart = Awaited<ReturnType<LanguageModel['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never
type Finished = Extract<StreamPart, { type: 'finish' }>
const tokensOf = ({ inputTokens: { total: promptTokens }, outputTokens: { total: completionTokens } }: Finished['usage']): TokenUsage =>
  ({ ...promptTokens === undefined ? {} : { promptTokens }, ...completionTokens === undefined ? {} : { completionTokens } })

/** A model that completes is given the text as it is; the package would write a dialogue around it. */
const verbatim = (mode: 'chat' | 'completion', { messages, stop = [] }: GenerateRequest) => {
  const [only, ...others] = messages
  if (mode === 'chat' || !only || others.length > 0) return undefined
  const prompt = typeof only.content === 'string' ? only.content : only.content.flatMap((part) => part.type === 'text' ? [part.text] : []).join('\n')
  return (body: Record<string, unknown>) => ({ ...body, prompt, stop: stop.length > 0 ? stop : undefined })
}

/** See `ModelProvider.generate`. */
export const converse = async function* (conversing: Conversing, request: GenerateRequest): AsyncGenerator<ProviderPart, void, undefined> {
  const { http, log, vendor, place, model, timeout, includeUsage = true } = conversing
  const { label } = place
  if (!model) throw modelErrors.modelCurrentlyNotSupport(`${label} has no model "${request.model}" here. Choose one that the list of models shows.`)
  const mode = model.mode ?? 'chat'
  const over = new AbortController()
  const late = setTimeout(() => { over.abort(new Error(`${label} did not come to an end within ${LONGEST / 60_000} minutes`)) }, LONGEST)
  const signal = request.signal ? AbortSignal.any([request.signal, over.signal]) : over.signal
  const talk = { place, model: model.name, log }
  try {
    const options: CallOptions = {
      ...settingsOf(vendor, { ...request, mode }),
      prompt: await promptOf(request.messages, {
        http, label, model: model.name, features: model.features ?? [], systemFirst: vendor === 'anthropic' || vendor === 'google' || mode === 'completion', signal,
      }),
      ...request.tools && request.tools.length > 0 ? {
        tools: request.tools.map(({ name, description, input }) => ({ type: 'function' as const, name, description, inputSchema: input })), toolChoice: { type: 'auto' as const },
      } : {},
      abortSignal: signal,
    }
    const wire = guardedFetch({ ...talk, http, timeout, rewrite: verbatim(mode, request) })
    const asked = await languageModel(vendor, { model: model.name, mode, baseURL: bareUrl(place.baseUrl), wire, includeUsage })
    const began = performance.now()
    for (let tries = 1; ; tries++) {
      let begun = false
      try {
        for await (const part of once(asked, options)) {
          begun = true
          yield part
        }
        return
      } catch (error) {
        request.signal?.throwIfAborted()
        const failure = error instanceof Told ? told(talk, error.cause, begun) : error instanceof Unended ? unsaid(label, begun) : broken(talk, error, begun)
        // Some spread, so that those who failed together do not come back together.
        const wait = failure.wait ?? FIRST_WAIT * 2 ** (tries - 1) * (0.75 + Math.random() / 2)
        if (begun || !failure.passing || tries === TRIES || performance.now() - began + wait > PATIENCE) throw failure.told
        await sleep(wait, undefined, { signal }).catch(() => { request.signal?.throwIfAborted() })
      }
    }
  } finally {
    clearTimeout(late)
    // Whoever listens no more, for whatever reason, does not pay for the rest.
    over.abort()
  }
}

/** Came as a part of the answer. */
class Told extends Error {}
/** The answer ended, but did not say so. */
class Unended extends Error {}

const once = async function* (model: LanguageModel, options: CallOptions): AsyncGenerator<ProviderPart, void, undefined> {
  const { stream } = await model.doStream(options)
  for await (const part of stream) {
    switch (part.type) {
      case 'text-delta': if (part.delta !== '') yield { type: 'text', text: part.delta }; break
      case 'reasoning-delta': if (part.delta !== '') yield { type: 'reasoning', text: part.delta }; break
      // What the vendor itself looked up is no question to us.
      case 'tool-call': if (part.providerExecuted !== true) yield { type: 'tool-call', call: { id: part.toolCallId, name: part.toolName, input: part.input.trim() === '' ? '{}' : part.input } }; break
      case 'error': throw new Told('', { cause: part.error })
      case 'finish': {
        const { finishReason: { unified, raw } } = part
        if (raw === undefined) throw new Unended()
        yield { type: 'end', tokens: tokensOf(part.usage), finish: unified === 'error' ? 'other' : unified }
        return
      }
      default:
    }
  }
  throw new Unended()
}
