import { definePlugin } from '../../core/index.ts'
import { apiKey } from './adapters/api-key.ts'
import { builtin } from './adapters/builtin.ts'
import { dataset } from './adapters/dataset.ts'
import { grants } from './adapters/grants.ts'
import { lifecycle, ofApps } from './adapters/lifecycle.ts'
import { makers } from './adapters/member-lifecycle.ts'
import { workspace } from './adapters/workspace.ts'
import { explainKey } from './commands/explain-key.ts'
import { apiKeysConfig } from './config.ts'
import { ApiToken, ApiTokenGrant } from './models/api-token.ts'
import { permissions } from './permissions.ts'
import { apiKeys, keyScope } from './ports.ts'
import { keyRoutes } from './routes/keys.ts'
import { whoamiRoutes } from './routes/whoami.ts'
import { running } from './services/running.ts'

export default definePlugin({
  name: 'api-keys',
  kernel: '^1',
  config: apiKeysConfig,
  permissions,
  ports: [keyScope, apiKeys],
  adapters: [apiKey, builtin, dataset, grants, workspace, lifecycle, ofApps, makers, explainKey],
  models: [ApiToken, ApiTokenGrant],
  routes: [...keyRoutes, ...whoamiRoutes],
  uses: { running },
  start: ({ running }) => running.start(),
  stop: ({ running }) => running.stop(),
})
