import { definePlugin } from '../../core/index.ts'
import { bootstrapConfig } from './config.ts'
import { makeFirstOwner } from './services/first-owner.ts'

export default definePlugin({
  name: 'bootstrap',
  kernel: '^1',
  config: bootstrapConfig,
  uses: { makeFirstOwner },
  start: ({ makeFirstOwner }) => makeFirstOwner(),
})
