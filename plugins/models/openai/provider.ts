/** A provider of models on a server that speaks the protocol of OpenAI. The operator configures a server, or each workspace enters a key of its own. */
import { defineAdapter, httpClient, logger } from '../../../core/index.ts'
import { converse } from '../ai-sdk/generation.ts'
import { describing, serverCredentials } from '../ai-sdk/model-options.ts'
import type { ConfiguredModel } from '../ai-sdk/model-options.ts'
import { serverOf, tryConversation } from '../ai-sdk/server.ts'
import { modelTypes } from '../config.ts'
import { modelProvider } from '../ports.ts'
import type { Credentials, GenerateRequest, ModelInfo, ModelProvider } from '../ports.ts'
import { asking } from './connection.ts'
import { embedTexts } from './embedding.ts'
import { moderateText } from './moderation.ts'
import { openAiOptions, TIMEOUT } from './options.ts'
import type { OpenAiOptions } from './options.ts'
import { rerankDocuments } from './reranking.ts'
import { speakText, transcribeRecording } from './speech.ts'
import type { SpeechServer } from './speech.ts'

/** Milliseconds for which a server that fails is tried again: somebody waits for the answer to a question, nobody for a document, whose job comes back. */
const PATIENCE = { query: 4_000, document: 30_000 }
const VALIDATION = 15_000

interface Defaults {
  readonly vendor: 'openai-compatible' | 'openai'
  readonly baseUrl?: string
  readonly models?: readonly ConfiguredModel[]
  /** Parameters with which a model says as little as it can. */
  readonly brief: (model: string) => Readonly<Record<string, unknown>>
}
export const openAiProvider = (defaults: Defaults) => defineAdapter(modelProvider, defaults.vendor, {
  options: openAiOptions(defaults),
  uses: { http: httpClient, log: logger },
  create: ({ http, log }, options): ModelProvider => {
    const ask = asking(http, log)
    const { baseUrl, apiKey, auth, headers, query, batchSize, concurrency, streamUsage: includeUsage } = options
    const timeout = options.timeoutMs ?? TIMEOUT.request
    const label = options.label ?? (baseUrl === undefined ? 'OpenAI-compatible' : new URL(baseUrl).host)
    const server = serverOf(http, {
      label, baseUrl, apiKey, headers, query, models: options.models, keyless: auth === 'none', keyHeader: (key) => keyHeader(auth, key), describe: describing(defaults.vendor, defaults.models),
    })
    const { place } = server
    const conversation = (request: GenerateRequest, timeout: number) => converse({
      http, log, vendor: defaults.vendor, place: place(request.credentials), model: server.model(request.credentials, request.model, 'llm'), timeout, includeUsage,
    }, request)

    const speech = (credentials: Credentials | undefined): SpeechServer => ({ http, log, place: place(credentials), timeout })

    const tryOut = async (credentials: Credentials, model: ModelInfo | undefined, signal?: AbortSignal): Promise<unknown> => {
      const asked = { patience: 0, timeout: Math.min(timeout, VALIDATION), signal }
      const to = place(credentials)
      switch (model?.type) {
        case 'rerank': return rerankDocuments(ask, to, { model: model.name, query: 'a', documents: ['a'], asked })
        case 'text-embedding': return embedTexts(ask, to, { model: model.name, dimensions: model.dimensions, texts: ['a'], batchSize: 1, concurrency: 1, asked })
        case 'llm': return tryConversation((signal) => conversation({
          model: model.name, credentials, messages: [{ role: 'user', content: 'Say yes.' }], parameters: defaults.brief(model.name), signal,
        }, 4 * asked.timeout), signal)
        case 'moderation': return moderateText(ask, to, { model: model.name, text: 'a', asked })
        case 'speech2text': return transcribeRecording(speech(credentials), { model: model.name, audio: silence(), mediaType: 'audio/wav', name: 'silence.wav', ...signal ? { signal } : {} })
        case 'tts': {
          const { audio } = await speakText(speech(credentials), { model: model.name, text: 'a', ...signal ? { signal } : {}, ...model.voices?.[0] ? { voice: model.voices[0].value } : {} })
          for await (const _piece of audio) return undefined
          return undefined
        }
        default: return ask(to, { ...asked, path: '/models' })
      }
    }
    return {
      label,
      models: server.models,
      generate: (request) => conversation(request, options.timeoutMs ?? TIMEOUT.conversation),
      embed: ({ model, texts, purpose, credentials, signal }) => {
        const prefix = purpose === 'query' ? options.queryPrefix : options.documentPrefix
        return embedTexts(ask, place(credentials), {
          model, dimensions: server.model(credentials, model, 'text-embedding')?.dimensions, texts: prefix === '' ? texts : texts.map((text) => prefix + text), batchSize, concurrency,
          asked: { patience: PATIENCE[purpose], timeout, signal },
        })
      },
      rerank: async ({ model, query, documents, credentials, signal }) => documents.length === 0 ? { scores: [], tokens: 0 } : rerankDocuments(
        ask, place(credentials), { model, query, documents, asked: { patience: PATIENCE.query, timeout, signal } }),
      transcribe: async ({ credentials, ...request }) => transcribeRecording(speech(credentials), { ...request }),
      speak: async ({ credentials, ...request }) => speakText(speech(credentials), { ...request }),
      moderate: async ({ model, text, credentials, signal }) => moderateText(ask, place(credentials), { model, text, asked: { patience: PATIENCE.query, timeout, signal } }),
      ...server.byWorkspace ? {
        credentials: serverCredentials(modelTypes, baseUrl !== undefined),
        validate: async (credentials: Credentials, signal?: AbortSignal): Promise<void> => {
          await server.checkAddress(credentials)
          // A wrong name among those that were entered would show only when somebody's documents fail.
          const entered = server.entered(credentials)
          for (const model of entered.length > 0 ? entered : [server.configured[0]]) await tryOut(credentials, model, signal)
        },
      } : {},
    }
  },
})

/** Half a second of it: the shortest recording that is taken everywhere. */
const silence = (): Buffer => {
  const [rate, bytes] = [16_000, 16_000]
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + bytes, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(2 * rate, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(bytes, 40)
  return Buffer.concat([head, Buffer.alloc(bytes)])
}

const keyHeader = (auth: OpenAiOptions['auth'], key: string | undefined): Record<string, string> =>
  key === undefined || auth === 'none' ? {} : auth === 'bearer' ? { authorization: `Bearer ${key}` } : { 'api-key': key }
