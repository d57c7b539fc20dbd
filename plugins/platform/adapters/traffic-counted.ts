import { defineAdapter, middleware } from '../../../core/index.ts'
import { traffic } from '../ports.ts'
import { requestsUnderWay } from '../services/requests-under-way.ts'

/** Knows the requests that pass the middleware `traffic`; without it, there are none. */
export const countedTraffic = defineAdapter(traffic, 'counted', { uses: { requestsUnderWay }, create: ({ requestsUnderWay }) => requestsUnderWay })

export const trafficMiddleware = defineAdapter(middleware, 'traffic', {
  uses: { requestsUnderWay },
  create: ({ requestsUnderWay }) => ({ before: ['request-id'], handle: (_ctx, next) => requestsUnderWay.during(next) }),
})
