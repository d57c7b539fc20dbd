/** A mailer that keeps what it is given, and a logger whose lines can be looked through. */
import type { Logger } from '../../core/index.ts'
import type { Mail, Mailer } from '../../plugins/mail/ports.ts'

export interface PostBox extends Mailer {
  readonly mails: Mail[]
  /** Takes out the oldest mail to an address, and waits for it: mail goes out after the answer. */
  next(to: string): Promise<Mail>
  /** The same for mails with a code: the six digits. */
  code(to: string): Promise<string>
}
export const codeIn = ({ text }: Pick<Mail, 'text'>): string => /^ {4}(\d{6})$/m.exec(text)?.[1] ?? ''
export const postBox = (): PostBox => {
  const mails: Mail[] = []
  const take = async (to: string, fits: (mail: Mail) => boolean): Promise<Mail> => {
    for (const end = Date.now() + 10_000; Date.now() < end;) {
      const at = mails.findIndex((mail) => mail.to === to && fits(mail))
      if (at >= 0) return mails.splice(at, 1)[0] as Mail
      await new Promise((done) => { setTimeout(done, 5) })
    }
    throw new Error(`no such mail came to ${to}`)
  }
  return {
    delivers: false, mails,
    send: async (mail) => { mails.push(mail) },
    next: (to) => take(to, () => true),
    code: async (to) => codeIn(await take(to, (mail) => codeIn(mail) !== '')),
  }
}

export const keptLog = (): Logger & { readonly lines: string[] } => {
  const lines: string[] = []
  const write = (level: string) => (fields: object | string, message?: string): void => {
    lines.push(JSON.stringify([level, fields, message], (_, value: unknown) => value instanceof Error ? { message: value.message, stack: value.stack } : value))
  }
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: () => logger, lines }
  return logger
}
