/** A mail server of a test's own. */
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'

export interface Received { readonly from: string; readonly to: readonly string[]; readonly user: string | undefined; readonly source: string }
export interface MailServer {
  readonly port: number
  readonly received: Received[]
  close(): Promise<void>
}
export const mailServer = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true, logger: false, closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) => { done(password === 'pass:word' ? null : new Error('no'), { user: username ?? '' }) },
    onData: (stream, { envelope, user }, done) => {
      text(stream).then((source) => {
        received.push({ from: envelope.mailFrom === false ? '' : envelope.mailFrom.address, to: envelope.rcptTo.map(({ address }) => address), user: user as string | undefined, source })
        done()
      }, done)
    },
    ...options,
  })
  // A client that is refused leaves without a word.
  server.on('error', () => undefined)
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  return { port: (server.server.address() as AddressInfo).port, received, close: () => new Promise((done) => { server.close(done) }) }
}
