/** Tokens, counted where nobody tells them, and what they cost. */
import Big from 'big.js'
import type { GenerateRequest, ModelPrice, PromptMessage, TokenUsage, Usage } from '../ports.ts'

// Letters of an alphabet share tokens, most other characters have one or more of their own.
const WORD = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]+|\p{N}{1,3}|\s+|./gsu
/** On the high side for the tokenizers in use: a word has one token for each four letters, a number one for each three digits, anything else one each. */
export const estimateTokens = (text: string): number => {
  let tokens = 0
  for (const [piece] of text.matchAll(WORD)) tokens += /^\s/.test(piece) ? (piece.length > 1 ? 1 : 0) : /^\p{L}/u.test(piece) ? Math.ceil(piece.length / 4) : 1
  return tokens
}
/** A message costs some tokens by itself, and a picture or document about so many, whatever is in it. */
const [AROUND, FILE] = [4, 1_000]
export const tokensOfMessages = (messages: readonly PromptMessage[]): number => messages.reduce((sum, { content, toolCalls = [] }) =>
  sum + AROUND + toolCalls.reduce((all, { name, input }) => all + estimateTokens(name) + estimateTokens(input), 0)
    + (typeof content === 'string' ? estimateTokens(content) : content.reduce((all, part) => all + (part.type === 'text' ? estimateTokens(part.text) : FILE), 0)), 0)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
/** What the provider told, and an estimate of what it did not. */
export const countedTokens = (told: TokenUsage, { messages, tools = [] }: Pick<GenerateRequest, 'messages' | 'tools'>, said: string): Required<TokenUsage> => ({
  promptTokens: isCount(told.promptTokens) ? told.promptTokens : tokensOfMessages(messages) + (tools.length === 0 ? 0 : estimateTokens(JSON.stringify(tools))),
  completionTokens: isCount(told.completionTokens) ? told.completionTokens : estimateTokens(said),
})

const free: ModelPrice = { input: '0', output: '0', unit: '0', currency: 'USD' }
/** Prices to seven places, as decimals without an exponent. */
export const priced = ({ input, output, unit, currency }: ModelPrice = free, { promptTokens, completionTokens }: Required<TokenUsage>): Usage => {
  const [inputPrice, outputPrice, each] = [new Big(input), new Big(output), new Big(unit)]
  const [prompt, completion] = [inputPrice.times(promptTokens).times(each).round(7), outputPrice.times(completionTokens).times(each).round(7)]
  return {
    promptTokens, promptUnitPrice: inputPrice.toFixed(), promptPriceUnit: each.toFixed(), promptPrice: prompt.toFixed(),
    completionTokens, completionUnitPrice: outputPrice.toFixed(), completionPriceUnit: each.toFixed(), completionPrice: completion.toFixed(),
    totalTokens: promptTokens + completionTokens, totalPrice: prompt.plus(completion).toFixed(), currency,
  }
}
