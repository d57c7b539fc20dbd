import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { session } from './adapters/session.ts'
import { authConfig } from './config.ts'
import { forgetAttempts } from './jobs/forget-attempts.ts'
import { Account } from './models/account.ts'
import { RefreshToken } from './models/refresh-token.ts'
import { SignInAttempt } from './models/sign-in-attempt.ts'
import { Member, Workspace } from './models/workspace.ts'
import { permissions } from './permissions.ts'
import { accounts } from './ports.ts'
import { accountRoutes } from './routes/account.ts'
import { sessionRoutes } from './routes/session.ts'
import { setupRoutes } from './routes/setup.ts'
import { announceSetup } from './services/announce.ts'

export default definePlugin({
  name: 'auth',
  kernel: '^1',
  config: authConfig,
  permissions,
  ports: [accounts],
  adapters: [builtin, session],
  models: [Account, Workspace, Member, RefreshToken, SignInAttempt],
  routes: [...setupRoutes, ...sessionRoutes, ...accountRoutes],
  jobs: [forgetAttempts],
  uses: { announceSetup },
  start: ({ announceSetup }) => announceSetup(),
})
