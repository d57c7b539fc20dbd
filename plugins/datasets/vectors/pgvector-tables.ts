/** The tables of `pgvector`, one for each dimension, made when the first vector of it comes. */
import { StartupError } from '../../../core/index.ts'
import type { Database } from '../../../core/index.ts'

/** The first with iterative scans: before it, a filter could leave a search of the graph with too few hits. */
const OLDEST = 8
/** Every removal looks into all of them, and whoever enters a model for a workspace chooses its dimensions. */
const MOST_TABLES = 200
const lock = "SELECT pg_advisory_xact_lock(hashtext('mortise vector tables'))"

export const tableOf = (dimensions: number): string => `vector_index_${dimensions}`

/** The graph takes single precision up to 2,000 dimensions and half precision up to 4,000; beyond that all vectors are compared. */
export const inGraph = (dimensions: number, value: string): string | undefined =>
  dimensions <= 2000 ? value : dimensions <= 4000 ? `(${value})::halfvec(${dimensions})` : undefined

// The graph is there from the first row on and grows with the writes: no build ever keeps a writer waiting.
const makeTable = (dimensions: number): string => {
  const name = tableOf(dimensions)
  const expression = inGraph(dimensions, 'vector')
  return `
    CREATE TABLE ${name} (
      workspace_id uuid NOT NULL,
      dataset_id uuid NOT NULL,
      segment_id uuid NOT NULL,
      document_id uuid NOT NULL,
      vector vector(${dimensions}) NOT NULL,
      parent_id uuid,
      PRIMARY KEY (dataset_id, segment_id),
      FOREIGN KEY (workspace_id, dataset_id) REFERENCES datasets (workspace_id, id) ON DELETE CASCADE
    );
    CREATE INDEX ${name}_by_document ON ${name} (dataset_id, document_id);
    ${indexByParent(name)};
    ${expression ? `CREATE INDEX ${name}_graph ON ${name} USING hnsw ((${expression}) ${dimensions <= 2000 ? 'vector' : 'halfvec'}_cosine_ops)` : ''}`
}
const indexByParent = (name: string): string =>
  `CREATE INDEX IF NOT EXISTS ${name}_by_parent ON ${name} (dataset_id, parent_id) WHERE parent_id IS NOT NULL`

export interface VectorTables {
  exists(dimensions: number): Promise<boolean>
  /** Makes it where it is not there. Inside a transaction. */
  ensure(dimensions: number): Promise<void>
  all(): Promise<readonly string[]>
}

/** Brings tables of earlier releases up to date. */
export const createTables = async (db: Database): Promise<VectorTables> => {
  const made = new Set<number>()
  const exists = async (dimensions: number): Promise<boolean> => {
    if (made.has(dimensions)) return true
    const [row] = await db.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tableOf(dimensions)])
    if (row?.there) db.afterCommit(() => { made.add(dimensions) })
    return row?.there ?? false
  }
  const all = async (): Promise<string[]> => (await db.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname ~ '^vector_index_[0-9]+$'`)).map(({ name }) => name)

  await db.transaction(async () => {
    await db.query(lock)
    const older = await db.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'parent_id')`, [await all()])
    for (const { name } of older) await db.query(`ALTER TABLE ${name} ADD COLUMN parent_id uuid; ${indexByParent(name)}`)
  })
  return {
    exists, all,
    ensure: async (dimensions) => {
      if (await exists(dimensions)) return
      await db.query(lock)
      if (await exists(dimensions)) return
      if ((await all()).length >= MOST_TABLES) throw new Error(`There are vectors of ${MOST_TABLES} different dimensions already. Use a model that gives one of these.`)
      await db.query(makeTable(dimensions))
    },
  }
}

export const checkExtension = async (db: Database): Promise<void> => {
  const refuse = (message: string, fix: string): never => {
    throw new StartupError([{ path: 'adapters.vectorIndex.pgvector', message, fix }], { exitCode: 1 })
  }
  if (!await db.hasExtension('vector')) {
    refuse(
      'this PostgreSQL server has no extension "vector" that this user may create',
      'Install pgvector there and run CREATE EXTENSION vector as a superuser, or choose the adapter vectorIndex: exact, which needs no extension.')
  }
  await db.transaction(async () => {
    await db.query(lock)
    await db.query('CREATE EXTENSION IF NOT EXISTS vector')
  })
  const [row] = await db.query<{ version: string }>(`SELECT extversion AS version FROM pg_extension WHERE extname = 'vector'`)
  const [major = 0, minor = 0] = (row?.version ?? '').split('.').map(Number)
  if (major === 0 && minor < OLDEST) {
    refuse(`this database has pgvector ${row?.version ?? ''}; 0.${OLDEST} or newer is needed`, 'Upgrade it on the server, then run ALTER EXTENSION vector UPDATE.')
  }
}
