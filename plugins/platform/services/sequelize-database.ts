/**
 * The `database` port over one Sequelize instance. Raw SQL takes a client from the same pool as the models and runs at the speed of
 * the driver. Inside a transaction both run on its client, found through an AsyncLocalStorage of this instance.
 *
 * Rows come as `pg` reads them: `bigint`, `count(*)` and `numeric` are strings, `timestamptz` is a Date, `date` is a string, `jsonb` is parsed.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import { ConnectionAcquireTimeoutError, Sequelize, Transaction } from 'sequelize'
import { errors } from '../../../core/index.ts'
import type { Model, ModelAttributes, ModelOptions, Options } from 'sequelize'
import type { Database, Logger, Table } from '../../../core/index.ts'
import { statementNames } from './statement-names.ts'

export interface OpenDatabase extends Database { close(): Promise<void> }

/** An open transaction, and whoever joined it. */
interface Unit {
  readonly client: pg.Client
  /** The same client as Sequelize's models want to see it. */
  readonly handle: Transaction
  /** The statements so far, one after another. */
  last: Promise<unknown>
  /** Why it may not commit. */
  failure: { readonly error: unknown } | undefined
  ended: boolean
  readonly afterCommit: (() => void | Promise<void>)[]
}

const ACQUIRE = 30_000
/** Milliseconds after the last transaction for which a caller that outlived one is still known: long where faults are looked for, else for as long as costs little. */
const REMEMBERED = { strict: 1_000, usual: 20 }
/** The oldest server that we take. Saying it spares a connection that only asks; Sequelize's types do not know the option. */
const version = { databaseVersion: '15.0.0' }

/**
 * Listens to its own errors from the first moment on. Sequelize does a moment after the connection stands; when a server that stops ends
 * it in between, an error that nobody hears would take the process down.
 */
class HeardClient extends pg.Client {
  _invalid = false
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    // Sequelize's pool asks for this mark.
    this.on('error', () => { this._invalid = true })
  }
}

