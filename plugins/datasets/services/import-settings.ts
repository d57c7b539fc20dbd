/** Datasets, their rules and the fields of their metadata, as they were made elsewhere. */
import { database, service } from '../../../core/index.ts'
import type { Imported } from '../../auth/ports.ts'
import { models } from '../../models/ports.ts'
import { Dataset, DatasetGrant } from '../models/dataset.ts'
import type { DatasetPermission, DatasetRow, IndexingTechnique } from '../models/dataset.ts'
import { BUILT_IN } from '../models/metadata.ts'
import type { MetadataFieldRow } from '../models/metadata.ts'
import { ProcessRule } from '../models/process-rule.ts'
import type { DatasetImport, ImportedDataset, ImportedField, ImportedRule } from '../ports.ts'
import { processRule, ruleToStore } from '../schemas/process-rule.ts'
import type { ProcessRuleInput } from '../schemas/process-rule.ts'
import { retrievalModel } from '../schemas/retrieval-model.ts'
import type { RetrievalModel } from '../schemas/retrieval-model.ts'
import { byId, compared, weigh } from './import-compare.ts'

export type ImportSettings = Pick<DatasetImport, 'datasets' | 'rules' | 'fields'>

const PERMISSIONS: readonly string[] = ['only_me', 'all_team_members', 'partial_members'] satisfies DatasetPermission[]
const TECHNIQUES: readonly unknown[] = ['high_quality', 'economy'] satisfies IndexingTechnique[]
const skipped = (id: string, why: string): Imported => ({ id, state: 'skipped', why })

/** Undefined where it cannot be read. */
const searchOf = (given: unknown): RetrievalModel | null | undefined => {
  if (given === null || given === undefined) return null
  const { value, error } = retrievalModel.validate(given, { stripUnknown: true }) as { value: RetrievalModel; error?: Error }
  return error ? undefined : value
}
const ruleOf = ({ mode, rules }: ImportedRule): ReturnType<typeof ruleToStore> | undefined => {
  const { value, error } = processRule.validate({ mode, rules }, { stripUnknown: true }) as { value: ProcessRuleInput; error?: Error }
  if (error) return undefined
  try { return ruleToStore(value, mode === 'hierarchical' ? 'hierarchical_model' : 'text_model') } catch { return undefined }
}

