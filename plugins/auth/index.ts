import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { builtinImport } from './adapters/import.ts'
import { session } from './adapters/session.ts'
import { authConfig } from './config.ts'
import { forgetAttempts } from './jobs/forget-attempts.ts'
import { forgetExpired } from './jobs/forget-expired.ts'
import { Account } from './models/account.ts'
import { Invitation } from './models/invitation.ts'
import { MailCode } from './models/mail-code.ts'
import { Session } from './models/session.ts'
import { SignInAttempt } from './models/sign-in-attempt.ts'
import { Member, Workspace } from './models/workspace.ts'
import { permissions } from './permissions.ts'
import { accountImport, accounts, memberLifecycle } from './ports.ts'
import { accountRoutes } from './routes/account.ts'
import { emailRoutes } from './routes/email.ts'
import { invitationsRoutes } from './routes/invitations.ts'
import { membersRoutes } from './routes/members.ts'
import { passwordRoutes } from './routes/password.ts'
import { profileRoutes } from './routes/profile.ts'
import { sessionRoutes } from './routes/session.ts'
import { setupRoutes } from './routes/setup.ts'
import { signInCodeRoutes } from './routes/sign-in-code.ts'
import { transferRoutes } from './routes/transfer.ts'
import { workspacesRoutes } from './routes/workspaces.ts'
import { starting } from './services/starting.ts'

export default definePlugin({
  name: 'auth',
  kernel: '^1',
  config: authConfig,
  permissions,
  ports: [accounts, accountImport, memberLifecycle],
  adapters: [builtin, builtinImport, session],
  models: [Account, Workspace, Member, Invitation, Session, MailCode, SignInAttempt],
  routes: [
    ...setupRoutes, ...sessionRoutes, ...signInCodeRoutes, ...passwordRoutes, ...accountRoutes, ...profileRoutes, ...emailRoutes,
    ...workspacesRoutes, ...membersRoutes, ...invitationsRoutes, ...transferRoutes,
  ],
  jobs: [forgetAttempts, forgetExpired],
  uses: { starting },
  start: ({ starting }) => starting(),
})
