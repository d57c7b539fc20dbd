/** The statements by which `pgvector` searches one of its tables: `$1` workspace, `$2` datasets, `$3` documents or null, `$4` question. */
import { searchable } from '../queries/searchable.ts'
import { inGraph, tableOf } from './pgvector-tables.ts'
import { VECTORS_PER_SEGMENT } from './ranking.ts'

const OF_SCOPE = 'workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) AND ($3::uuid[] IS NULL OR document_id = ANY ($3::uuid[]))'
const segment = 'coalesce(parent_id, segment_id)'
const cosine = '1 - (vector <=> $4::vector)'

/** Up to `$4` vectors are counted. */
export const count = (dimensions: number): string =>
  `SELECT count(*)::integer AS many FROM (SELECT FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE} LIMIT $4) AS first`

/** The best `$5` segments, every vector compared. */
export const compare = (dimensions: number): string => `
  SELECT id FROM (
    SELECT ${segment} AS id, max(${cosine}) AS score FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE} GROUP BY 1 ORDER BY score DESC, id
  ) AS ranked WHERE score > 0 AND ${searchable('ranked.id')} LIMIT $5`

/** The vectors that the graph leads to, the nearest first; what may not be found is passed over one by one, so that `$5` are left. */
export const follow = (dimensions: number): string => `
  SELECT id, score FROM (
    SELECT ${segment} AS id, ${cosine} AS score FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE}
    ORDER BY ${inGraph(dimensions, 'vector') ?? ''} <=> ${inGraph(dimensions, '$4::vector') ?? ''}
  ) AS ranked WHERE ${searchable('ranked.id')} LIMIT $5`

/** Settings for one transaction. The graph is walked until enough is found, however few of its vectors are asked for. */
export const FOLLOW_GRAPH = `SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '200', true),
  set_config('hnsw.max_scan_tuples', '1000000', true), set_config('enable_sort', 'off', true)`

/** The best few vectors of each of the segments `$5`; then, without an id, the cosine of the mean of all vectors of those that have children. */
export const vectorsOf = (dimensions: number): string => `
  SELECT id, "segmentId", score FROM (
    SELECT segment_id AS id, ${segment} AS "segmentId", ${cosine} AS score,
      row_number() OVER (PARTITION BY ${segment} ORDER BY ${cosine} DESC, segment_id) AS place
    FROM ${tableOf(dimensions)} WHERE ${OF_SCOPE} AND (segment_id = ANY ($5::uuid[]) OR parent_id = ANY ($5::uuid[]))
  ) AS theirs WHERE score > 0 AND place <= ${VECTORS_PER_SEGMENT} AND ${searchable('theirs."segmentId"')}
  UNION ALL SELECT NULL, parent_id, 1 - (avg(vector) <=> $4::vector) FROM ${tableOf(dimensions)}
  WHERE ${OF_SCOPE} AND parent_id = ANY ($5::uuid[]) GROUP BY parent_id`
