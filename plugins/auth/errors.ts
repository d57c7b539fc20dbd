import { defineErrors } from '../../core/index.ts'

export const authErrors = defineErrors({
  alreadySetup: [403, 'already_setup', 'This server has an owner already. Sign in instead.'],
  setupTokenInvalid: [401, 'unauthorized', "This server can be reached from elsewhere, so the first set-up needs the one-time setup_token: it stands in setup-token.txt in the server's data folder."],
  authenticationFailed: [401, 'authentication_failed', 'The e-mail address or the password is wrong.'],
  accountBanned: [400, 'account_banned', 'This account is suspended or closed. Ask the owner of the workspace.'],
  accountNotInitialized: [400, 'account_not_initialized', 'This account is not active yet. Accept the invitation first.'],
  tooManyAttempts: [429, 'too_many_requests', 'Too many failed attempts for this account from this address. Wait, then try again.'],
  tooManyCodes: [429, 'too_many_requests', 'A code was sent to this address a moment ago, or too many were asked for. Look into the mail box, or wait and ask again.'],
  codeWrong: [400, 'email_code_error', 'That is not the code in the mail. Look at the newest mail, or ask for another code.'],
  tokenInvalid: [400, 'invalid_or_expired_token', 'This code or token was used, has expired, or belongs to something else. Ask for another code.'],
  passwordMismatch: [400, 'password_mismatch', 'The two passwords are not the same.'],
  currentPasswordIncorrect: [400, 'current_password_incorrect', 'The current password is wrong.'],
  emailInUse: [400, 'email_already_in_use', 'Another account has this e-mail address. Choose another one.'],
  sessionInvalid: [401, 'unauthorized', 'There is no valid session. Sign in at /console/api/login; API keys are for /v1 only.'],
  csrfInvalid: [401, 'unauthorized', 'CSRF token is missing or invalid. Send the value of the csrf_token cookie as X-CSRF-Token.'],
  refreshInvalid: [401, 'unauthorized', 'The session has ended. Sign in again.'],
})
