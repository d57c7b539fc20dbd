/** The first set-up of a server. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { Account } from '../models/account.ts'
import { accounts } from '../ports.ts'
import { result } from '../schemas/account.ts'
import { newPassword } from '../services/passwords.ts'
import { setupToken } from '../services/setup-token.ts'
import { email, locale, open, token } from './kit.ts'

interface SetupStatus { step: 'not_started' | 'finished'; setup_at: string | null }

const status = route({
  ...open, method: 'GET', path: '/setup',
  summary: 'Whether this server has been set up',
  uses: { Account },
  reply: Joi.object<SetupStatus, true>({
    step: Joi.string<SetupStatus['step']>().valid('not_started', 'finished').required(), setup_at: Joi.string().isoDate().allow(null).required(),
  }),
  handle: async (_call, { Account }): Promise<SetupStatus> => {
    const first = await Account.findOne({ order: ['created_at'] })
    return { step: first ? 'finished' : 'not_started', setup_at: first?.created_at.toISOString() ?? null }
  },
})

interface Setup { email: string; name: string; password: string; language?: string; setup_token?: string }

const setup = route({
  ...open, path: '/setup',
  summary: 'Make the first owner and workspace',
  description: 'Works once. On a server that others can reach it needs the one-time `setup_token` that the server wrote to `setup-token.txt` in its data folder.',
  uses: { accounts, setupToken },
  body: Joi.object<Setup, true>({
    email: email.required(),
    name: Joi.string().trim().min(1).max(30).required(),
    password: newPassword.required(),
    language: locale,
    setup_token: token,
  }),
  status: 201,
  reply: result,
  errors: [authErrors.alreadySetup, authErrors.setupTokenInvalid],
  handle: async ({ body, log }, { accounts, setupToken }) => {
    const { setup_token: given = '', ...owner } = body
    if (await accounts.exist()) throw authErrors.alreadySetup()
    if (setupToken.required && !setupToken.matches(given)) throw authErrors.setupTokenInvalid()
    const made = await accounts.setup(owner)
    if (!made) throw authErrors.alreadySetup()
    await setupToken.discard()
    log.info({ account: made.accountId, workspace: made.workspaceId }, 'the server was set up')
    return { result: 'success' as const }
  },
})

export const setupRoutes = [status, setup]
