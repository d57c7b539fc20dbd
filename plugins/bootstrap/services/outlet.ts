/** Where the first secrets go: never to a log. */
import { service } from '../../../core/index.ts'
import { outlets } from '../../provision/ports.ts'
import { bootstrapConfig } from '../config.ts'

export const outlet = service('bootstrap.outlet', {
  uses: { config: bootstrapConfig, outlets },
  create: ({ config, outlets }) => outlets.at({
    file: 'bootstrap.txt', output: config.output, said: 'this server was empty: its first owner and API key were made, and stand in this file',
  }),
})
