/** Mail. */
import { definePort } from '../../core/index.ts'

export interface Mail {
  /** One address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}
export interface Mailer {
  /** Resolves once the mail was taken over. Throws where it was not; nobody tries again. */
  send(mail: Mail): Promise<void>
  /** Whether mail leaves this machine, so that the links in it must be good elsewhere. */
  readonly delivers: boolean
}
export const mailer = definePort<Mailer>('mailer', { fallback: 'log' })
