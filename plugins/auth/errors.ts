import { defineErrors } from '../../core/index.ts'

export const authErrors = defineErrors({
  alreadySetup: [403, 'already_setup', 'This server has an owner already. Sign in instead.'],
  setupTokenInvalid: [401, 'unauthorized', "This server can be reached from elsewhere, so the first set-up needs the one-time setup_token: it stands in setup-token.txt in the server's data folder."],
  authenticationFailed: [401, 'authentication_failed', 'The e-mail address or the password is wrong.'],
  accountBanned: [400, 'account_banned', 'This account is suspended or closed. Ask the owner of the workspace.'],
  accountNotInitialized: [400, 'account_not_initialized', 'This account is not active yet. Accept the invitation first.'],
  tooManyAttempts: [429, 'too_many_requests', 'Too many failed attempts for this account from this address. Wait, then try again.'],
  sessionInvalid: [401, 'unauthorized', 'There is no valid session. Sign in at /console/api/login; API keys are for /v1 only.'],
  csrfInvalid: [401, 'unauthorized', 'CSRF token is missing or invalid. Send the value of the csrf_token cookie as X-CSRF-Token.'],
  refreshInvalid: [401, 'unauthorized', 'The session has ended. Sign in again.'],
})
