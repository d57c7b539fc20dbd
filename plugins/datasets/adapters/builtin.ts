import { database, defineAdapter } from '../../../core/index.ts'
import { Dataset } from '../models/dataset.ts'
import { datasets } from '../ports.ts'
import type { DatasetSummary, SegmentationRule } from '../ports.ts'
import type { ProcessRuleInput } from '../schemas/process-rule.ts'
import type { SearchedDataset } from '../services/candidates.ts'
import { datasetRecords } from '../services/dataset-records.ts'
import { intake } from '../services/intake.ts'
import { retrieval } from '../services/retrieval.ts'
import { tags } from '../services/tags.ts'

/** For other plugins, what the routes offer to clients; whether the API may reach a dataset is no matter here. */
export const builtin = defineAdapter(datasets, 'builtin', {
  uses: { db: database, Dataset, records: datasetRecords, tags, intake, retrieval },
  create: ({ db, Dataset, records, tags, intake, retrieval }) => ({
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
      const rows = await db.query<SearchedDataset>(
        'SELECT id, provider, indexing_technique, embedding_model, embedding_model_provider FROM datasets WHERE workspace_id = $1 AND id = ANY ($2::uuid[])', [workspaceId, datasetIds])
      return (await retrieval.search(workspaceId, rows, query, settings, signal)).map((found) => ({
        segmentId: found.id, documentId: found.document_id, documentName: found.document.name, datasetId: found.dataset_id,
        content: found.content, answer: found.answer, score: found.score, children: found.children,
      }))
    },
  }),
})

const ruleOf = ({ separator, maxLength, overlap }: SegmentationRule): ProcessRuleInput =>
  ({ mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator, max_tokens: maxLength, chunk_overlap: overlap } } })
