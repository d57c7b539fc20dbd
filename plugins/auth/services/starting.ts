/** What must be so before anybody signs in. */
import { isLoopback, serverConfig, service, StartupError } from '../../../core/index.ts'
import { mailer } from '../../mail/ports.ts'
import { announceSetup } from './announce.ts'

export const starting = service('auth.starting', {
  uses: { announceSetup, mailer, server: serverConfig },
  create: ({ announceSetup, mailer, server }) => async (): Promise<void> => {
    if (mailer.delivers && !isLoopback(server.host) && (server.consoleWebUrl ?? server.publicUrl) === undefined) {
      throw new StartupError([{
        path: 'server.publicUrl', message: 'is missing: this server sends mail, and the links in it must be good on the machines of those who get it',
        fix: 'Set PUBLIC_URL to the address under which others reach this server, or CONSOLE_WEB_URL to that of its console.',
      }])
    }
    await announceSetup()
  },
})
