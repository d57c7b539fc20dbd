/** Datasets for the laws of the indexes: rows as indexing leaves them, and nothing more. */
import { randomUUID } from 'node:crypto'
import type { Database } from '../../../core/index.ts'

export interface ShelfDataset { readonly workspaceId: string; readonly id: string }
export interface ShelfDocument { readonly dataset: ShelfDataset; readonly id: string; readonly segmentIds: readonly string[] }

export const newDataset = async (db: Database, workspaceId: string = randomUUID()): Promise<ShelfDataset> => {
  const id = randomUUID()
  await db.query('INSERT INTO datasets (id, workspace_id, name, created_by) VALUES ($1, $2, $3, $1)', [id, workspaceId, `shelf ${id}`])
  return { workspaceId, id }
}

let made = 0
/** A completed document of so many completed segments. */
export const newDocument = async (db: Database, dataset: ShelfDataset, size: number): Promise<ShelfDocument> => {
  const id = randomUUID()
  const segmentIds = Array.from({ length: size }, () => randomUUID())
  await db.query(
    `INSERT INTO documents (id, workspace_id, dataset_id, position, batch, name, indexing_status, created_from, created_by)
     VALUES ($1, $2, $3, $4, 'shelf', 'shelf', 'completed', 'api', $1)`, [id, dataset.workspaceId, dataset.id, made += 1])
  await db.query(
    `INSERT INTO document_segments (id, workspace_id, dataset_id, document_id, position, content, word_count, index_node_hash, status, created_by)
     SELECT segment_id, $1, $2, $3, position, '', 0, '', 'completed', $3 FROM unnest($4::uuid[]) WITH ORDINALITY AS entry (segment_id, position)`,
    [dataset.workspaceId, dataset.id, id, segmentIds])
  return { dataset, id, segmentIds }
}

/** Everything that keeps a document or its segment from being found, and its undoing. */
export const hidden: Readonly<Record<string, (db: Database, document: ShelfDocument, hide: boolean) => Promise<unknown>>> = {
  'a disabled segment': (db, { segmentIds }, hide) => db.query('UPDATE document_segments SET enabled = $2 WHERE id = $1', [segmentIds[0], !hide]),
  'an unfinished segment': (db, { segmentIds }, hide) =>
    db.query('UPDATE document_segments SET status = $2 WHERE id = $1', [segmentIds[0], hide ? 'indexing' : 'completed']),
  'a disabled document': (db, { id }, hide) => db.query('UPDATE documents SET enabled = $2 WHERE id = $1', [id, !hide]),
  'an archived document': (db, { id }, hide) => db.query('UPDATE documents SET archived = $2 WHERE id = $1', [id, hide]),
  'an unfinished document': (db, { id }, hide) =>
    db.query('UPDATE documents SET indexing_status = $2 WHERE id = $1', [id, hide ? 'indexing' : 'completed']),
}