/** @param settings `prepares`: statements may have names, which last as long as their connection; `strict`: faults of callers are looked for, at a price */
export const openDatabase = (connection: Options, { exclusive, prepares, strict, log }: { exclusive: boolean; prepares: boolean; strict: boolean; log: Logger }): OpenDatabase => {
  const sequelize = new Sequelize({
    ...connection,
    ...version,
    dialect: 'postgres',
    dialectModule: { ...pg, Client: HeardClient },
    logging: false,
    define: { timestamps: false, freezeTableName: true, underscored: false },
    pool: { acquire: ACQUIRE, ...connection.pool },
  })
  const units = new AsyncLocalStorage<Unit>()
  let open = 0
  // While it is on, every await of the process costs more: a fifth of a small request, an eighth of a stream. So it rests where nobody needs it; `run` wakes it.
  const rest = setTimeout(() => { if (open === 0) units.disable() }, strict ? REMEMBERED.strict : REMEMBERED.usual).unref()

  /** The transaction in which the caller runs. A caller that outlived its transaction must not slip out of it unseen. */
  const current = (): Unit | undefined => {
    const unit = units.getStore()
    if (unit?.ended) {
      throw new Error('This statement belongs to a transaction that has ended. Await it inside the transaction, or start it from afterCommit().')
    }
    return unit
  }

  const take = async (): Promise<pg.Client> => {
    try { return await reached(sequelize.connectionManager.getConnection({ type: 'write' })) as pg.Client } catch (error) {
      if (!(error instanceof ConnectionAcquireTimeoutError)) throw error
      throw new Error(
        `No connection to the database became free within ${ACQUIRE / 1000} s. Look for slow work inside a transaction, or raise its pool.`,
        { cause: error })
    }
  }
  /** A client goes back idle or not at all: whatever was left open on it is rolled back. After an error its status is not yet known. */
  const giveBack = async (client: pg.Client, failed: boolean): Promise<void> => {
    if (failed || client.getTransactionStatus() !== 'I') {
      await client.query('ROLLBACK').catch(() => sequelize.connectionManager.destroyConnection(client)).catch(() => undefined)
    }
    sequelize.connectionManager.releaseConnection(client)
  }

  /** One statement at a time, as the protocol has it. A failed statement dooms the transaction, whoever catches its error. */
  const inTurn = <T>(unit: Unit, run: () => Promise<T>): Promise<T> => {
    const turn = unit.last.then(run)
    unit.last = turn.catch((error: unknown) => { unit.failure ??= { error } })
    return turn
  }

  const models = { query: sequelize.query.bind(sequelize), transaction: sequelize.transaction.bind(sequelize) } as unknown as Record<
    'query' | 'transaction', (first: unknown, second?: unknown) => Promise<unknown>>
  Object.assign(sequelize, {
    query: async (sql: string, options?: { transaction?: Transaction | null }) => {
      const unit = current()
      if (!unit) return reached(models.query(sql, options))
      return inTurn(unit, () => reached(models.query(sql, { ...options, transaction: options?.transaction ?? unit.handle })))
    },
    // What Sequelize starts by itself, as in findOrCreate, becomes a savepoint of ours.
    transaction: async (options?: object, work?: unknown) => {
      const unit = current()
      return models.transaction(unit ? { ...options, transaction: unit.handle } : options, work)
    },
  })

  const callBack = async (work: () => void | Promise<void>): Promise<void> => {
    try { await units.exit(work) } catch (error) { log.error({ err: error }, 'what was to follow a commit failed') }
  }

  const outermost = async <T>(work: () => Promise<T>): Promise<T> => {
    const client = await take()
    open += 1
    const handle = Object.assign(new Transaction(sequelize, {}), { connection: client, finished: undefined as string | undefined })
    const unit: Unit = { client, handle, last: Promise.resolve(), failure: undefined, ended: false, afterCommit: [] }
    let result: T
    try {
      await reached(client.query('BEGIN'))
      result = await units.run(unit, work).finally(() => { unit.ended = true })
      await unit.last
      if (unit.failure) {
        throw new Error('The transaction was rolled back: a part of it had failed, although the error was caught.', { cause: unit.failure.error })
      }
      await reached(client.query('COMMIT'))
      handle.finished = 'commit'
    } finally {
      unit.ended = true
      handle.finished ??= 'rollback'
      await unit.last
      await giveBack(client, handle.finished !== 'commit')
      open -= 1
      rest.refresh()
    }
    for (const next of unit.afterCommit) await callBack(next)
    return result
  }
  const nested = async <T>(unit: Unit, work: () => Promise<T>): Promise<T> => {
    try { return await work() } catch (error) {
      unit.failure ??= { error }
      throw error
    }
  }

  const names = statementNames(prepares, log)
  const query: Database['query'] = async <R extends object>(sql: string, values: readonly unknown[] = [], { prepared = false } = {}): Promise<R[]> => {
    const unit = current()
    if (unit) return rowsOf<R>(await inTurn(unit, () => reached(unit.client.query(sql, [...values]))))
    const name = prepared ? names.of(sql) : undefined
    const client = await take()
    let failed = true
    try {
      const rows = rowsOf<R>(await reached(name === undefined ? client.query(sql, [...values]) : client.query({ name, text: sql, values: [...values] })))
      failed = false
      return rows
    } catch (error) {
      if (name === undefined || !names.refused(error)) throw error
    } finally { await giveBack(client, failed) }
    return query<R>(sql, values, { prepared })
  }

  return {
    exclusive,
    query,
    transaction: async (work) => {
      const unit = current()
      return unit ? nested(unit, work) : outermost(work)
    },
    afterCommit: (work) => {
      const unit = current()
      if (unit) unit.afterCommit.push(work)
      else void callBack(work)
    },
    define: <Row extends object>(table: string, columns: ModelAttributes<Model<Row, Partial<Row>>, Row>, options: ModelOptions = {}) => {
      if (sequelize.isDefined(table)) throw new Error(`The table "${table}" is defined twice. Share one model() of it.`)
      return sequelize.define<Model<Row, Partial<Row>>, Row>(table, columns, options as ModelOptions<Model<Row, Partial<Row>>>) as Table<Row>
    },
    hasExtension: async (name) => (await query(`
      SELECT 1 FROM pg_extension WHERE extname = $1
      UNION ALL
      SELECT 1 FROM pg_available_extension_versions
      WHERE name = $1 AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        OR trusted AND has_database_privilege(current_database(), 'CREATE'))
      LIMIT 1`, [name])).length > 0,
    close: () => sequelize.close(),
  }
}

/** What a client should know of a database that is away: come back. Whether a statement that was under way took effect is not known. */
const reached = async <T>(work: Promise<T>): Promise<T> => {
  try { return await work } catch (error) {
    if (!isAway(error)) throw error
    throw errors.unavailable('The database does not answer. Try again in a moment.', { cause: error, headers: { 'Retry-After': '1' } })
  }
}

/** Whether an error says that the server cannot be reached (now): what sockets say, and PostgreSQL's classes 08 and 57P, and 53300. */
export const isAway = (error: unknown): boolean => {
  const { original = error } = error as { original?: unknown }
  const causes = original instanceof AggregateError ? original.errors as Error[] : [original as Error]
  return causes.some(({ code = '', message }: Error & { code?: string }) =>
    /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|ENOTFOUND|EAI_AGAIN|08...|57P0.|53300)$/.test(code)
    || /^(Connection terminated|timeout expired|Client has encountered a connection error|Client was closed)/i.test(message))
}

/** A text of several statements gives several results. */
const rowsOf = <R extends object>(result: pg.QueryResult | pg.QueryResult[]): R[] =>
  (Array.isArray(result) ? result.flatMap(({ rows }) => rows as R[]) : result.rows as R[])
