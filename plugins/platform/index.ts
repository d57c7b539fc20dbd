import { definePlugin } from '../../core/index.ts'
import { embeddedDatabase } from './adapters/database-embedded.ts'
import { postgresDatabase } from './adapters/database-postgres.ts'

export default definePlugin({ name: 'platform', kernel: '^1', adapters: [embeddedDatabase, postgresDatabase] })
