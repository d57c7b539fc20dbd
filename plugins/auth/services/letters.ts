/** Mail to people. */
import { baseUrl, database, logger, serverConfig, service } from '../../../core/index.ts'
import { mailer } from '../../mail/ports.ts'
import { render } from '../mails/layout.ts'
import { letters as templates } from '../mails/letters.ts'
import type { LetterKind, LetterValues } from '../mails/letters.ts'

export interface Letters {
  /** Resolves once the mail was taken over; throws where it was not. */
  send<K extends LetterKind>(kind: K, to: string, values: LetterValues[K]): Promise<void>
  /**
   * Sends it once the transaction around it has committed, without anybody waiting: how long that takes, and whether it works, is told to
   * nobody who asks. A failure is logged.
   */
  post<K extends LetterKind>(kind: K, to: string, values: LetterValues[K]): void
  /** An address of the console as the reader reaches it: `link('/activate', { token })`. */
  link(path: string, query?: Readonly<Record<string, string>>): string
}

export const letters = service('auth.letters', {
  uses: { db: database, server: serverConfig, log: logger, mailer },
  create: ({ db, server, log, mailer }): Letters & { settled(): Promise<void> } => {
    const underWay = new Set<Promise<void>>()
    const send: Letters['send'] = (kind, to, values) => mailer.send({ to, ...render(templates[kind](values)) })
    return {
      send,
      post: (kind, to, values) => {
        db.afterCommit(() => {
          const sending = (async () => {
            // Whoever asked gets the answer first.
            await new Promise((done) => { setImmediate(done) })
            await send(kind, to, values)
          })().catch((error: unknown) => { log.error({ err: error, kind, to }, 'a mail could not be sent') })
          underWay.add(sending)
          void sending.finally(() => underWay.delete(sending))
        })
      },
      link: (path, query = {}) => {
        const search = new URLSearchParams(query).toString()
        return `${server.consoleWebUrl ?? baseUrl(server)}${path}${search && `?${search}`}`
      },
      settled: async () => { await Promise.all(underWay) },
    }
  },
  dispose: (value) => value.settled(),
})
