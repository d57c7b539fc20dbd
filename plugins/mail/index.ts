import { definePlugin } from '../../core/index.ts'
import { mailer } from './ports.ts'

export default definePlugin({ name: 'mail', kernel: '^1', ports: [mailer] })
