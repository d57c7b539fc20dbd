/** A large language model without a model: it says what a test wants, in pieces, and tells what it was asked. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { GenerateRequest, ModelInfo, ModelProvider, ProviderPart } from '../../plugins/models/ports.ts'
import { toyModels } from './toy-models.ts'

export const textOf = ({ content }: GenerateRequest['messages'][number]): string =>
  typeof content === 'string' ? content : content.map((part) => part.type === 'text' ? part.text : `[${part.mediaType}]`).join('')
export const lastQuestion = ({ messages }: GenerateRequest): string => textOf(messages.findLast(({ role }) => role === 'user') ?? { role: 'user', content: '' })
const words = (text: string): string[] => text.match(/\S+\s*/g) ?? []

export interface ToyLlm {
  readonly provider: ModelProvider
  /** Every request so far, the newest last. */
  readonly asked: GenerateRequest[]
  /** What it says to a request: a text, or the pieces of one as they come; it may throw, or wait. An echo unless set. */
  answer: (request: GenerateRequest) => string | AsyncIterable<string | ProviderPart>
  /** Milliseconds before each word. */
  pause: number
}

export const toyLlm = (more: Partial<ModelInfo> = {}): ToyLlm => {
  const chat: ModelInfo = {
    name: 'echo', type: 'llm', label: 'Echo', mode: 'chat', contextSize: 4_000, features: ['vision', 'tool-call'],
    parameters: [
      { name: 'temperature', label: 'Temperature', type: 'float', min: 0, max: 2, default: 1 },
      { name: 'max_tokens', label: 'Max tokens', type: 'int', min: 1, max: 2_000 },
    ],
    price: { input: '1.5', output: '2', unit: '0.001', currency: 'USD' }, ...more,
  }
  const embedding = toyModels()
  const toy: ToyLlm = {
    asked: [], pause: 0,
    answer: (request) => `You said: ${lastQuestion(request)}`,
    provider: {
      ...embedding, label: 'Toy',
      models: () => [
        ...embedding.models(), chat, { ...chat, name: 'echo-2', label: 'Echo 2' }, { ...chat, name: 'complete', label: 'Complete', mode: 'completion' },
        { name: 'voice', type: 'tts', label: 'Voice', voices: [{ value: 'ada', name: 'Ada' }] }, { name: 'ear', type: 'speech2text', label: 'Ear' }, { name: 'judge', type: 'moderation', label: 'Judge' },
      ],
      generate: async function* (request) {
        toy.asked.push(request)
        const answer = toy.answer(request)
        let said = 0
        for await (const piece of typeof answer === 'string' ? words(answer) : answer) {
          if (toy.pause > 0) await sleep(toy.pause, undefined, request.signal ? { signal: request.signal } : {}).catch(() => { request.signal?.throwIfAborted() })
          request.signal?.throwIfAborted()
          said += 1
          yield typeof piece === 'string' ? { type: 'text', text: piece } : piece
          if (typeof piece !== 'string' && piece.type === 'end') return
        }
        yield { type: 'end', tokens: { promptTokens: request.messages.reduce((sum, one) => sum + words(textOf(one)).length, 0), completionTokens: said }, finish: 'stop' }
      },
      speak: ({ text, voice }) => Promise.resolve({ mediaType: 'audio/mpeg', audio: (async function* () { yield Buffer.from(`${voice ?? 'ada'} says `); await sleep(1); yield Buffer.from(text) })() }),
      transcribe: ({ audio }) => Promise.resolve({ text: `heard ${audio.length} bytes` }),
      moderate: ({ text }) => Promise.resolve({ flagged: /forbidden/i.test(text) }),
    },
  }
  return toy
}
