import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { local } from './adapters/local.ts'
import { modelsConfig } from './config.ts'
import { permissions } from './permissions.ts'
import { modelProvider, models } from './ports.ts'
import { listModels } from './routes/models.ts'

export default definePlugin({
  name: 'models',
  kernel: '^1',
  config: modelsConfig,
  permissions,
  ports: [modelProvider, models],
  adapters: [builtin, local],
  routes: [listModels],
})
