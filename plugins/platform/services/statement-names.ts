/** Names of prepared statements: a server that knows one by its name neither parses nor plans it again. */
import { createHash } from 'node:crypto'
import type { Logger } from '../../../core/index.ts'

export interface StatementNames {
  /** Undefined where the statement is to have none. */
  of(sql: string): string | undefined
  /** Whether it was the name, not the statement, that failed: then nothing was done, and it can be asked again. */
  refused(error: unknown): boolean
}

export const statementNames = (prepares: boolean, log: Logger): StatementNames => {
  const names = new Map<string, string>()
  let generation = 0
  let allowed = prepares
  return {
    of: (sql) => {
      if (!allowed) return undefined
      // By its text: behind a pooler, what another process prepared under the same name must be the same statement.
      const name = names.get(sql) ?? `mortise_${generation}_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`
      names.set(sql, name)
      return name
    },
    refused: (error) => {
      const { code, message } = error as { code?: unknown; message?: unknown }
      // A migration of a newer version has added a column to what was prepared.
      if (code === '0A000' && String(message).includes('cached plan')) {
        names.clear()
        generation += 1
        return true
      }
      // invalid_sql_statement_name, duplicate_prepared_statement: a pooler in between gives each statement another connection.
      if (code !== '26000' && code !== '42P05') return false
      if (allowed) log.warn({ err: error }, 'prepared statements do not outlast a transaction on this database; going on without them')
      allowed = false
      return true
    },
  }
}
