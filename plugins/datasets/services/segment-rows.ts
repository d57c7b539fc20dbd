/** The rows of segments and of their children, with their entries in the indexes. All of it inside a transaction that holds the document. */
import { createHash, randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetsConfig } from '../config.ts'
import { invalid } from '../errors.ts'
import type { DocumentRow } from '../models/document.ts'
import { textOf } from '../models/segment.ts'
import type { SegmentRow } from '../models/segment.ts'
import { textIndex, vectorIndex } from '../ports.ts'
import type { Draft, Written } from './segment-drafts.ts'

export interface SegmentRows {
  /** After the last of the document. Gives their ids. */
  add(document: DocumentRow, accountId: string, drafts: readonly Draft[]): Promise<string[]>
  /** Writes the text of a segment anew, and with a draft its vectors and children too; it is enabled from then on. */
  change(document: DocumentRow, accountId: string, row: SegmentRow, next: Written, draft?: Draft): Promise<void>
  /** Gives how many there were. */
  remove(document: DocumentRow, ids: readonly string[]): Promise<number>
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
export const wordsOf = ({ content, answer }: Pick<Written, 'content' | 'answer'>): number => codePoints(content) + codePoints(answer ?? '')
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const insertSegments = `
  INSERT INTO document_segments (workspace_id, document_id, generation, dataset_id, created_by, status, indexing_at, completed_at,
    id, position, content, answer, word_count, tokens, index_node_hash, keywords)
  SELECT $1::uuid, $2::uuid, $3::int, $4::uuid, $5::uuid, 'completed', now(), now(),
    id, position, content, answer, word_count, tokens, hash, string_to_array(keywords, E'\\n')
  FROM unnest($6::uuid[], $7::int[], $8::text[], $9::text[], $10::int[], $11::int[], $12::text[], $13::text[])
    AS new (id, position, content, answer, word_count, tokens, hash, keywords)`

const insertChildren = `
  INSERT INTO child_chunks (workspace_id, document_id, dataset_id, created_by, status, id, segment_id, position, content, word_count, index_node_hash)
  SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, 'completed', * FROM unnest($5::uuid[], $6::uuid[], $7::int[], $8::text[], $9::int[], $10::text[])`

export const segmentRows = service('datasets.segment-rows', {
  uses: { db: database, textIndex, vectorIndex, config: datasetsConfig },
  create: ({ db, textIndex, vectorIndex, config }): SegmentRows => {
    const datasetOf = ({ workspace_id: workspaceId, dataset_id: id }: DocumentRow) => ({ workspaceId, id })
    const keyOf = ({ workspace_id, id, generation }: DocumentRow) => [workspace_id, id, generation]
    const count = (document: DocumentRow, words: number, tokens: number): Promise<unknown> => db.query(
      'UPDATE documents SET word_count = word_count + $3, tokens = tokens + $4, updated_at = now() WHERE workspace_id = $1 AND id = $2',
      [document.workspace_id, document.id, words, tokens])

    /** Children where there are any, and all vectors. */
    const addParts = async (document: DocumentRow, accountId: string, drafts: readonly (Draft & { id: string })[]): Promise<void> => {
      const children = drafts.flatMap(({ id, children, vectors }) =>
        children.map((content, index) => ({ id: randomUUID(), segmentId: id, position: index + 1, content, vector: vectors[index] })))
      if (children.length > 0) {
        await db.query(insertChildren, [
          document.workspace_id, document.id, document.dataset_id, accountId,
          children.map(({ id }) => id), children.map(({ segmentId }) => segmentId), children.map(({ position }) => position),
          children.map(({ content }) => content), children.map(({ content }) => codePoints(content)), children.map(({ content }) => sha256(content)),
        ])
      }
      const own = drafts.filter((draft) => draft.children.length === 0).map(({ id, vectors: [vector] }) => ({ id, segmentId: id, vector }))
      await vectorIndex.write(datasetOf(document), [...children, ...own].flatMap(({ id, segmentId, vector }) => vector ? [{ id, segmentId, documentId: document.id, vector }] : []))
    }
    const writeText = (document: DocumentRow, texts: readonly (Written & { id: string })[]): Promise<void> => textIndex.write(
      datasetOf(document), texts.map((one) => ({ segmentId: one.id, documentId: document.id, text: textOf(one), keywords: one.keywords })))

    return {
      add: async (document, accountId, drafts) => {
        const [there] = await db.query<{ last: number; count: number }>(
          `SELECT COALESCE(max(position), 0)::int AS last, count(*)::int AS count FROM document_segments
           WHERE workspace_id = $1 AND document_id = $2 AND generation = $3`, keyOf(document)) as [{ last: number; count: number }]
        if (there.count + drafts.length > config.maxSegments) {
          throw invalid('segments', `A document has at most ${config.maxSegments} segments, and this one has ${there.count}. Put the others into another document.`)
        }
        const named = drafts.map((draft) => ({ ...draft, id: randomUUID() }))
        await db.query(insertSegments, [
          ...keyOf(document), document.dataset_id, accountId,
          named.map(({ id }) => id), named.map((_, index) => there.last + 1 + index), named.map(({ content }) => content), named.map(({ answer }) => answer),
          named.map(wordsOf), named.map(({ tokens }) => tokens), named.map(({ content }) => sha256(content)), named.map(({ keywords }) => keywords.join('\n')),
        ])
        await addParts(document, accountId, named)
        await writeText(document, named)
        await count(document, sum(named.map(wordsOf)), sum(named.map(({ tokens }) => tokens)))
        return named.map(({ id }) => id)
      },
      change: async (document, accountId, row, next, draft) => {
        const { id, workspace_id } = row
        const tokens = draft?.tokens ?? row.tokens
        await db.query(
          `UPDATE document_segments SET content = $3, answer = $4, word_count = $5, tokens = $6, index_node_hash = $7, keywords = string_to_array($8, E'\\n'),
             enabled = true, disabled_at = NULL, disabled_by = NULL, error = NULL, stopped_at = NULL, updated_by = $9, updated_at = now(),
             completed_at = CASE WHEN $10 THEN now() ELSE completed_at END
           WHERE workspace_id = $1 AND id = $2`,
          [workspace_id, id, next.content, next.answer, wordsOf(next), tokens, sha256(next.content), next.keywords.join('\n'), accountId, draft !== undefined])
        if (draft) {
          await vectorIndex.remove(datasetOf(document), { segmentIds: [id] })
          await db.query('DELETE FROM child_chunks WHERE workspace_id = $1 AND dataset_id = $2 AND segment_id = $3', [workspace_id, document.dataset_id, id])
          await addParts(document, accountId, [{ ...draft, id }])
        }
        await writeText(document, [{ ...next, id }])
        await count(document, wordsOf(next) - row.word_count, tokens - row.tokens)
      },
      remove: async (document, ids) => {
        const gone = await db.query<{ id: string; word_count: number; tokens: number }>(
          `DELETE FROM document_segments WHERE workspace_id = $1 AND document_id = $2 AND generation = $3 AND id = ANY ($4::uuid[])
           RETURNING id, word_count, tokens`, [...keyOf(document), ids])
        if (gone.length === 0) return 0
        const segmentIds = gone.map(({ id }) => id)
        await vectorIndex.remove(datasetOf(document), { segmentIds })
        await textIndex.remove(datasetOf(document), { segmentIds })
        await count(document, -sum(gone.map(({ word_count }) => word_count)), -sum(gone.map(({ tokens }) => tokens)))
        return gone.length
      },
    }
  },
})
