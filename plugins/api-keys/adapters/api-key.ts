/** API keys as `Authorization: Bearer`, and nowhere else. */
import type Koa from 'koa'
import { authenticator, defineAdapter } from '../../../core/index.ts'
import type { Actor, Authenticator, HttpError } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { mayHold } from '../permissions.ts'
import type { Scope } from '../ports.ts'
import { isAllowed } from '../services/addresses.ts'
import { lookup } from '../services/lookup.ts'
import type { KnownKey } from '../services/records.ts'
import { typeOf } from '../services/secrets.ts'
import { strategy } from '../services/strategy.ts'
import { usage } from '../services/usage.ts'

const refuse = (error: keyof typeof keyErrors): HttpError => keyErrors[error](undefined, { headers: { 'WWW-Authenticate': 'Bearer realm="api"' } })

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

/** A key acts as the owner of its workspace, within its type's permissions and its scope. */
const actorOf = ({ id, workspaceId, type }: KnownKey, ownerId: string, scope: Scope): Actor => ({
  kind: 'key', id, workspaceId, accountId: ownerId,
  can: (permission, resource) => mayHold(type, permission) && scope.can(permission, resource),
  reach: (permission, resourceType) => mayHold(type, permission) ? scope.reach(permission, resourceType) : [],
})

export const apiKey = defineAdapter(authenticator, 'api-key', {
  uses: { strategy, lookup, usage },
  create: ({ strategy, lookup, usage }): Authenticator => ({
    serves: ['app', 'dataset'],
    carriers: (ctx) => headersOf(ctx).length > 0 ? ['header authorization'] : [],
    authenticate: async (ctx, credential) => {
      const token = tokenOf(ctx)
      const key = typeOf(token) === credential ? await lookup.find(token) : null
      if (key?.type !== credential) throw refuse('tokenInvalid')
      if (key.ownerId === null) throw refuse('ownerMissing')
      if (key.allowedIps && !isAllowed(String(ctx.state['clientAddress']), key.allowedIps)) throw keyErrors.addressWrong()
      usage.touch(key.id)
      return actorOf(key, key.ownerId, strategy.scope(key, key.known))
    },
  }),
})
