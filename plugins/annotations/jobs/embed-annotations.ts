import Joi from 'joi'
import { job } from '../../../core/index.ts'
import { switching } from '../services/switching.ts'
import type { AppTask } from '../services/switching.ts'

/** Embeds new and changed questions of an app that gives written answers. Enqueued in the transaction that changes them. */
export const embedAnnotations = job('annotations.embed', {
  payload: Joi.object<AppTask, true>({ workspace_id: Joi.string().required(), app_id: Joi.string().required() }),
  retries: 4,
  uses: { switching },
  handle: ({ payload, signal }, { switching }) => switching.embedNew(payload, signal),
})
