import { defineErrors } from '../../core/index.ts'
import type { HttpError } from '../../core/index.ts'

export const annotationErrors = defineErrors({
  annotationNotFound: [404, 'not_found', 'There is no such annotation. List the annotations of the app to see their ids.'],
  settingNotFound: [404, 'not_found', 'The app gives no written answers at the moment. Switch its annotation reply on first.'],
  messageNotFound: [404, 'not_found', 'The app has no such message. Leave message_id out, and send the question.'],
  jobNotFound: [400, 'invalid_param', 'The job does not exist. Send the job_id and the action of the answer that began it.'],
  invalid: [400, 'invalid_param', 'A parameter is not valid.'],
})

/** 400 `invalid_param`, with the field that is to blame. */
export const invalid = (field: string, message: string): HttpError => annotationErrors.invalid(message, { params: field })
