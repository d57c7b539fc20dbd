/** What is in a dataset: its rules, the fields of its metadata, its documents with their segments. */
import { service } from '../../../core/index.ts'
import type { Imported } from '../../auth/ports.ts'
import { datasetImport } from '../../datasets/ports.ts'
import type { ImportedChild, ImportedDocument, ImportedSegment } from '../../datasets/ports.ts'
import { CHILD, childOf, COMPLETE, DOCUMENT, documentOf, FIELD, fieldOf, RULE, ruleOf, SEGMENT, segmentOf } from '../source/rows.ts'
import type { ChildRow, DatasetRow, DocumentRow, FieldRow, RuleRow, SegmentRow } from '../source/rows.ts'
import { named, whoIn } from './run.ts'
import type { Run } from './run.ts'

interface Sums { readonly document_id: string; readonly segments: number; readonly others: number; readonly changed: Date | null }
/** Rows in memory at a time; a segment may have many children. */
const [DOCUMENTS, SEGMENTS, CHILDREN] = [100, 100, 500]

export const contents = service('difyImport.contents', {
  uses: { datasetImport },
  create: ({ datasetImport }) => {
    const bringRules = async (run: Run, dataset: DatasetRow): Promise<void> => {
      for await (const page of run.source.pages<RuleRow>({ table: 'dataset_process_rules', columns: RULE, where: 'dataset_id = $1', values: [dataset.id] })) {
        const said = await datasetImport.rules(page.map((row) => ruleOf(row, dataset, whoIn(run))), run.apply)
        for (const [index, row] of page.entries()) run.tally.add('process rules', said[index] as Imported, row.id)
      }
    }
    const bringFields = async (run: Run, dataset: DatasetRow): Promise<ReadonlyMap<string, string>> => {
      const names = new Map<string, string>()
      for await (const page of run.source.pages<FieldRow>({ table: 'dataset_metadatas', columns: FIELD, where: 'dataset_id = $1', values: [dataset.id] })) {
        const said = await datasetImport.fields(page.map((row) => fieldOf(row, dataset, whoIn(run))), run.apply)
        for (const [index, row] of page.entries()) {
          run.tally.add('metadata fields', said[index] as Imported, named(row))
          if (said[index]?.state !== 'skipped') names.set(row.id, row.name)
        }
      }
      return names
    }
    /** By document, the names of the fields that it has. */
    const boundOf = async ({ source }: Run, ids: readonly string[], names: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, readonly string[]>> => {
      const found = new Map<string, string[]>()
      if (names.size === 0) return found
      const reading = { table: 'dataset_metadata_bindings', columns: ['document_id', 'metadata_id'], where: 'document_id = ANY($1)', values: [ids] }
      for await (const page of source.pages<{ document_id: string; metadata_id: string }>(reading)) {
        for (const { document_id: id, metadata_id: field } of page) found.set(id, [...found.get(id) ?? [], ...names.has(field) ? [names.get(field) as string] : []])
      }
      return found
    }
    const segmentsOf = async function* (run: Run, document: ImportedDocument): AsyncGenerator<readonly ImportedSegment[]> {
      const reading = { table: 'document_segments', columns: SEGMENT, where: `document_id = $1 AND ${COMPLETE}`, values: [document.id], order: ['position', 'id'], size: SEGMENTS }
      for await (const page of run.source.pages<SegmentRow>(reading)) {
        const children = new Map<string, ImportedChild[]>(page.map(({ id }) => [id, []]))
        if (document.form === 'hierarchical_model') {
          const parts = { table: 'child_chunks', columns: CHILD, where: `segment_id = ANY($1) AND content ~ '\\S'`, values: [[...children.keys()]], order: ['segment_id', 'position', 'id'], size: CHILDREN }
          for await (const some of run.source.pages<ChildRow>(parts)) for (const row of some) children.get(row.segment_id)?.push(childOf(row))
        }
        yield page.map((row) => segmentOf(row, children.get(row.id) ?? [], whoIn(run)))
      }
    }
    const bringDocument = async (run: Run, dataset: DatasetRow, document: ImportedDocument, one: Imported, children: number): Promise<void> => {
      const { tally, apply } = run
      tally.add('documents', one, named(document))
      const came = one.state === 'new' && apply ? await datasetImport.document(document, segmentsOf(run, document)) : { segments: document.segments, children }
      tally.count('segments', one.state, came.segments)
      tally.count('child chunks', one.state, came.children)
      if (came.segments < document.segments) tally.skip('segments', `of ${named(document)}`, 'their ids are taken here', document.segments - came.segments)
      if (one.state === 'new' && dataset.indexing_technique === 'high_quality') run.embedded += came.segments
    }
    return async (run: Run, dataset: DatasetRow): Promise<void> => {
      const { source, tally } = run
      await bringRules(run, dataset)
      const names = await bringFields(run, dataset)
      const reading = { table: 'documents', columns: DOCUMENT, where: 'dataset_id = $1', values: [dataset.id], order: ['position', 'id'], size: DOCUMENTS }
      for await (const page of source.pages<DocumentRow>(reading)) {
        const rows = page.filter((row) => row.indexing_status === 'completed')
        for (const row of page) if (!rows.includes(row)) tally.skip('documents', named(row), `their indexing has not come to its end in Dify (${row.indexing_status}): finish it there, or send them here`)
        const ids = rows.map(({ id }) => id)
        const sums = new Map((await source.sums<Sums>('document_segments', [
          `(count(*) FILTER (WHERE ${COMPLETE}))::int AS segments`, `(count(*) FILTER (WHERE NOT (${COMPLETE})))::int AS others`, `max(updated_at) FILTER (WHERE ${COMPLETE}) AS changed`,
        ], 'document_id = ANY($1)', [ids], 'document_id')).map((one) => [one.document_id, one]))
        const children = new Map((await source.sums<{ document_id: string; many: number }>('child_chunks', ['count(*)::int AS many'], `document_id = ANY($1) AND content ~ '\\S'`, [ids], 'document_id'))
          .map(({ document_id: id, many }) => [id, many]))
        const bound = await boundOf(run, ids, names)
        const documents = rows.map((row) => documentOf(row, dataset, bound.get(row.id) ?? [], sums.get(row.id) ?? { segments: 0, changed: null }, whoIn(run)))
        const said = await datasetImport.documents(documents)
        for (const [index, document] of documents.entries()) {
          await bringDocument(run, dataset, document, said[index] as Imported, children.get(document.id) ?? 0)
          const { others = 0 } = sums.get(document.id) ?? {}
          if (others > 0) tally.skip('segments', `of ${named(document)}`, 'they are not complete in Dify, or have no text', others)
        }
      }
    }
  },
})
