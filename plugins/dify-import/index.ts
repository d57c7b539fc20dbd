import { definePlugin } from '../../core/index.ts'
import { importCommand } from './commands/import.ts'

export default definePlugin({ name: 'dify-import', kernel: '^1', adapters: [importCommand] })
