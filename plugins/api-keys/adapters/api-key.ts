/** API keys as `Authorization: Bearer`, and nowhere else. */
import type Koa from 'koa'
import { authenticator, defineAdapter, networkOf } from '../../../core/index.ts'
import type { Actor, Authenticator, HttpError } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { mayHold } from '../permissions.ts'
import type { Scope } from '../ports.ts'
import { isAllowed } from '../services/addresses.ts'
import { legacyMisses } from '../services/legacy-misses.ts'
import { limits } from '../services/limits.ts'
import { lookup } from '../services/lookup.ts'
import type { Memory, RecognisedKey } from '../services/records.ts'
import { secrets } from '../services/secrets.ts'
import { strategy } from '../services/strategy.ts'
import { usage } from '../services/usage.ts'
import type { Usage } from '../services/usage.ts'

/** Without a stack trace: it would cost more than all else about a malformed key, and tell nobody anything. */
const refuse = (error: keyof typeof keyErrors): HttpError => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try { return keyErrors[error](undefined, { headers: { 'WWW-Authenticate': 'Bearer realm="api"' } }) } finally { Error.stackTraceLimit = stackTraceLimit }
}

// Not `headers`: Node keeps only the first of several there, and a proxy before us may have looked at another.
const headersOf = (ctx: Koa.Context): readonly string[] => ctx.req.headersDistinct['authorization'] ?? []

const tokenOf = (ctx: Koa.Context): string => {
  const [header = '', ...others] = headersOf(ctx)
  if (others.length > 0) throw refuse('headerRepeated')
  const [, scheme, token] = /^(\S+)\s+(.*)$/.exec(header) ?? []
  if (scheme === undefined || token === undefined) throw refuse('headerMissing')
  if (scheme.toLowerCase() !== 'bearer') throw refuse('schemeWrong')
  return token
}

const addressOf = (ctx: Koa.Context): string => String(ctx.state['clientAddress'])

/** A key acts as the owner of its workspace, within its type's permissions and its scope. */
const actorOf = ({ id, workspaceId, type, appId }: RecognisedKey, ownerId: string, scope: Scope, usage: Usage): Actor => ({
  kind: 'key', id, workspaceId, accountId: ownerId, ...appId === null ? {} : { appId },
  can: (permission, resource) => {
    if (mayHold(type, permission) && scope.can(permission, resource)) return true
    usage.refused(id, { permission, resource })
    return false
  },
  reach: (permission, resourceType) => mayHold(type, permission) ? scope.reach(permission, resourceType) : [],
})

export const apiKey = defineAdapter(authenticator, 'api-key', {
  uses: { strategy, secrets, lookup, legacyMisses, limits, usage },
  create: ({ strategy, secrets, lookup, legacyMisses, limits, usage }): Authenticator => {
    const recognise = async (token: string, address: string): Promise<Memory> => {
      if (secrets.isWellFormed(token)) return lookup.find(token)
      const network = networkOf(address)
      legacyMisses.check(network)
      const key = await lookup.find(token)
      if (!key) await legacyMisses.count(network)
      return key
    }
    return {
      serves: ['app', 'dataset'],
      carriers: (ctx) => headersOf(ctx).length > 0 ? ['header authorization'] : [],
      authenticate: async (ctx, credential) => {
        const token = tokenOf(ctx)
        const key = secrets.typeOf(token) === credential ? await recognise(token, addressOf(ctx)) : null
        if (key?.type !== credential) throw refuse('tokenInvalid')
        if (key.ownerId === null) throw refuse('ownerMissing')
        if (key.allowedIps && !isAllowed(addressOf(ctx), key.allowedIps)) throw keyErrors.addressWrong()
        await limits.take(key)
        usage.touch(key.id)
        return actorOf(key, key.ownerId, strategy.scope(key, key.known), usage)
      },
    }
  },
})
