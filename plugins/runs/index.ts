import { definePlugin } from '../../core/index.ts'
import { builtin } from './adapters/builtin.ts'
import { memoryEvents } from './adapters/events-memory.ts'
import { redisEvents } from './adapters/events-redis.ts'
import { unlimitedQuota } from './adapters/quota-unlimited.ts'
import { runsConfig } from './config.ts'
import { forgetRuns } from './jobs/forget-runs.ts'
import { quota, runEvents, runKind, runs } from './ports.ts'
import { life } from './services/life.ts'

export default definePlugin({
  name: 'runs',
  kernel: '^1',
  config: runsConfig,
  ports: [runs, runEvents, quota, runKind],
  adapters: [builtin, memoryEvents, redisEvents, unlimitedQuota],
  jobs: [forgetRuns],
  uses: { life },
  start: ({ life }) => life.start(),
  stop: ({ life }) => life.stop(),
})
