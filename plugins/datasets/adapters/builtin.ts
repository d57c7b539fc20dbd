import { database, defineAdapter } from '../../../core/index.ts'
import { Dataset } from '../models/dataset.ts'
import { datasets } from '../ports.ts'
import type { Citation, DatasetSummary, SegmentationRule } from '../ports.ts'
import type { FoundSegment } from '../presenters/segment.ts'
import type { ProcessRuleInput } from '../schemas/process-rule.ts'
import type { SearchedDataset } from '../services/candidates.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { intake } from '../services/intake.ts'
import { questions } from '../services/questions.ts'
import { retrieval } from '../services/retrieval.ts'
import { tags } from '../services/tags.ts'

/** For other plugins, what the routes offer to clients; whether the API may reach a dataset is no matter here. */
export const builtin = defineAdapter(datasets, 'builtin', {
  uses: { db: database, Dataset, records: datasetRecords, tags, intake, questions, retrieval },
  create: ({ db, Dataset, records, tags, intake, questions, retrieval }) => ({
    existing: async (workspaceId, ids) =>
      (await Dataset.findAll({ attributes: ['id'], where: { workspace_id: workspaceId, id: [...ids] } })).map(({ id }) => id),
    list: (workspaceId, ids) => db.query<DatasetSummary>(
      'SELECT id, name, description, enable_api AS open FROM datasets WHERE workspace_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2)) ORDER BY lower(name), id',
      [workspaceId, ids === 'all' ? null : ids]),
    reach: async (actor, id) => { await records.reach(actor, id) },
    names: async (workspaceId, ids) =>
      new Map((await Dataset.findAll({ attributes: ['id', 'name'], where: { workspace_id: workspaceId, id: [...ids] } })).map(({ id, name }) => [id, name])),
    named: async (workspaceId, names) =>
      new Map((await Dataset.findAll({ attributes: ['id', 'name'], where: { workspace_id: workspaceId, name: [...names] } })).map(({ id, name }) => [name, id])),
    create: async (owner, { name, indexingTechnique }) => {
      const { id } = await records.create(owner, { name, ...indexingTechnique ? { indexing_technique: indexingTechnique } : {} })
      return { id }
    },
    tags: async (workspaceId, ids) => new Map([...await tags.of(workspaceId, ids)].map(([id, all]) => [id, all.map(({ name }) => name)])),
    tag: tags.tag,
    untag: tags.untag,
    addTexts: async (owner, datasetId, texts, segmentation) => {
      const dataset = await records.find(owner.workspaceId, datasetId)
      const { ids } = await intake.texts(owner, dataset, texts, { duplicate: false, ...segmentation ? { process_rule: ruleOf(segmentation) } : {} })
      return ids
    },
    retrieve: async (workspaceId, datasetIds, query, settings, signal) => {
      const rows = await db.query<SearchedDataset & { name: string }>(
        'SELECT id, name, provider, indexing_technique, embedding_model, embedding_model_provider FROM datasets WHERE workspace_id = $1 AND id = ANY ($2::uuid[])',
        [workspaceId, datasetIds])
      const found = await retrieval.search(workspaceId, rows, query, settings, signal)
      if (settings.askedBy) await questions.asked(workspaceId, settings.askedBy, { datasetIds: rows.map(({ id }) => id), question: query, found: found.map(({ id }) => id) })
      const names = new Map(rows.map(({ id, name }) => [id, name]))
      return found.map((one) => ({
        segmentId: one.id, documentId: one.document_id, documentName: one.document.name, datasetId: one.dataset_id,
        content: one.content, answer: one.answer, score: one.score, children: one.children,
        ...one.document.data_source_type === 'external' ? { citation: citationOf(one, names.get(one.dataset_id) ?? '') } : {},
      }))
    },
    cite: async (workspaceId, segmentIds) => {
      const rows = segmentIds.length === 0 ? [] : await db.query<Citation & { id: string }>(
        `SELECT s.id, k.name AS "datasetName", d.data_source_type AS "dataSourceType", s.hit_count AS "hitCount", s.word_count AS "wordCount", s.position,
           s.index_node_hash AS "indexNodeHash", d.doc_metadata AS "documentMetadata"
         FROM document_segments s
           JOIN documents d ON d.workspace_id = s.workspace_id AND d.id = s.document_id
           JOIN datasets k ON k.workspace_id = s.workspace_id AND k.id = s.dataset_id
         WHERE s.workspace_id = $1 AND s.id = ANY ($2::uuid[])`, [workspaceId, segmentIds])
      return new Map(rows.map(({ id, ...citation }) => [id, citation]))
    },
  }),
})

const ruleOf = ({ separator, maxLength, overlap }: SegmentationRule): ProcessRuleInput =>
  ({ mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator, max_tokens: maxLength, chunk_overlap: overlap } } })
const citationOf = ({ document, hit_count, word_count, position, index_node_hash }: FoundSegment, datasetName: string): Citation => ({
  datasetName, dataSourceType: document.data_source_type, hitCount: hit_count, wordCount: word_count, position, indexNodeHash: index_node_hash,
  documentMetadata: document.doc_metadata,
})
