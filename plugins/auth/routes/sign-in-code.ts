/** Signing in by a code that is mailed. */
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { codes } from '../services/codes.ts'
import { cookies } from '../services/cookies.ts'
import { directory } from '../services/directory.ts'
import { signIn } from '../services/sign-in.ts'
import { addressOf, asking, confirming, enter, entry, mailed, open } from './kit.ts'

const askCode = route({
  ...open, path: '/email-code-login',
  summary: 'Have a code mailed, to sign in with',
  description: 'The token in `data` is needed with the code. The answer is the same for an address that nobody has.',
  uses: { codes, directory },
  body: asking,
  reply: mailed,
  errors: [authErrors.tooManyCodes],
  handle: async ({ body, ctx }, { codes, directory }) => {
    const account = await directory.find(body.email)
    const { token } = await codes.ask({ purpose: 'sign-in', email: account?.email ?? body.email, accountId: account?.id ?? null, address: addressOf(ctx) })
    return { result: 'success' as const, data: token }
  },
})

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

export const signInCodeRoutes = [askCode, enterByCode]
