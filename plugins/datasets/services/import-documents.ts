/**
 * Documents that were made elsewhere, with their segments and children. They are stored a batch at a time; until the last one is, the
 * document has the state `error`, and an import that finds it so begins it anew. There is no file of it here: what is stored is all that
 * it has (see `indexing-control.ts`).
 */
import { database, errors, queue, service } from '../../../core/index.ts'
import type { Imported } from '../../auth/ports.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetsConfig } from '../config.ts'
import { enqueueIndexing } from '../jobs/index-document.ts'
import { Dataset } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { BUILT_IN } from '../models/metadata.ts'
import { Document } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import { textOf } from '../models/segment.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import type { DatasetImport, ImportedDocument, ImportedSegment } from '../ports.ts'
import { docForms } from '../schemas/process-rule.ts'
import { datasetRecords } from './dataset-records.ts'
import { byId, kept, weigh } from './import-compare.ts'
import { sha256 } from './segment-rows.ts'

interface Here extends Pick<DocumentRow, 'id' | 'workspace_id' | 'dataset_id' | 'name' | 'upload_file_id' | 'splitting_completed_at'> {
  readonly segments: number
  readonly changed: Date | null
}
const isUnfinished = (row: Pick<DocumentRow, 'upload_file_id' | 'splitting_completed_at'>): boolean => row.upload_file_id === null && row.splitting_completed_at === null
const UNFINISHED = 'The import of this document has not come to its end. Run it again, or delete the document.'

const insertSegments = `
  INSERT INTO document_segments (workspace_id, document_id, generation, dataset_id, status, indexing_at, completed_at, id, position, content, answer, word_count, tokens,
    keywords, index_node_hash, hit_count, enabled, disabled_at, disabled_by, created_by, created_at, updated_at)
  SELECT $1::uuid, $2::uuid, $3::int, $4::uuid, $5::text, now(), CASE $5::text WHEN 'completed' THEN now() END, id, position, content, answer, word_count, tokens,
    ARRAY(SELECT json_array_elements_text(keywords)), hash, hit_count, enabled, disabled_at, disabled_by, created_by, created_at, updated_at
  FROM json_to_recordset($6::json) AS new (id uuid, position int, content text, answer text, word_count int, tokens int, keywords json, hash text, hit_count int,
    enabled boolean, disabled_at timestamptz, disabled_by uuid, created_by uuid, created_at timestamptz, updated_at timestamptz)
  ON CONFLICT (id) DO NOTHING RETURNING id`
const insertChildren = `
  INSERT INTO child_chunks (workspace_id, document_id, dataset_id, status, id, segment_id, position, content, word_count, index_node_hash, type, created_by, created_at, updated_at)
  SELECT $1::uuid, $2::uuid, $3::uuid, $4::text, new.* FROM json_to_recordset($5::json) AS new (id uuid, segment_id uuid, position int, content text, word_count int,
    hash text, type text, created_by uuid, created_at timestamptz, updated_at timestamptz)
  ON CONFLICT (id) DO NOTHING RETURNING id`

