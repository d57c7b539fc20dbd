/** What is extracted, said as a model says it: in pieces, within a limit, up to a stop. */
import type { GenerateRequest, ModelInfo, ProviderPart } from '../ports.ts'
import { estimateTokens, tokensOfMessages } from '../services/usage.ts'
import { extractAnswer } from './answer.ts'

export const extractive: ModelInfo = {
  name: 'extractive', type: 'llm', label: 'Sentences of the knowledge', mode: 'chat', contextSize: 32_000, quotesOnly: true,
  parameters: [{ name: 'max_tokens', label: 'Max tokens', type: 'int', min: 1, max: 4_096 }],
}

// Words, and where none are written a few characters.
const unspaced = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]`
const PIECE = new RegExp(String.raw`\s*(?:${unspaced}{1,4}|\S)(?:(?!${unspaced})\S)*`, 'gu')

const upToStop = (text: string, stops: readonly string[]): string => {
  const places = stops.filter((stop) => stop !== '').map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
  return places.length === 0 ? text : text.slice(0, Math.min(...places))
}

export const generateExtract = async function* ({ messages, passages = [], parameters = {}, stop = [], signal }: GenerateRequest): AsyncGenerator<ProviderPart> {
  signal?.throwIfAborted()
  const answer = upToStop(extractAnswer({ messages, passages }), stop)
  const most = Number(parameters['max_tokens'] ?? Infinity)
  let completionTokens = 0
  let finish: 'stop' | 'length' = 'stop'
  for (const [piece] of answer.matchAll(PIECE)) {
    const tokens = estimateTokens(piece)
    const fits = completionTokens + tokens <= most
    signal?.throwIfAborted()
    // A character is a token at most.
    if (fits || completionTokens === 0) yield { type: 'text', text: fits ? piece : [...piece].slice(0, most).join('') }
    completionTokens += fits ? tokens : completionTokens === 0 ? most : 0
    if (!fits) {
      finish = 'length'
      break
    }
  }
  signal?.throwIfAborted()
  yield { type: 'end', tokens: { promptTokens: tokensOfMessages(messages), completionTokens }, finish }
}
