/** Tokens, counted where nobody tells them, and what they cost. */
import Big from 'big.js'
import type { ModelPrice, PromptMessage, Usage } from '../ports.ts'

// Letters of an alphabet share tokens, most other characters have one or more of their own.
const WORD = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]+|\p{N}{1,3}|\s+|./gsu
/** On the high side for the tokenizers in use: a word has one token for each four letters, a number one for each three digits, anything else one each. */
export const estimateTokens = (text: string): number => {
  let tokens = 0
  for (const [piece] of text.matchAll(WORD)) tokens += /^\s/.test(piece) ? (piece.length > 1 ? 1 : 0) : /^\p{L}/u.test(piece) ? Math.ceil(piece.length / 4) : 1
  return tokens
}
/** A message costs some tokens by itself. */
const AROUND = 4
export const tokensOfMessages = (messages: readonly PromptMessage[]): number => messages.reduce((sum, { content }) =>
  sum + AROUND + (typeof content === 'string' ? estimateTokens(content) : content.reduce((all, part) => all + (part.type === 'text' ? estimateTokens(part.text) : 0), 0)), 0)

const free: ModelPrice = { input: '0', output: '0', unit: '0', currency: 'USD' }
/** Prices to seven places, as decimals without an exponent. */
export const priced = ({ input, output, unit, currency }: ModelPrice = free, promptTokens: number, completionTokens: number): Usage => {
  const cost = (price: string, tokens: number): Big => unit === '0' ? new Big(0) : new Big(price).times(tokens).times(unit).round(7)
  const [prompt, completion] = [cost(input, promptTokens), cost(output, completionTokens)]
  return {
    promptTokens, promptUnitPrice: input, promptPriceUnit: unit, promptPrice: prompt.toFixed(),
    completionTokens, completionUnitPrice: output, completionPriceUnit: unit, completionPrice: completion.toFixed(),
    totalTokens: promptTokens + completionTokens, totalPrice: prompt.plus(completion).toFixed(), currency,
  }
}
