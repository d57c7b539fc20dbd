/** Documents as they are read: each with its file and the sums over its segments, in a constant number of queries. */
import { database, service } from '../../../core/index.ts'
import type { DocumentRow, UploadFileRow } from '../models/document.ts'
import { ProcessRule } from '../models/process-rule.ts'
import type { ProcessRuleRow } from '../models/process-rule.ts'
import type { DisplayStatus, DocumentRecord } from '../presenters/document.ts'
import { pageWithTotal, totalOf } from '../queries/page.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import type { DocumentFilter, DocumentSort } from '../schemas/document.ts'
import { metadataValues } from './metadata-values.ts'

export interface DocumentItems {
  /** Those of these ids that the dataset has, in the order of the ids. */
  find(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<readonly DocumentRecord[]>
  /** In the order of their positions. */
  batch(workspaceId: string, datasetId: string, batch: string): Promise<readonly DocumentRecord[]>
  /** Newest first, unless another order is asked for. */
  list(workspaceId: string, datasetId: string, filter: DocumentFilter & { readonly sort?: DocumentSort }): Promise<Found<DocumentRecord>>
  /** The rule that the document was cut by, and the newest of its dataset. */
  rules(document: DocumentRow): Promise<{ own: ProcessRuleRow | null; dataset: ProcessRuleRow | null }>
}

// What a client may filter by, as SQL; the same order of cases as in `displayStatus`.
const unfinished = "d.indexing_status NOT IN ('completed', 'error')"
const states: Readonly<Record<DisplayStatus, string>> = {
  paused: `d.is_paused AND ${unfinished}`,
  queuing: "NOT d.is_paused AND d.indexing_status = 'waiting'",
  indexing: `NOT d.is_paused AND d.indexing_status <> 'waiting' AND ${unfinished}`,
  error: "d.indexing_status = 'error'",
  archived: "d.indexing_status = 'completed' AND d.archived",
  available: "d.indexing_status = 'completed' AND NOT d.archived AND d.enabled",
  disabled: "d.indexing_status = 'completed' AND NOT d.archived AND NOT d.enabled",
}
const aliases: Readonly<Record<string, DisplayStatus>> = { active: 'available', enabled: 'available' }
/** An unknown state filters nothing. */
const stateFilter = (status = ''): string => {
  const known = aliases[status] ?? status
  return Object.hasOwn(states, known) ? states[known as DisplayStatus] : 'true'
}

const sorts: Readonly<Record<string, string>> = {
  created_at: 'd.created_at', name: 'lower(d.name)', word_count: 'd.word_count',
  hit_count: '(SELECT COALESCE(sum(hit_count), 0) FROM document_segments WHERE document_id = d.id AND generation = d.generation)',
}
/** Whatever is alike, in the order in which it came. */
const orderBy = (sort: DocumentSort): string => {
  const direction = sort.startsWith('-') ? 'DESC' : 'ASC'
  return `${sorts[sort.replace('-', '')] as string} ${direction}, d.position ${direction}`
}

export const documentItems = service('datasets.document-items', {
  uses: { db: database, ProcessRule, metadataValues },
  create: ({ db, ProcessRule, metadataValues }): DocumentItems => {
    /** @param from a FROM item called `d` that yields rows of `documents` */
    const read = async <More extends object = object>(workspaceId: string, from: string, order: string, values: readonly unknown[]): Promise<(DocumentRecord & More)[]> => {
      const rows = await db.query<Omit<DocumentRecord, 'file' | 'metadata'> & More>(
        `SELECT d.*, s.* FROM ${from} CROSS JOIN LATERAL (
           SELECT COALESCE(sum(hit_count), 0)::int AS hit_count, count(*)::int AS segment_count,
             count(*) FILTER (WHERE completed_at IS NOT NULL)::int AS completed_segments
           FROM document_segments WHERE document_id = d.id AND generation = d.generation) s
         ORDER BY ${order}`, values, { prepared: true })
      const ids = rows.flatMap((row) => row.upload_file_id ?? [])
      const files = ids.length === 0 ? [] : await db.query<UploadFileRow>(
        'SELECT * FROM upload_files WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, ids], { prepared: true })
      const byId = new Map(files.map((file) => [file.id, file]))
      const metadata = await metadataValues.of(workspaceId, rows)
      return rows.map((row) => ({ ...row, file: byId.get(row.upload_file_id ?? '') ?? null, metadata: metadata.get(row.id) ?? [] }))
    }
    return {
      find: (workspaceId, datasetId, ids) => read(
        workspaceId, '(SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[])) d',
        'array_position($3::uuid[], d.id)', [workspaceId, datasetId, ids]),
      batch: (workspaceId, datasetId, batch) => read(
        workspaceId, '(SELECT * FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND batch = $3) d', 'd.position', [workspaceId, datasetId, batch]),
      list: async (workspaceId, datasetId, { keyword = '', status, sort = '-created_at', ...window }) => {
        const { offset, ...page } = pageOf(window)
        const from = `FROM documents d WHERE d.workspace_id = $1 AND d.dataset_id = $2 AND strpos(lower(d.name), lower($3)) > 0 AND ${stateFilter(status)}`
        const values = [workspaceId, datasetId, keyword]
        const selection = { select: 'SELECT d.*', from, order: orderBy(sort), values }
        const rows = await read<{ total: number }>(workspaceId, `(${pageWithTotal(selection)}) d`, selection.order, [...values, page.limit, offset])
        return { ...page, rows, total: await totalOf(db, selection, rows, offset) }
      },
      rules: async ({ workspace_id, dataset_id, dataset_process_rule_id }) => {
        const [own, dataset] = await Promise.all([
          dataset_process_rule_id === null ? null : ProcessRule.findOne({ where: { workspace_id, dataset_id, id: dataset_process_rule_id } }),
          ProcessRule.findOne({ where: { workspace_id, dataset_id }, order: [['created_at', 'DESC'], ['id', 'ASC']] }),
        ])
        return { own, dataset }
      },
    }
  },
})
