import { definePlugin } from '../../core/index.ts'
import { apiKey } from './adapters/api-key.ts'
import { builtin } from './adapters/builtin.ts'
import { dataset } from './adapters/dataset.ts'
import { lifecycle } from './adapters/lifecycle.ts'
import { workspace } from './adapters/workspace.ts'
import { apiKeysConfig } from './config.ts'
import { ApiToken } from './models/api-token.ts'
import { permissions } from './permissions.ts'
import { apiKeys, keyScope } from './ports.ts'
import { keyRoutes } from './routes/keys.ts'
import { flushing } from './services/flushing.ts'

export default definePlugin({
  name: 'api-keys',
  kernel: '^1',
  config: apiKeysConfig,
  permissions,
  ports: [keyScope, apiKeys],
  adapters: [apiKey, builtin, dataset, workspace, lifecycle],
  models: [ApiToken],
  routes: keyRoutes,
  uses: { flushing },
  start: ({ flushing }) => { flushing.start() },
  stop: ({ flushing }) => flushing.stop(),
})
