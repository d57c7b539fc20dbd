/** What documents under faults want of a server: a model that takes no time to load, and a look at all that is stored, on whatever database. */
import { setTimeout as sleep } from 'node:timers/promises'
import Joi from 'joi'
import { database, defineAdapter, definePlugin, queue, route } from '../../core/index.ts'
import { modelProvider } from '../../plugins/models/ports.ts'
import { toyModels } from '../support/toy-models.ts'

interface DocumentRow { readonly id: string; readonly dataset_id: string; readonly name: string; readonly generation: number; readonly indexing_status: string; readonly error: string | null; readonly storage_key: string | null }
interface SegmentRow { readonly id: string; readonly document_id: string; readonly generation: number; readonly position: number; readonly content: string; readonly answer: string | null; readonly status: string }
interface ChildRow { readonly id: string; readonly segment_id: string; readonly position: number; readonly content: string }
/** `terms`: how many there should be; `rows`: how many there are. */
interface TextEntry { readonly segment_id: string; readonly document_id: string; readonly terms: number; readonly rows: number }
/** `segment_id`: that of the segment, also where the vector is a child's. */
interface VectorEntry { readonly id: string; readonly segment_id: string; readonly document_id: string }
/** All rows of some datasets, at rest. */
export interface Stored {
  readonly datasets: readonly string[]
  readonly documents: readonly DocumentRow[]
  readonly segments: readonly SegmentRow[]
  readonly children: readonly ChildRow[]
  readonly texts: readonly TextEntry[]
  readonly vectors: readonly VectorEntry[]
  /** Segments that the text index believes to have, by its sum. */
  readonly counted: number
  /** Sentences about rows of any dataset that belong to nothing. */
  readonly strays: readonly string[]
  /** Files that rows name: any dataset's. */
  readonly files: readonly string[]
}
export interface Rest {
  /** Jobs that wait or run. */
  readonly jobs: number
  /** Documents that are in no final state. */
  readonly unfinished: number
  /** Jobs that failed for good: their names, and why. */
  readonly failed: readonly string[]
}

const OF = 'dataset_id = ANY ($1::uuid[])'
const queries = {
  documents: `SELECT d.id, d.dataset_id, d.name, d.generation, d.indexing_status, d.error, f.storage_key
    FROM documents d LEFT JOIN upload_files f ON f.id = d.upload_file_id WHERE d.${OF}`,
  segments: `SELECT id, document_id, generation, position, content, answer, status FROM document_segments WHERE ${OF}`,
  children: `SELECT id, segment_id, position, content FROM child_chunks WHERE ${OF}`,
  texts: `SELECT i.segment_id, i.document_id, cardinality(i.terms) AS terms,
      (SELECT count(*)::int FROM text_index_terms t WHERE t.dataset = i.dataset AND t.segment = i.id) AS rows
    FROM text_index_segments i JOIN text_index_datasets n ON n.id = i.dataset WHERE n.${OF}`,
  vectors: `SELECT segment_id AS id, COALESCE(parent_id, segment_id) AS segment_id, document_id FROM vector_index_segments WHERE ${OF}`,
  sizes: `SELECT COALESCE(sum(s.segments), 0)::int AS counted FROM text_index_sizes s JOIN text_index_datasets n ON n.id = s.dataset WHERE n.${OF}`,
} as const
/** What no foreign key forbids. */
const strays = `
  SELECT 'terms of a segment that is not indexed' AS what, count(*)::int AS count FROM text_index_terms t
    WHERE NOT EXISTS (SELECT 1 FROM text_index_segments i WHERE i.dataset = t.dataset AND i.id = t.segment)
  UNION ALL SELECT 'texts of a segment that is gone', count(*)::int FROM text_index_segments i WHERE NOT EXISTS (SELECT 1 FROM document_segments s WHERE s.id = i.segment_id)
  UNION ALL SELECT 'vectors of a segment that is gone', count(*)::int FROM vector_index_segments v
    WHERE NOT EXISTS (SELECT 1 FROM document_segments s WHERE s.id = COALESCE(v.parent_id, v.segment_id))
  UNION ALL SELECT 'rows of a file without a document', count(*)::int FROM upload_files f WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.upload_file_id = f.id)`

const open = { surface: 'root', credential: 'none', access: 'public', resource: 'none', method: 'GET' } as const
const stored = route({
  ...open, path: '/faults/stored', summary: 'Shows all rows of some datasets',
  query: Joi.object<{ datasets: string }>({ datasets: Joi.string().allow('').required() }), reply: Joi.object<Stored>().unknown(), uses: { db: database },
  handle: async ({ query }, { db }) => {
    const ids = [query.datasets.split(',').filter((id) => id !== '')]
    const all = <T extends object>(sql: string): Promise<T[]> => db.query<T>(sql, ids)
    return {
      datasets: (await all<{ id: string }>('SELECT id FROM datasets WHERE id = ANY ($1::uuid[])')).map(({ id }) => id),
      documents: await all<DocumentRow>(queries.documents), segments: await all<SegmentRow>(queries.segments), children: await all<ChildRow>(queries.children),
      texts: await all<TextEntry>(queries.texts), vectors: await all<VectorEntry>(queries.vectors), counted: (await all<{ counted: number }>(queries.sizes))[0]?.counted ?? 0,
      strays: (await db.query<{ what: string; count: number }>(strays)).filter(({ count }) => count > 0).map(({ what, count }) => `${count} ${what}`),
      files: (await db.query<{ storage_key: string }>('SELECT storage_key FROM upload_files')).map(({ storage_key }) => storage_key),
    }
  },
})
const rest = route({
  ...open, path: '/faults/rest', summary: 'Shows whether anything is still to be done', reply: Joi.object<Rest>().unknown(), uses: { db: database, jobs: queue },
  handle: async (_, { db, jobs }) => {
    const { waiting, active } = await jobs.counts()
    const [row] = await db.query<{ unfinished: number }>(`SELECT count(*)::int AS unfinished FROM documents WHERE indexing_status NOT IN ('completed', 'error')`)
    const failed = await jobs.find({ state: 'failed', limit: 100 })
    return { jobs: waiting + active, unfinished: row?.unfinished ?? 0, failed: failed.map(({ name, error = '' }) => `${name}: ${error}`) }
  },
})

/** Slow enough to be met in the middle. */
const toy = defineAdapter(modelProvider, 'toy', { create: () => toyModels(({ purpose }) => sleep(purpose === 'document' ? 40 : 0)) })

export default definePlugin({ name: 'faults-documents', kernel: '^1', adapters: [toy], routes: [stored, rest] })
