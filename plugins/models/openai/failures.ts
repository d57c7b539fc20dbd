/** What a status other than success means, in our words: the server's own may repeat what it was sent, so they go to the log alone. */
import type { HttpError } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'

export interface Failed {
  /** Of the provider. */
  readonly label: string
  readonly status: number
  readonly answer: string
  readonly model: string | undefined
  /** Who can change the key and the address. */
  readonly keeper: 'workspace' | 'operator'
  /** A text to be read, unless given. */
  readonly about?: 'conversation' | 'speech'
}

const isUsedUp = ({ status, answer }: Failed): boolean =>
  status === 402 || status === 429 && /insufficient_quota|billing_hard_limit/.test(answer) || status === 400 && /credit balance is too low/.test(answer)
// Google says so by 400.
const isKeyRefused = ({ status, answer }: Failed): boolean => status === 401 || status === 403 || status === 400 && answer.includes('API_KEY_INVALID')

/** Whether the same request may succeed in a moment. */
export const isPassing = (failed: Failed): boolean => [408, 425, 429].includes(failed.status) && !isUsedUp(failed) || failed.status >= 500

/** An error for whoever asked: another attempt would end alike. */
export const refusalOf = (failed: Failed): HttpError => {
  const { label, status, model, keeper } = failed
  const where = keeper === 'workspace'
    ? 'An owner or admin of the workspace changes it in the settings of the model provider.'
    : 'The operator of this server sets it under adapters.modelProvider.'
  if (isUsedUp(failed)) return modelErrors.providerQuotaExceeded(`The account at ${label} is used up (${status}). Top it up there, or use another key.`)
  if (isKeyRefused(failed)) return modelErrors.providerNotInitialize(`${label} refuses the API key (${status}). ${where}`)
  if (status === 404) {
    const what = model === undefined ? 'does not know the address' : `has no model "${model}" at its address`
    return modelErrors.modelCurrentlyNotSupport(`${label} ${what} (404). Check the name of the model, and the base URL, which mostly ends in /v1. ${where}`)
  }
  if (status < 400) return modelErrors.providerNotInitialize(`${label} points elsewhere instead of answering (${status}). Check the base URL. ${where}`)
  if (failed.about === 'conversation') {
    return modelErrors.requestRefused(`${label} does not take the request (${status}). What is sent may be too long for ${model ?? 'the model'}, or it does not know one of the `
      + 'parameters or kinds of files: send less, or change the parameters of the model. The log has what it said.')
  }
  return modelErrors.requestRefused(
    `${label} does not take the request (${status}). The text may be too long for ${model ?? 'the model'}: use shorter passages, or a model that takes more. The log has what it said.`)
}
