import Joi from 'joi'
import { string, text, user, uuid } from './common.ts'
import type { OfUser } from './common.ts'

export const spokenReply = Joi.object<{ text: string }, true>({ text: string })
export interface ToSpeak extends OfUser { message_id?: string; text?: string; voice?: string; streaming?: boolean }
export const toSpeak = Joi.object<ToSpeak, true>({
  message_id: uuid.empty(Joi.valid('', null)), text: text(0, 100_000).empty(Joi.valid('', null)), voice: text(0, 255).empty(Joi.valid('', null)),
  // It changes nothing: sound is sent as it comes.
  streaming: Joi.boolean().empty(Joi.valid('', null)), user,
})
