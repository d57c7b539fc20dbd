/** The fields that the documents of a dataset may have beside their text: made, listed, renamed, taken away with all their values. */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { BUILT_IN, MetadataField } from '../models/metadata.ts'
import type { MetadataFieldRow } from '../models/metadata.ts'
import { violates } from '../queries/violates.ts'
import type { MetadataCount, NewMetadata } from '../schemas/metadata.ts'
import { datasetRecords } from './dataset-records.ts'
import type { Owner } from './dataset-records.ts'

export interface MetadataFields {
  /** The oldest first, each with how many documents have it. */
  list(workspaceId: string, datasetId: string): Promise<MetadataCount[]>
  /** By dataset, the oldest first. */
  of(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, readonly MetadataFieldRow[]>>
  /** Throws 400 where the name is taken, 404 where the dataset is gone; so do the others, and for an unknown field. */
  add(owner: Owner, datasetId: string, field: NewMetadata): Promise<MetadataFieldRow>
  /** The documents keep their values, under the new name. */
  rename(owner: Owner, datasetId: string, id: string, name: string): Promise<MetadataFieldRow>
  /** With the values that documents have. */
  remove(workspaceId: string, datasetId: string, id: string): Promise<void>
  /** Whether the built-in fields are shown. They can be filtered by in any case. */
  showBuiltIn(owner: Owner, datasetId: string, shown: boolean): Promise<void>
}

const nameTaken = () => invalid('name', 'Metadata name already exists. Choose another name.')
const refuseBuiltIn = (name: string): void => {
  if (BUILT_IN.some((one) => one.name === name)) throw invalid('name', `Metadata name already exists in built-in fields: ${BUILT_IN.map((one) => one.name).join(', ')}. Choose another name.`)
}

/**
 * Whoever changes a field or a value holds the dataset, so that none is written under a name that goes at the same moment. All documents are
 * rewritten in the transaction that changes the field: thus no search ever sees some of them under the old name and some under the new.
 */
export const metadataFields = service('datasets.metadata-fields', {
  uses: { db: database, records: datasetRecords, MetadataField },
  create: ({ db, records, MetadataField }): MetadataFields => {
    const find = async (workspaceId: string, datasetId: string, id: string): Promise<MetadataFieldRow> => {
      const found = await MetadataField.findOne({ where: { workspace_id: workspaceId, dataset_id: datasetId, id } })
      if (!found) throw datasetErrors.metadataNotFound()
      return found
    }
    return {
      list: (workspaceId, datasetId) => db.query<MetadataCount>(
        `SELECT f.id, f.name, f.type, coalesce(used.count, 0)::int AS count FROM dataset_metadata f LEFT JOIN (
           SELECT held, count(*) AS count FROM documents CROSS JOIN LATERAL jsonb_object_keys(doc_metadata) AS held
           WHERE workspace_id = $1 AND dataset_id = $2 GROUP BY held) AS used ON used.held = f.name
         WHERE f.workspace_id = $1 AND f.dataset_id = $2 ORDER BY f.created_at, f.id`, [workspaceId, datasetId]),
      of: async (workspaceId, datasetIds) => {
        const found = new Map<string, MetadataFieldRow[]>()
        const rows = await db.query<MetadataFieldRow>(
          'SELECT * FROM dataset_metadata WHERE workspace_id = $1 AND dataset_id = ANY ($2::uuid[]) ORDER BY created_at, id', [workspaceId, datasetIds], { prepared: true })
        for (const row of rows) found.set(row.dataset_id, [...found.get(row.dataset_id) ?? [], row])
        return found
      },
      add: (owner, datasetId, { type, name }) => db.transaction(async () => {
        refuseBuiltIn(name)
        await records.lock(owner.workspaceId, datasetId)
        const [made] = await db.query<MetadataFieldRow>(
          `INSERT INTO dataset_metadata (id, workspace_id, dataset_id, type, name, created_by, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $6)
           ON CONFLICT (workspace_id, dataset_id, name) DO NOTHING RETURNING *`, [randomUUID(), owner.workspaceId, datasetId, type, name, owner.accountId])
        if (!made) throw nameTaken()
        return made
      }),
      rename: ({ workspaceId, accountId }, datasetId, id, name) => db.transaction(async () => {
        refuseBuiltIn(name)
        await records.lock(workspaceId, datasetId)
        const before = await find(workspaceId, datasetId, id)
        if (before.name === name) return before
        try {
          await MetadataField.update({ name, updated_by: accountId, updated_at: new Date() }, { where: { workspace_id: workspaceId, id } })
        } catch (error) {
          throw violates(error, 'dataset_metadata_name_unique') ? nameTaken() : error
        }
        await db.query(
          `UPDATE documents SET doc_metadata = doc_metadata - $3::text || jsonb_build_object($4::text, doc_metadata -> $3::text)
           WHERE workspace_id = $1 AND dataset_id = $2 AND doc_metadata ? $3::text`, [workspaceId, datasetId, before.name, name])
        return find(workspaceId, datasetId, id)
      }),
      remove: (workspaceId, datasetId, id) => db.transaction(async () => {
        await records.lock(workspaceId, datasetId)
        const { name } = await find(workspaceId, datasetId, id)
        await MetadataField.destroy({ where: { workspace_id: workspaceId, id } })
        await db.query(
          'UPDATE documents SET doc_metadata = doc_metadata - $3::text WHERE workspace_id = $1 AND dataset_id = $2 AND doc_metadata ? $3::text',
          [workspaceId, datasetId, name])
      }),
      showBuiltIn: async ({ workspaceId, accountId }, datasetId, shown) => {
        const [changed] = await db.query(
          `UPDATE datasets SET built_in_field_enabled = $3, updated_by = $4, updated_at = now() WHERE workspace_id = $1 AND id = $2 RETURNING id`,
          [workspaceId, datasetId, shown, accountId])
        if (!changed) throw datasetErrors.datasetNotFound()
      },
    }
  },
})
