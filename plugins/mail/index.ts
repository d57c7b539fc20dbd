import { definePlugin } from '../../core/index.ts'
import { log } from './adapters/log.ts'
import { smtp } from './adapters/smtp.ts'
import { mailer } from './ports.ts'

export default definePlugin({
  name: 'mail',
  kernel: '^1',
  ports: [mailer],
  adapters: [log, smtp],
})
