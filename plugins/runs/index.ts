import { definePlugin } from '../../core/index.ts'
import { runsConfig } from './config.ts'
import { quota, runEvents, runKind, runs } from './ports.ts'

export default definePlugin({
  name: 'runs',
  kernel: '^1',
  config: runsConfig,
  ports: [runs, runEvents, quota, runKind],
})
