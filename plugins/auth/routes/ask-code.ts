/** Asking for a code by e-mail address alone, before anybody has shown who they are. */
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import type { CodePurpose } from '../models/mail-code.ts'
import { codes } from '../services/codes.ts'
import { directory } from '../services/directory.ts'
import { addressOf, asking, mailed, open } from './kit.ts'

export const askCode = (path: string, purpose: CodePurpose, summary: string) => route({
  ...open, path, summary,
  description: 'The token in `data` is needed with the code. The answer is the same for an address that nobody has.',
  uses: { codes, directory },
  body: asking,
  reply: mailed,
  errors: [authErrors.tooManyCodes],
  handle: async ({ body, ctx }, { codes, directory }) => {
    const account = await directory.find(body.email)
    const { token } = await codes.ask({ purpose, email: account?.email ?? body.email, accountId: account?.id ?? null, address: addressOf(ctx) })
    return { result: 'success' as const, data: token }
  },
})
