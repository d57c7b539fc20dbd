/** What every adapter asks of a mail before it takes it. */
import Joi from 'joi'
import type { Mail } from '../ports.ts'

/** One address, and nothing that a mail server could read as a second one or as a header. */
const address = Joi.string().email({ tlds: false }).max(254).pattern(/[\p{Cc}\p{Cf}\s,;<>()"]/u, { invert: true }).required()

/** Throws where the mail is not for one address, or its subject has more than one line. */
export const checkMail = ({ to, subject }: Mail): void => {
  if (address.validate(to).error) throw new Error('a mail needs one plain e-mail address to go to')
  if (/\p{Cc}|\p{Zl}|\p{Zp}/u.test(subject)) throw new Error('the subject of a mail must be one line')
}
