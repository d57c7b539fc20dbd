/** What a server without an owner says when it starts. */
import { catalogue, logger, serverConfig, service } from '../../../core/index.ts'
import { accounts } from '../ports.ts'
import { setupToken } from './setup-token.ts'

/** Hands the operator the set-up token where one is needed. A log may be read by many, so the token itself goes to a terminal or a file only. */
export const announceSetup = service('auth.announceSetup', {
  uses: { accounts, parts: catalogue, server: serverConfig, log: logger, setupToken },
  create: ({ accounts, parts, server, log, setupToken }) => async (): Promise<void> => {
    if (await accounts.exist()) return setupToken.discard()
    const bootstraps = server.bootstrap && parts.plugins.some(({ name }) => name === 'bootstrap')
    if (bootstraps || !setupToken.required) return
    const { path, token } = await setupToken.issue()
    log.info({ path }, 'this server has no owner yet; POST /console/api/setup takes the setup_token in this file')
    if (process.stdout.isTTY) process.stdout.write(`\nSet-up token, for POST /console/api/setup: ${token}\n\n`)
  },
})
