import { definePlugin } from '../../core/index.ts'
import { filesOfApps, sentFiles } from './adapters/app-files.ts'
import { builtin } from './adapters/builtin.ts'
import { knownEndUsers } from './adapters/end-users.ts'
import { appsConfig } from './config.ts'
import { deleteAppFiles } from './jobs/delete-app-files.ts'
import { forgetImports } from './jobs/forget-imports.ts'
import { sweepAppFiles } from './jobs/sweep-app-files.ts'
import { AppFileRecord } from './models/app-file.ts'
import { AppImport } from './models/app-import.ts'
import { App, AppModelConfig } from './models/app.ts'
import { AppSite } from './models/site.ts'
import { EndUserRecord } from './models/end-user.ts'
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
  adapters: [builtin, knownEndUsers, sentFiles, filesOfApps],
  models: [App, AppModelConfig, AppSite, EndUserRecord, AppFileRecord, AppImport],
  routes: [...aboutRoutes, ...fileRoutes, ...endUserRoutes, ...consoleAppRoutes, ...consoleSettingRoutes, ...keyRoutes, ...transferRoutes],
  jobs: [deleteAppFiles, sweepAppFiles, forgetImports],
})
