/** The values that documents have of the fields of their dataset. */
import { database, service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { Document } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import type { MetadataFieldRow, MetadataType, MetadataValue } from '../models/metadata.ts'
import { presentValues } from '../presenters/metadata.ts'
import type { DocumentDescription, MetadataOperation, MetadataValueItem } from '../schemas/metadata.ts'
import { datasetRecords } from './dataset-records.ts'
import { metadataFields } from './metadata-fields.ts'

export interface MetadataValues {
  /** By document, in the order of the fields; with the built-in ones where the dataset shows them. */
  of(workspaceId: string, documents: readonly DocumentRow[]): Promise<ReadonlyMap<string, readonly MetadataValueItem[]>>
  /** One after the other, all or none. Throws 400 for what is unknown, or not of the type of its field. */
  write(workspaceId: string, datasetId: string, operations: readonly MetadataOperation[]): Promise<void>
  /** Replaces all that one document has. Throws 404, and 400 as above. */
  describe(workspaceId: string, datasetId: string, documentId: string, description: DocumentDescription): Promise<void>
}

export const metadataValues = service('datasets.metadata-values', {
  uses: { db: database, accounts, Document, records: datasetRecords, fields: metadataFields },
  create: ({ db, accounts, Document, records, fields }): MetadataValues => {
    const write: MetadataValues['write'] = (workspaceId, datasetId, operations) => db.transaction(async () => {
      await records.lock(workspaceId, datasetId)
      const known = new Map((await fields.of(workspaceId, [datasetId])).get(datasetId)?.map((field) => [field.id, field]))
      const rows = await db.query<Pick<DocumentRow, 'id' | 'doc_metadata'>>(
        'SELECT id, doc_metadata FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = ANY ($3::uuid[]) ORDER BY id FOR NO KEY UPDATE',
        [workspaceId, datasetId, operations.map(({ document_id: id }) => id)])
      const held = new Map(rows.map(({ id, doc_metadata: values }) => [id, new Map(Object.entries(values ?? {}))]))
      for (const [index, { document_id: id, metadata_list: given, partial_update: keeps }] of operations.entries()) {
        const values = held.get(id)
        if (!values) throw invalid(`operation_data.${index}.document_id`, `Document not found: ${id}. Nothing was changed; leave it out and send the rest again.`)
        if (!keeps) values.clear()
        for (const [place, one] of given.entries()) {
          const problem = problemOf(known.get(one.id), one.name, one.value)
          if (problem !== undefined) throw invalid(`operation_data.${index}.metadata_list.${place}`, `${problem} Nothing was changed.`)
          values.set(one.name, one.value)
        }
      }
      await db.query(
        `UPDATE documents d SET doc_metadata = new.held, updated_at = now() FROM jsonb_to_recordset($2::jsonb) AS new (id uuid, held jsonb)
         WHERE d.workspace_id = $1 AND d.id = new.id`,
        [workspaceId, JSON.stringify([...held].map(([id, values]) => ({ id, held: Object.fromEntries(values) })))])
    })

    return {
      write,
      of: async (workspaceId, documents) => {
        const ids = [...new Set(documents.map(({ dataset_id }) => dataset_id))]
        if (ids.length === 0) return new Map()
        const [own, shown] = await Promise.all([
          fields.of(workspaceId, ids),
          db.query<{ id: string }>('SELECT id FROM datasets WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND built_in_field_enabled', [workspaceId, ids], { prepared: true }),
        ])
        const members = new Map(shown.length === 0 ? [] : (await accounts.members(workspaceId)).map(({ accountId, name }) => [accountId, name]))
        return new Map(documents.map((document) => {
          const builtIn = shown.some(({ id }) => id === document.dataset_id) ? { uploader: members.get(document.created_by) ?? null } : undefined
          return [document.id, presentValues(document, own.get(document.dataset_id) ?? [], builtIn)]
        }))
      },
      describe: (workspaceId, datasetId, documentId, { doc_type, doc_metadata }) => db.transaction(async () => {
        await records.lock(workspaceId, datasetId)
        const known = new Map((await fields.of(workspaceId, [datasetId])).get(datasetId)?.map((field) => [field.name, field.id]))
        const given = Object.entries(doc_metadata).map(([name, value]) => {
          const id = known.get(name)
          if (id === undefined) throw invalid(`doc_metadata.${name}`, `This knowledge base has no metadata field "${name}". Add it first, or leave it out.`)
          return { id, name, value }
        })
        const [changed] = await Document.update({ ...doc_type === undefined ? {} : { doc_type }, updated_at: new Date() }, { where: { workspace_id: workspaceId, dataset_id: datasetId, id: documentId } })
        if (changed === 0) throw datasetErrors.documentNotFound()
        await write(workspaceId, datasetId, [{ document_id: documentId, metadata_list: given, partial_update: false }])
      }),
    }
  },
})

/** The years 1 to 9999: what lies outside was counted in milliseconds. */
const [EARLIEST, LATEST] = [-62_135_596_800, 253_402_300_799]
const takes: Readonly<Record<MetadataType, readonly [(value: string | number) => boolean, string]>> = {
  string: [(value) => typeof value === 'string', 'a text; send it in quotes'],
  number: [(value) => typeof value === 'number', 'a number; send it without quotes'],
  time: [
    (value) => Number.isInteger(value) && Number(value) >= EARLIEST && Number(value) <= LATEST,
    'a time; send the whole seconds since 1970, such as 1767225600',
  ],
}
const problemOf = (field: MetadataFieldRow | undefined, name: string, value: MetadataValue): string | undefined => {
  if (!field) return 'Metadata not found: no field of this knowledge base has that id. List its metadata and send one of those.'
  if (field.name !== name) return `The field with that id is called "${field.name}", not "${name}". Send its id and its name.`
  const [fits, words] = takes[field.type]
  return value === null || fits(value) ? undefined : `"${name}" takes ${words}.`
}