export const importDocuments = service('datasets.import-documents', {
  uses: { db: database, queue, textIndex, vectorIndex, config: datasetsConfig, records: datasetRecords, Dataset, Document },
  create: ({ db, queue, textIndex, vectorIndex, config, records, Dataset, Document }): Pick<DatasetImport, 'documents' | 'document'> => {
    const most = config.storeSize ?? (db.exclusive ? 20 : 150)
    const at = ({ workspaceId, datasetId: id }: ImportedDocument) => ({ workspaceId, id })

    const weighDocument = (row: ImportedDocument, here: Here | undefined): Imported => {
      if (!here) return (docForms as readonly string[]).includes(row.form) ? { id: row.id, state: 'new' } : { id: row.id, state: 'skipped', why: `there is no document form "${row.form}" here` }
      const isSame = here.upload_file_id === null && here.segments === row.segments && Number(row.segmentsChangedAt) <= Number(here.changed)
      const said = weigh(row, here, () => ({ dataset: [row.datasetId, here.dataset_id], name: [row.name, here.name], content: [true, isSame] })) as Imported
      return isUnfinished(here) && here.workspace_id === row.workspaceId && here.dataset_id === row.datasetId ? { id: row.id, state: 'new' } : said
    }
    const begin = (document: ImportedDocument): Promise<void> => db.transaction(async () => {
      const { id, workspaceId, datasetId } = document
      const dataset = await records.lock(workspaceId, datasetId)
      const [old] = await db.query<DocumentRow>('SELECT * FROM documents WHERE id = $1 FOR UPDATE', [id])
      if (old) {
        if (old.workspace_id !== workspaceId || old.dataset_id !== datasetId || !isUnfinished(old)) throw errors.conflict(`The document "${document.name}" came to be here while it was imported. Run the import again.`)
        await vectorIndex.remove(at(document), { documentId: id })
        await textIndex.remove(at(document), { documentId: id })
        await db.query('DELETE FROM documents WHERE workspace_id = $1 AND id = $2', [workspaceId, id])
      }
      const [last] = await db.query<{ position: number }>('SELECT COALESCE(max(position), 0) AS position FROM documents WHERE dataset_id = $1', [datasetId])
      const [rule] = await db.query<{ id: string }>('SELECT id FROM dataset_process_rules WHERE workspace_id = $1 AND dataset_id = $2 AND id = $3', [workspaceId, datasetId, document.ruleId])
      await Document.create({
        id, workspace_id: workspaceId, dataset_id: datasetId, position: (last?.position ?? 0) + 1, generation: 1, batch: document.batch, name: document.name,
        data_source_type: document.source, dataset_process_rule_id: rule?.id ?? null, doc_form: document.form, doc_language: document.language, doc_type: document.type,
        doc_metadata: Object.fromEntries(Object.entries(document.metadata).flatMap(([name, value]) =>
          BUILT_IN.some((one) => one.name === name) ? [] : [[kept(name), typeof value === 'string' ? kept(value) : value]])),
        indexing_status: 'error', error: UNFINISHED, enabled: document.enabled, disabled_at: document.disabledAt, disabled_by: document.disabledBy,
        archived: document.archived, created_from: document.createdFrom, created_by: document.createdBy, created_at: document.createdAt, updated_at: document.updatedAt,
      })
      const open: Partial<DatasetRow> = { ...dataset.doc_form ? {} : { doc_form: document.form }, ...dataset.data_source_type ? {} : { data_source_type: document.source } }
      if (Object.keys(open).length > 0) await Dataset.update(open, { where: { workspace_id: workspaceId, id: datasetId } })
    })
    /** Inside a transaction. Throws where somebody deleted it meanwhile, or brought it. */
    const lock = async ({ id, workspaceId, datasetId, name }: ImportedDocument): Promise<Pick<DatasetRow, 'indexing_technique'>> => {
      const [dataset] = await db.query<DatasetRow>('SELECT * FROM datasets WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE', [workspaceId, datasetId])
      const [found] = await db.query('SELECT 1 FROM documents WHERE workspace_id = $1 AND dataset_id = $2 AND id = $3 AND generation = 1 AND splitting_completed_at IS NULL FOR UPDATE', [workspaceId, datasetId, id])
      if (!dataset || !found) throw errors.conflict(`The document "${name}" was changed or deleted here while it was imported. Run the import again.`)
      return dataset
    }
    const keywordsOf = (segment: ImportedSegment): readonly string[] => {
      const given = segment.keywords.map(kept).filter((word) => word !== '')
      return given.length > 0 ? given : textIndex.keywords(textOf(segment), config.keywords)
    }
    const store = (document: ImportedDocument, batch: readonly (ImportedSegment & { place: number })[]): Promise<{ segments: number; children: number }> => db.transaction(async () => {
      const { id, workspaceId, datasetId } = document
      const isEmbedded = (await lock(document)).indexing_technique === 'high_quality'
      const status = isEmbedded ? 'waiting' : 'completed'
      const words = new Map(batch.map((one) => [one.id, keywordsOf(one)]))
      const stored = await db.query<{ id: string }>(insertSegments, [workspaceId, id, 1, datasetId, status, JSON.stringify(batch.map((one) => ({
        id: one.id, position: one.place, content: one.content, answer: one.answer, word_count: one.wordCount, tokens: isEmbedded ? 0 : one.tokens, keywords: words.get(one.id),
        hash: sha256(one.content), hit_count: one.hitCount, enabled: one.enabled, disabled_at: one.disabledAt, disabled_by: one.disabledBy,
        created_by: one.createdBy, created_at: one.createdAt, updated_at: one.updatedAt,
      })))])
      const ids = new Set(stored.map((one) => one.id))
      const fresh = batch.filter((one) => ids.has(one.id))
      const children = fresh.flatMap((segment) => segment.children.map((one, index) => ({
        id: one.id, segment_id: segment.id, position: index + 1, content: one.content, word_count: codePoints(one.content), hash: sha256(one.content), type: one.type,
        created_by: segment.createdBy, created_at: one.createdAt, updated_at: one.updatedAt,
      })))
      const parts = children.length === 0 ? [] : await db.query(insertChildren, [workspaceId, id, datasetId, status, JSON.stringify(children)])
      await textIndex.write(at(document), fresh.map((one) => ({ segmentId: one.id, documentId: id, text: textOf(one), keywords: words.get(one.id) ?? [] })))
      return { segments: fresh.length, children: parts.length }
    })
    const finish = (document: ImportedDocument): Promise<void> => db.transaction(async () => {
      const { id, workspaceId, completedAt, createdAt } = document
      const { indexing_technique: technique } = await lock(document)
      const [sums] = await db.query<{ words: number; tokens: number; open: boolean }>(
        `SELECT COALESCE(sum(word_count), 0)::int AS words, COALESCE(sum(tokens), 0)::int AS tokens, COALESCE(bool_or(status <> 'completed'), false) AS open
         FROM document_segments WHERE workspace_id = $1 AND document_id = $2`, [workspaceId, id])
      // How the dataset is indexed may have been changed meanwhile: then what waits is completed by its words.
      const status = technique === 'high_quality' ? 'waiting' : sums?.open ? 'indexing' : 'completed'
      const then = completedAt ?? createdAt
      await Document.update({
        indexing_status: status, error: null, word_count: sums?.words ?? 0, tokens: sums?.tokens ?? 0, checked_at: new Date(),
        parsing_completed_at: then, cleaning_completed_at: then, splitting_completed_at: then, ...status === 'completed' ? { processing_started_at: then, completed_at: then } : {},
      }, { where: { workspace_id: workspaceId, id } })
      if (status !== 'completed') await enqueueIndexing(queue, { workspace_id: workspaceId, document_id: id, generation: 1 })
    })

    return {
      documents: async (rows) => {
        const here = byId(await db.query<Here>(
          `SELECT d.id, d.workspace_id, d.dataset_id, d.name, d.upload_file_id, d.splitting_completed_at, s.* FROM documents d CROSS JOIN LATERAL (
             SELECT count(*)::int AS segments, max(updated_at) AS changed FROM document_segments WHERE document_id = d.id AND generation = d.generation) s
           WHERE d.id = ANY ($1::uuid[])`, [rows.map(({ id }) => id)]))
        return rows.map((row) => weighDocument(row, here.get(row.id)))
      },
      document: async (document, segments) => {
        await begin(document)
        let [place, rows] = [0, 0]
        let batch: (ImportedSegment & { place: number })[] = []
        const came = { segments: 0, children: 0 }
        const flush = async (): Promise<void> => {
          const stored = await store(document, batch)
          came.segments += stored.segments
          came.children += stored.children
          batch = []
          rows = 0
        }
        for await (const page of segments) {
          for (const one of page) {
            // Elsewhere two may have one place, or a place may be empty.
            place = Math.max(one.position, place + 1)
            batch.push({ ...one, place })
            rows += 1 + one.children.length
            if (rows >= most) await flush()
          }
        }
        if (batch.length > 0) await flush()
        await finish(document)
        return came
      },
    }
  },
})
