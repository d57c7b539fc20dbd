import { logger, service } from '../../../core/index.ts'
import { provisioning } from './provisioning.ts'

/** What each start does. */
export const starting = service('provision.starting', {
  uses: { provisioning, log: logger },
  create: ({ provisioning, log }) => async (): Promise<void> => {
    const changes = (await provisioning.apply()).filter((line) => /^[+~-] /.test(line))
    if (changes.length > 0) log.info({ changes }, 'the server was brought to the state that its configuration declares')
  },
})
