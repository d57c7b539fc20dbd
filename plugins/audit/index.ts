import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { auditMiddleware } from './adapters/middleware.ts'
import { auditConfig } from './config.ts'
import { forgetOld } from './jobs/forget-old.ts'
import { AuditLog } from './models/audit-log.ts'
import { permissions } from './permissions.ts'
import { audit } from './ports.ts'
import { auditLogRoutes } from './routes/audit-logs.ts'
import { keyUses } from './services/key-uses.ts'

export default definePlugin({
  name: 'audit',
  kernel: '^1',
  config: auditConfig,
  permissions,
  ports: [audit],
  adapters: [builtin, auditMiddleware],
  models: [AuditLog],
  routes: auditLogRoutes,
  jobs: [forgetOld],
  uses: { keyUses },
  start: ({ keyUses }) => { keyUses.start() },
  stop: ({ keyUses }) => keyUses.stop(),
})
