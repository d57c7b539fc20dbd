/** What an answer took: tokens, prices and times, as `message_end` says it. */
import Big from 'big.js'
import type { ModelPrice, Usage } from '../../models/ports.ts'
import type { MessageUsage } from '../models/message.ts'

const free: ModelPrice = { input: '0', output: '0', unit: '0', currency: 'USD' }
/** Of an answer that was cut off, so that nobody told its tokens. */
export const estimated = (price: ModelPrice = free, promptTokens: number, completionTokens: number): Usage => {
  const cost = (each: string, tokens: number): Big => new Big(each).times(tokens).times(price.unit).round(7)
  const [prompt, completion] = [cost(price.input, promptTokens), cost(price.output, completionTokens)]
  return {
    promptTokens, promptUnitPrice: price.input, promptPriceUnit: price.unit, promptPrice: prompt.toFixed(),
    completionTokens, completionUnitPrice: price.output, completionPriceUnit: price.unit, completionPrice: completion.toFixed(),
    totalTokens: promptTokens + completionTokens, totalPrice: prompt.plus(completion).toFixed(), currency: price.currency,
  }
}
/** No model was asked. */
export const unused: Usage = estimated(free, 0, 0)

const inSeconds = (ms: number): number => Math.round(ms) / 1000
/** The course of an answer, by a clock that never goes back. */
export const stopwatch = () => {
  const began = performance.now()
  let asked: number | undefined
  let first: number | undefined
  return {
    /** The model is asked now. */
    ask: (): void => { asked ??= performance.now() },
    /** It has said something. */
    hear: (): void => { first ??= performance.now() },
    stop: (usage: Usage): MessageUsage => {
      const now = performance.now()
      return {
        prompt_tokens: usage.promptTokens, prompt_unit_price: usage.promptUnitPrice, prompt_price_unit: usage.promptPriceUnit, prompt_price: usage.promptPrice,
        completion_tokens: usage.completionTokens, completion_unit_price: usage.completionUnitPrice, completion_price_unit: usage.completionPriceUnit,
        completion_price: usage.completionPrice, total_tokens: usage.totalTokens, total_price: usage.totalPrice, currency: usage.currency,
        latency: inSeconds(now - began), time_to_first_token: asked === undefined || first === undefined ? 0 : inSeconds(first - asked),
        time_to_generate: first === undefined ? 0 : inSeconds(now - first),
      }
    },
  }
}
