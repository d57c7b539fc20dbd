import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { appsConfig } from './config.ts'
import { App, AppModelConfig } from './models/app.ts'
import { permissions } from './permissions.ts'
import { appFiles, appLifecycle, appParameter, apps, endUsers, fileReferences } from './ports.ts'
import { aboutRoutes } from './routes/about.ts'
import { consoleAppRoutes } from './routes/console-apps.ts'
import { consoleSettingRoutes } from './routes/console-settings.ts'
import { endUserRoutes } from './routes/end-users.ts'
import { fileRoutes } from './routes/files.ts'
import { keyRoutes } from './routes/keys.ts'
import { transferRoutes } from './routes/transfer.ts'

export default definePlugin({
  name: 'apps',
  kernel: '^1',
  config: appsConfig,
  permissions,
  ports: [apps, appLifecycle, endUsers, appFiles, fileReferences, appParameter],
  adapters: [builtin],
  models: [App, AppModelConfig],
  routes: [...aboutRoutes, ...fileRoutes, ...endUserRoutes, ...consoleAppRoutes, ...consoleSettingRoutes, ...keyRoutes, ...transferRoutes],
})