export const importSettings = service('datasets.import-settings', {
  uses: { db: database, models, Dataset, DatasetGrant, ProcessRule },
  create: ({ db, models, Dataset, DatasetGrant, ProcessRule }): ImportSettings => {
    /** What whoever imports it should know. */
    const noteOn = async ({ workspaceId, embedding, indexingTechnique, retrievalModel: search }: ImportedDataset): Promise<string | undefined> => {
      const isAway = indexingTechnique === 'high_quality' && !(embedding && await models.find(workspaceId, embedding, 'text-embedding'))
      const named = embedding ? `${embedding.provider}/${embedding.model}` : 'none is named'
      return [
        ...isAway ? [`its embedding model (${named}) is not available here: configure it, or choose another one for the dataset, and retry its documents`] : [],
        ...searchOf(search) === undefined ? ['its search settings could not be read: the defaults hold'] : [],
      ].join('; ') || undefined
    }
    const insert = (row: ImportedDataset): Promise<boolean> => db.transaction(async () => {
      const { id, workspaceId, embedding, createdBy, createdAt, updatedAt, indexingTechnique, permission } = row
      // Also of its name: somebody may have made one in this moment.
      const made = await db.query('INSERT INTO datasets (id, workspace_id, name, created_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id', [id, workspaceId, row.name, createdBy])
      if (made.length === 0) return false
      const model = indexingTechnique === 'high_quality' ? embedding : null
      await Dataset.update({
        description: row.description, permission: permission as DatasetPermission, indexing_technique: indexingTechnique as IndexingTechnique | null,
        embedding_model_provider: model?.provider ?? null, embedding_model: model?.model ?? null, retrieval_model: searchOf(row.retrievalModel) ?? null,
        enable_api: row.enableApi, built_in_field_enabled: row.builtInFields, created_at: createdAt, updated_at: updatedAt,
      }, { where: { workspace_id: workspaceId, id } })
      await DatasetGrant.bulkCreate([...new Set(row.members)].map((account_id) => ({ workspace_id: workspaceId, dataset_id: id, account_id, created_at: createdAt })))
      return true
    })
    const weighDataset = async (row: ImportedDataset, here: DatasetRow | undefined, namesake: { id: string } | undefined): Promise<Imported> => {
      const known = weigh(row, here, (one) => ({
        name: [row.name, one.name], description: [row.description, one.description], permission: [row.permission, one.permission],
        'indexing technique': [row.indexingTechnique, one.indexing_technique],
      }))
      if (known) return known
      if (namesake) return skipped(row.id, 'the workspace has another dataset of this name here: rename one of them')
      if (!PERMISSIONS.includes(row.permission)) return skipped(row.id, `there is no permission "${row.permission}" here`)
      if (row.indexingTechnique !== null && !TECHNIQUES.includes(row.indexingTechnique)) return skipped(row.id, `there is no indexing technique "${row.indexingTechnique}" here`)
      const why = await noteOn(row)
      return { id: row.id, state: 'new', ...why === undefined ? {} : { why } }
    }
    const fieldsHere = (rows: readonly ImportedField[]): Promise<MetadataFieldRow[]> => db.query<MetadataFieldRow>(
      'SELECT * FROM dataset_metadata WHERE id = ANY ($1::uuid[]) OR dataset_id = ANY ($2::uuid[])', [rows.map(({ id }) => id), rows.map(({ datasetId }) => datasetId)])

    return {
      datasets: async (rows, apply) => {
        const here = byId(await db.query<DatasetRow>('SELECT * FROM datasets WHERE id = ANY ($1::uuid[])', [rows.map(({ id }) => id)]))
        const namesakes = await db.query<Pick<DatasetRow, 'id' | 'workspace_id' | 'name'>>(
          'SELECT id, workspace_id, name FROM datasets WHERE (workspace_id, name) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))', [rows.map(({ workspaceId }) => workspaceId), rows.map(({ name }) => name)])
        const said: Imported[] = []
        for (const row of rows) {
          const one = await weighDataset(row, here.get(row.id), namesakes.find(({ workspace_id, name }) => workspace_id === row.workspaceId && name === row.name))
          const done = one.state !== 'new' || !apply || await insert(row)
          said.push(done ? one : skipped(row.id, 'another dataset has its name or its id here'))
        }
        return said
      },
      rules: async (rows, apply) => {
        const here = byId(await db.query<{ id: string; workspace_id: string; dataset_id: string }>(
          'SELECT id, workspace_id, dataset_id FROM dataset_process_rules WHERE id = ANY ($1::uuid[])', [rows.map(({ id }) => id)]))
        const said: Imported[] = []
        for (const row of rows) {
          const rule = ruleOf(row)
          const one = weigh(row, here.get(row.id), ({ dataset_id }) => ({ dataset: [row.datasetId, dataset_id] }))
            ?? (rule ? { id: row.id, state: 'new' as const } : skipped(row.id, 'it cannot be read: its documents come without a rule'))
          if (apply && rule && one.state === 'new') {
            await ProcessRule.create({ ...rule, id: row.id, workspace_id: row.workspaceId, dataset_id: row.datasetId, created_by: row.createdBy, created_at: row.createdAt })
          }
          said.push(one)
        }
        return said
      },
      fields: async (rows, apply) => {
        const known = await fieldsHere(rows)
        const said: Imported[] = []
        for (const row of rows) {
          const same = known.find(({ id }) => id === row.id)
          const namesake = known.find(({ dataset_id, name }) => dataset_id === row.datasetId && name === row.name)
          const one = weigh(row, same, ({ name, type }) => ({ name: [row.name, name], type: [row.type, type] }))
            ?? (namesake ? compared(namesake.id, { type: [row.type, namesake.type] })
            : BUILT_IN.some(({ name }) => name === row.name) || !['string', 'number', 'time'].includes(row.type) || row.name === ''
              ? skipped(row.id, 'its name or its type is none that a field can have here') : { id: row.id, state: 'new' as const })
          if (apply && one.state === 'new') {
            await db.query(
              `INSERT INTO dataset_metadata (id, workspace_id, dataset_id, type, name, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING`,
              [row.id, row.workspaceId, row.datasetId, row.type, row.name, row.createdBy, row.createdAt])
          }
          said.push(one)
        }
        return said
      },
    }
  },
})
