/** Models that people ask for most, for whoever names none. Prices change too often to be kept here. */
import type { ConfiguredModel } from './model-options.ts'

const llm = (contextSize: number, maxTokens: number, features: readonly string[], names: readonly string[]): ConfiguredModel[] =>
  names.map((name) => ({ name, type: 'llm', contextSize, maxTokens, features }))
const tools = ['tool-call', 'multi-tool-call', 'stream-tool-call', 'structured-output']
const seeing = [...tools, 'vision', 'document']

const voices = ['alloy', 'ash', 'coral', 'echo', 'fable', 'nova', 'onyx', 'sage', 'shimmer'].map((value) => ({ value, name: value.replace(/^./, (letter) => letter.toUpperCase()) }))

export const ofOpenAi: readonly ConfiguredModel[] = [
  { name: 'text-embedding-3-small', type: 'text-embedding', dimensions: 1_536, contextSize: 8_191 },
  { name: 'text-embedding-3-large', type: 'text-embedding', dimensions: 3_072, contextSize: 8_191 },
  ...llm(1_050_000, 128_000, seeing, ['gpt-6-sol', 'gpt-6-luna', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna', 'gpt-5.5']),
  ...llm(400_000, 128_000, seeing, ['gpt-5.2', 'gpt-5.1', 'gpt-5', 'gpt-5-mini', 'gpt-5-nano']),
  ...llm(1_047_576, 32_768, seeing, ['gpt-4.1', 'gpt-4.1-mini', 'gpt-4.1-nano']),
  ...llm(128_000, 16_384, seeing, ['gpt-4o', 'gpt-4o-mini']),
  ...llm(200_000, 100_000, seeing, ['o3', 'o4-mini']),
  { name: 'gpt-3.5-turbo-instruct', type: 'llm', mode: 'completion', contextSize: 4_096, maxTokens: 4_096 },
  { name: 'gpt-4o-mini-transcribe', type: 'speech2text' }, { name: 'gpt-4o-transcribe', type: 'speech2text' }, { name: 'whisper-1', type: 'speech2text' },
  { name: 'gpt-4o-mini-tts', type: 'tts', voices }, { name: 'tts-1', type: 'tts', voices }, { name: 'tts-1-hd', type: 'tts', voices },
  { name: 'omni-moderation-latest', type: 'moderation' },
]
export const ofAnthropic: readonly ConfiguredModel[] = [
  ...llm(1_000_000, 128_000, seeing, ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-fable-5-1', 'claude-sonnet-5', 'claude-opus-5', 'claude-sonnet-4-6', 'claude-opus-4-6']),
  ...llm(200_000, 64_000, seeing, ['claude-haiku-4-5', 'claude-sonnet-4-5', 'claude-opus-4-5']),
]
const hearing = [...seeing, 'audio', 'video']
export const ofGoogle: readonly ConfiguredModel[] = llm(1_048_576, 65_536, hearing, [
  'gemini-3.8-flash', 'gemini-4-argon', 'gemini-3.6-flash', 'gemini-3.5-flash-lite', 'gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite',
])
