/** Whether a text breaks the rules of a provider, asked of a server that speaks the protocol of OpenAI. */
import { modelErrors } from '../errors.ts'
import type { Ask, Place, Question } from './connection.ts'
import { sayable } from './embedding.ts'

export interface ModerationRequest { readonly model: string; readonly text: string; readonly asked: Pick<Question, 'patience' | 'timeout' | 'signal'> }

/** Throws as `Ask` does. */
export const moderateText = async (ask: Ask, place: Place, { model, text, asked }: ModerationRequest): Promise<{ readonly flagged: boolean }> => {
  if (text.trim() === '') return { flagged: false }
  const { results } = (await ask(place, { ...asked, path: '/moderations', model, json: { model, input: sayable(text) } }) ?? {}) as { results?: unknown }
  const verdicts = Array.isArray(results) ? results.map((one: unknown) => (one as { flagged?: unknown } | null)?.flagged) : []
  if (verdicts.length === 0 || verdicts.some((flagged) => typeof flagged !== 'boolean')) {
    throw modelErrors.requestRefused(`${place.label}/${model} answered without a verdict. Check that the base URL leads to a server that moderates.`)
  }
  return { flagged: verdicts.includes(true) }
}
