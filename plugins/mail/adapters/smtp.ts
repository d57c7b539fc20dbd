/** Mail by way of a mail server. */
import Joi from 'joi'
import { defineAdapter, isLoopback } from '../../../core/index.ts'
import { mailer } from '../ports.ts'
import type { Mailer } from '../ports.ts'
import { checkMail } from '../services/mail-check.ts'

interface Settings {
  /** `smtp://user:password@host:587`, or `smtps://` where the server speaks TLS from the first byte. */
  readonly url: string
  /** `no-reply@example.org`, or with a name: `Knowledge <no-reply@example.org>`. */
  readonly from: string
}
interface SmtpMailer extends Mailer { close(): void }

/** Milliseconds. */
const LIMITS = { connect: 5_000, greeting: 5_000, silence: 10_000 }

const url = Joi.string().uri({ scheme: ['smtp', 'smtps'] }).pattern(/[?#]/, { name: 'options', invert: true }).custom((text: string) => {
  if (new URL(text).hostname === '') throw new Error('it names no host')
  return text
})
const sender = Joi.string().pattern(/^(?:[^\p{Cc}<>@]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u, 'address')

export const smtp = defineAdapter(mailer, 'smtp', {
  options: Joi.object<Settings, true>({ url: url.required(), from: sender.required() }),
  create: async (_deps, { url, from }): Promise<SmtpMailer> => {
    const { createTransport } = await import('nodemailer')
    const { protocol, hostname, port, username, password } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const secure = protocol === 'smtps:'
    const transport = createTransport({
      host, port: Number(port || (secure ? 465 : 587)), secure,
      // STARTTLS is used where the server has it; a password must not travel without, even where somebody in between hides it.
      ...username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) }, requireTLS: !secure && !isLoopback(host) },
      connectionTimeout: LIMITS.connect, dnsTimeout: LIMITS.connect, greetingTimeout: LIMITS.greeting, socketTimeout: LIMITS.silence,
      disableFileAccess: true, disableUrlAccess: true,
    })
    return {
      delivers: true,
      send: async (mail) => {
        checkMail(mail)
        const { to, subject, text, html } = mail
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, html })
      },
      close: () => { transport.close() },
    }
  },
  // No `health`: without its mail server a process does all else, and must not be taken out of service for it.
  dispose: (value) => { (value as SmtpMailer).close() },
})
