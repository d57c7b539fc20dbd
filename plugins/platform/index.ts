import { definePlugin } from '../../core/index.ts'
import { layeredCache } from './adapters/cache-layered.ts'
import { memoryCache } from './adapters/cache-memory.ts'
import { noCache } from './adapters/cache-none.ts'
import { redisCache } from './adapters/cache-redis.ts'
import { embeddedDatabase } from './adapters/database-embedded.ts'
import { postgresDatabase } from './adapters/database-postgres.ts'
import { guardedHttpClient } from './adapters/http-client-guarded.ts'
import { pinoLogger } from './adapters/logger-pino.ts'
import { compression } from './adapters/middleware-compression.ts'
import { crossOrigin } from './adapters/middleware-cors.ts'
import { requestId } from './adapters/middleware-request-id.ts'
import { securityHeaders } from './adapters/middleware-security-headers.ts'
import { bullQueue } from './adapters/queue-bull.ts'
import { embeddedQueue } from './adapters/queue-embedded.ts'
import { memoryRateLimiter } from './adapters/rate-limiter-memory.ts'
import { redisRateLimiter } from './adapters/rate-limiter-redis.ts'
import { memorySignal } from './adapters/signal-memory.ts'
import { redisSignal } from './adapters/signal-redis.ts'
import { localStorage } from './adapters/storage-local.ts'
import { s3Storage } from './adapters/storage-s3.ts'
import { countedTraffic, trafficMiddleware } from './adapters/traffic-counted.ts'
import { localVault } from './adapters/vault-local.ts'
import { jobsCommand } from './commands/jobs.ts'
import { traffic } from './ports.ts'
import { processes } from './services/processes.ts'

export default definePlugin({
  name: 'platform',
  kernel: '^1',
  ports: [traffic],
  adapters: [
    embeddedDatabase, postgresDatabase,
    noCache, memoryCache, redisCache, layeredCache,
    embeddedQueue, bullQueue,
    memorySignal, redisSignal,
    memoryRateLimiter, redisRateLimiter,
    localStorage, s3Storage,
    guardedHttpClient,
    localVault,
    countedTraffic, trafficMiddleware,
    pinoLogger,
    jobsCommand,
    requestId, securityHeaders, crossOrigin, compression,
  ],
  uses: { processes },
  start: ({ processes }) => processes.join(),
  stop: ({ processes }) => processes.leave(),
})
