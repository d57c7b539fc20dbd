/** The packages of the AI SDK, one for each vendor: loaded when the first conversation with that vendor begins, and not before. */
import type { OpenAICompatibleProvider } from '@ai-sdk/openai-compatible'
import type { Wire } from './guarded-fetch.ts'
import { COMPATIBLE } from './parameters.ts'
import type { Vendor } from './parameters.ts'

export type LanguageModel = ReturnType<OpenAICompatibleProvider['chatModel']>
export type CallOptions = Parameters<LanguageModel['doStream']>[0]
export type Prompt = CallOptions['prompt']
export type Message = Prompt[number]

export interface Dialled {
  readonly model: string
  readonly mode: 'chat' | 'completion'
  /** Without a query. */
  readonly baseURL: string
  readonly wire: Wire
  /** Whether the server is asked to tell tokens; most do by themselves or when asked, and some refuse to be asked. */
  readonly includeUsage: boolean
}
/** The packages look for a key in the environment where they get none. Ours is added on the way. */
const NO_KEY = 'added-on-the-way'

const vendors: Readonly<Record<Vendor, (dialled: Dialled) => Promise<LanguageModel>>> = {
  'openai-compatible': async ({ model, mode, baseURL, wire, includeUsage }) => {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    const server = createOpenAICompatible({ name: COMPATIBLE, baseURL, fetch: wire, includeUsage })
    return mode === 'completion' ? server.completionModel(model) : server.chatModel(model)
  },
  openai: async ({ model, mode, baseURL, wire }) => {
    const { createOpenAI } = await import('@ai-sdk/openai')
    const server = createOpenAI({ baseURL, apiKey: NO_KEY, fetch: wire })
    return mode === 'completion' ? server.completion(model) : server.chat(model)
  },
  anthropic: async ({ model, baseURL, wire }) => {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return createAnthropic({ baseURL, apiKey: NO_KEY, fetch: wire })(model)
  },
  google: async ({ model, baseURL, wire }) => {
    const { createGoogleGenerativeAI } = await import('@ai-sdk/google')
    return createGoogleGenerativeAI({ baseURL, apiKey: NO_KEY, fetch: wire })(model)
  },
}
export const languageModel = (vendor: Vendor, dialled: Dialled): Promise<LanguageModel> => vendors[vendor](dialled)
