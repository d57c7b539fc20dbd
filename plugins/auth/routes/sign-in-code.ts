/** Signing in by a code that is mailed. */
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { cookies } from '../services/cookies.ts'
import { signIn } from '../services/sign-in.ts'
import { askCode } from './ask-code.ts'
import { addressOf, confirming, enter, entry, open } from './kit.ts'

const enterByCode = route({
  ...open, path: '/email-code-login/validity',
  summary: 'Sign in with a code from a mail; the session arrives as cookies',
  description: 'An account without a workspace gets 200 with `result: "fail"` and no cookies.',
  uses: { cookies, signIn },
  body: confirming,
  reply: entry,
  errors: [authErrors.codeWrong, authErrors.tokenInvalid, authErrors.accountBanned, authErrors.accountNotInitialized],
  handle: async ({ body, ctx }, { cookies, signIn }) => enter(ctx, cookies, await signIn.byCode({ ...body, address: addressOf(ctx) })),
})

export const signInCodeRoutes = [askCode('/email-code-login', 'sign-in', 'Have a code mailed, to sign in with'), enterByCode]
