/** Datasets as clients see them: one statement and one question for each embedding model, however many datasets. */
import { database, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { datasetErrors } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { presentDataset } from '../presenters/dataset.ts'
import type { DatasetItem, TagItem } from '../schemas/dataset.ts'
import type { MetadataItem } from '../schemas/metadata.ts'
import { datasetAccess } from './dataset-access.ts'
import { externalBindings } from './external-bindings.ts'
import { modelChoice } from './model-choice.ts'

export interface DatasetItems {
  /** `shared`: each with the members it is shared with. */
  present(workspaceId: string, rows: readonly DatasetRow[], shared?: boolean): Promise<DatasetItem[]>
  /** With the members it is shared with: only where it is shared with some, or `always`. */
  presentOne(row: DatasetRow, always?: boolean): Promise<DatasetItem>
  /** As `presentOne`, for requests with an API key. Throws 404, and 403 where the dataset is closed to them. */
  open(workspaceId: string, id: string): Promise<DatasetItem>
}

/** What is told of a dataset beside its row. */
interface Facts { documents: number; available: number; words: number; tags: TagItem[]; fields: MetadataItem[] }
interface Told { readonly row: DatasetRow; readonly facts: Facts }
/** Of the dataset `d`. */
const FACTS = `c.documents, c.available, c.words,
  (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'type', 'knowledge') ORDER BY t.name), '[]')
   FROM dataset_tag_bindings b JOIN dataset_tags t ON t.workspace_id = b.workspace_id AND t.id = b.tag_id WHERE b.workspace_id = d.workspace_id AND b.dataset_id = d.id) AS tags,
  (SELECT coalesce(json_agg(json_build_object('id', f.id, 'name', f.name, 'type', f.type) ORDER BY f.created_at, f.id), '[]')
   FROM dataset_metadata f WHERE f.workspace_id = d.workspace_id AND f.dataset_id = d.id) AS fields`
const COUNTED = `datasets d CROSS JOIN LATERAL (
  SELECT count(*)::int AS documents, coalesce(sum(word_count), 0)::float8 AS words,
    count(*) FILTER (WHERE indexing_status = 'completed' AND enabled AND NOT archived)::int AS available
  FROM documents WHERE workspace_id = d.workspace_id AND dataset_id = d.id) AS c`

export const datasetItems = service('datasets.items', {
  uses: { db: database, accounts, modelChoice, access: datasetAccess, bindings: externalBindings },
  create: ({ db, accounts, modelChoice, access, bindings }): DatasetItems => {
    const tell = async (workspaceId: string, all: readonly Told[], shared: boolean): Promise<DatasetItem[]> => {
      if (all.length === 0) return []
      const rows = all.map(({ row }) => row)
      const external = rows.filter(({ provider }) => provider === 'external').map(({ id }) => id)
      const [names, unavailable, bound, members] = await Promise.all([
        accounts.names(workspaceId, rows.map(({ created_by }) => created_by)),
        modelChoice.unavailable(workspaceId, rows),
        external.length > 0 ? bindings.of(workspaceId, external) : undefined,
        shared ? access.members(workspaceId, rows.map(({ id }) => id)) : undefined,
      ])
      return all.map(({ row, facts: { documents, available, words, tags, fields } }) => presentDataset(row, {
        documents, available, words, tags, fields, external: bound?.get(row.id),
        authorName: names.get(row.created_by) ?? null, embeddingAvailable: !unavailable.has(row), ...members ? { partialMembers: members.get(row.id) ?? [] } : {},
      }))
    }
    const tellOne = async (one: Told, always = false): Promise<DatasetItem> => {
      const { row } = one
      const [item] = await tell(row.workspace_id, [one], always || row.permission === 'partial_members')
      if (!item) throw new Error('a dataset was lost while it was presented')
      // Without vectors every search goes by words, whatever the setting says.
      const { retrieval_model_dict: settings } = item
      return row.indexing_technique === 'high_quality' ? item : { ...item, retrieval_model_dict: { ...settings, search_method: 'keyword_search' } }
    }
    /** Those that are gone meanwhile are left out. */
    const withFacts = async (workspaceId: string, rows: readonly DatasetRow[]): Promise<Told[]> => {
      if (rows.length === 0) return []
      const found = await db.query<Facts & { id: string }>(
        `SELECT d.id, ${FACTS} FROM ${COUNTED} WHERE d.workspace_id = $1 AND d.id = ANY ($2::uuid[])`, [workspaceId, rows.map(({ id }) => id)], { prepared: true })
      const facts = new Map(found.map((one) => [one.id, one]))
      return rows.flatMap((row) => {
        const known = facts.get(row.id)
        return known ? [{ row, facts: known }] : []
      })
    }
    return {
      present: async (workspaceId, rows, shared = false) => tell(workspaceId, await withFacts(workspaceId, rows), shared),
      presentOne: async (row, always) => {
        const [known] = await withFacts(row.workspace_id, [row])
        if (!known) throw datasetErrors.datasetNotFound()
        return tellOne(known, always)
      },
      open: async (workspaceId, id) => {
        const [row] = await db.query<DatasetRow & Facts>(`SELECT d.*, ${FACTS} FROM ${COUNTED} WHERE d.workspace_id = $1 AND d.id = $2`, [workspaceId, id], { prepared: true })
        if (!row) throw datasetErrors.datasetNotFound()
        if (!row.enable_api) throw datasetErrors.apiDisabled()
        return tellOne({ row, facts: row })
      },
    }
  },
})
