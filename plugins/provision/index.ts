import { definePlugin } from '../../core/index.ts'

export default definePlugin({ name: 'provision', kernel: '^1' })
