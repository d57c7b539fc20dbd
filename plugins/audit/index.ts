import { definePlugin } from '../../core/index.ts'
import { audit } from './ports.ts'

export default definePlugin({ name: 'audit', kernel: '^1', ports: [audit] })
