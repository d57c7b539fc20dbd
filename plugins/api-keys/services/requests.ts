/** From what a client sends to what a key is asked to be. */
import { service } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import type { KeyLimits, KeyRequest } from '../ports.ts'
import { toGrants } from '../schemas/key.ts'
import type { LimitsBody, ReachBody } from '../schemas/key.ts'
import { strategy } from './strategy.ts'

export interface Requests {
  /** Undefined where the client names no dataset. Throws 400 where the strategy cannot express what it names. */
  reach(body: ReachBody): Pick<KeyRequest, 'datasetId' | 'grants'> | undefined
  /** Throws 400 where the end is over already. */
  limits(body: LimitsBody): KeyLimits
}

export const requests = service('apiKeys.requests', {
  uses: { strategy },
  create: ({ strategy }): Requests => ({
    reach: ({ dataset_ids: ids, grants }) => {
      if (ids !== undefined && grants !== undefined) throw keyErrors.reachTwice(undefined, { params: 'dataset_ids' })
      if (grants !== undefined) return { datasetId: null, grants: toGrants(grants) }
      if (ids === undefined) return undefined
      const [only, ...others] = ids
      if (only !== undefined && others.length === 0 && !strategy.expresses.includes('grants')) return { datasetId: only, grants: null }
      return { datasetId: null, grants: ids.map((datasetId) => ({ datasetId, rights: ['manage'] })) }
    },
    limits: ({ expires_at: end, allowed_ips: allowedIps, rate_limit: rateLimit }) => {
      if (typeof end === 'number' && end * 1000 <= Date.now()) throw keyErrors.expiryPast(undefined, { params: 'expires_at' })
      return {
        ...end === undefined ? {} : { expiresAt: end === null ? null : new Date(end * 1000) },
        ...allowedIps === undefined ? {} : { allowedIps },
        ...rateLimit === undefined ? {} : { rateLimit },
      }
    },
  }),
})
