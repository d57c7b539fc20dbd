/** A PostgreSQL server, 15 or newer. */
import Joi from 'joi'
import pg from 'pg'
import { database, defineAdapter, HttpError, logger, notYet, serverConfig, StartupError } from '../../../core/index.ts'
import { openDatabase } from '../services/sequelize-database.ts'
import type { OpenDatabase } from '../services/sequelize-database.ts'

interface Settings {
  readonly url: string
  /** Connections at most. */
  readonly pool: number
  /** Overrides `sslmode` of the url. `no-verify` encrypts but takes any certificate. */
  readonly ssl?: 'off' | 'verify' | 'no-verify'
}
const OLDEST = 15
const ssl = { off: false, verify: true, 'no-verify': { rejectUnauthorized: false } } as const

export const postgresDatabase = defineAdapter(database, 'postgres', {
  options: Joi.object<Settings, true>({
    url: Joi.string().uri({ scheme: ['postgres', 'postgresql'] }).required(),
    pool: Joi.number().integer().min(1).default(10),
    ssl: Joi.string<NonNullable<Settings['ssl']>>().valid('off', 'verify', 'no-verify'),
  }),
  uses: { server: serverConfig, log: logger },
  create: async ({ server: { checkReplies: strict }, log }, settings): Promise<OpenDatabase> => {
    // The driver reads the url as it reads it everywhere else, libpq's variables included.
    const target = new pg.Client({ connectionString: settings.url })
    const db = openDatabase({
      host: target.host, port: target.port, database: target.database ?? '', username: target.user ?? '', password: target.password ?? '',
      pool: { max: settings.pool },
      dialectOptions: {
        application_name: 'mortise', ssl: settings.ssl ? ssl[settings.ssl] : target.ssl, keepAlive: true, connectionTimeoutMillis: 10_000,
        // Milliseconds. What takes longer by design says SET LOCAL statement_timeout = 0.
        statement_timeout: 30_000, lock_timeout: 10_000, idle_in_transaction_session_timeout: 60_000,
      },
    }, { exclusive: false, prepares: true, strict, log })
    const place = `PostgreSQL at ${target.host}:${target.port}, database "${target.database ?? ''}", user "${target.user ?? ''}"`
    const refuse = async (message: string, fix: string, cause?: unknown): Promise<never> => {
      await db.close()
      const problem = { path: 'adapters.database.postgres', message, fix }
      throw cause instanceof HttpError ? notYet(problem, cause) : new StartupError([problem], { exitCode: 1, cause })
    }
    const [server] = await db.query<{ version: string }>(`SELECT current_setting('server_version') AS version`).catch((error: unknown) =>
      refuse(`cannot reach ${place}: ${reason(error)}`, 'Start that server and create the database, or correct DATABASE_URL.', error))
    if (Number.parseInt(server?.version ?? '') < OLDEST) {
      await refuse(`${place} is version ${server?.version ?? 'unknown'}; ${OLDEST} is the oldest that will do`, 'Upgrade it, or set DATABASE_URL to another.')
    }
    return db
  },
  health: async (db) => { await db.query('SELECT 1') },
  dispose: (db) => (db as OpenDatabase).close(),
})

/** Sequelize wraps what the driver said, and the driver may have tried several addresses. */
const reason = (error: unknown): string => {
  const { cause } = error as Error
  const { original = cause ?? error } = (cause ?? error) as { original?: unknown }
  return (original instanceof AggregateError ? original.errors as Error[] : [original as Error]).map(({ message }) => message).join('; ')
}
