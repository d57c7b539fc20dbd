/** Which dataset stands for what a service elsewhere knows. */
import { database, service } from '../../../core/index.ts'
import { invalid } from '../errors.ts'
import type { ExternalApiRow } from '../models/external.ts'
import type { DatasetSettings } from '../schemas/dataset.ts'

type Named = Pick<DatasetSettings, 'external_knowledge_api_id' | 'external_knowledge_id'>
export interface Binding { readonly apiId: string; readonly knowledgeId: string }
/** A service as a dataset asks it. */
export interface BoundApi extends Pick<ExternalApiRow, 'id' | 'workspace_id' | 'name' | 'endpoint' | 'sealed'> {
  readonly dataset_id: string
  readonly external_knowledge_id: string
  /** Of the dataset. */
  readonly created_by: string
  readonly created_at: Date
}
export interface ExternalBindings {
  /** What the dataset is to stand for; what is not said stays as it is. Undefined where nothing changes. Throws 400. */
  asked(workspaceId: string, given: Named, datasetId?: string): Promise<Binding | undefined>
  /** Inside the transaction that makes or changes the dataset. Throws 400 where the service is gone. */
  bind(workspaceId: string, datasetId: string, binding: Binding): Promise<void>
  /** By dataset; those that stand for nothing elsewhere are left out. */
  of(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, BoundApi>>
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const unknown = () => invalid('external_knowledge_api_id', 'External API template not found. Take its id from the list of external knowledge APIs.')

export const externalBindings = service('datasets.external-bindings', {
  uses: { db: database },
  create: ({ db }): ExternalBindings => {
    const of: ExternalBindings['of'] = async (workspaceId, datasetIds) => new Map(datasetIds.length === 0 ? [] : (await db.query<BoundApi>(
      `SELECT a.id, a.workspace_id, a.name, a.endpoint, a.sealed, b.dataset_id, b.external_knowledge_id, d.created_by, d.created_at
       FROM external_knowledge_bindings b
       JOIN external_knowledge_apis a ON a.workspace_id = b.workspace_id AND a.id = b.external_knowledge_api_id
       JOIN datasets d ON d.workspace_id = b.workspace_id AND d.id = b.dataset_id
       WHERE b.workspace_id = $1 AND b.dataset_id = ANY ($2::uuid[])`, [workspaceId, datasetIds])).map((one) => [one.dataset_id, one]))
    return {
      of,
      asked: async (workspaceId, { external_knowledge_api_id: api, external_knowledge_id: knowledge }, datasetId) => {
        if (datasetId !== undefined && !api && !knowledge) return undefined
        const before = datasetId === undefined ? undefined : (await of(workspaceId, [datasetId])).get(datasetId)
        const [apiId, knowledgeId] = [api || before?.id, knowledge || before?.external_knowledge_id]
        if (!apiId) throw invalid('external_knowledge_api_id', 'An external dataset takes external_knowledge_api_id. Take one from the list of external knowledge APIs.')
        if (!knowledgeId) throw invalid('external_knowledge_id', 'An external dataset takes external_knowledge_id: what the external service calls the knowledge that is to be searched.')
        const [found] = UUID.test(apiId) ? await db.query('SELECT 1 FROM external_knowledge_apis WHERE workspace_id = $1 AND id = $2', [workspaceId, apiId]) : []
        if (!found) throw unknown()
        return { apiId, knowledgeId }
      },
      bind: async (workspaceId, datasetId, { apiId, knowledgeId }) => {
        const [bound] = await db.query(
          `INSERT INTO external_knowledge_bindings (workspace_id, dataset_id, external_knowledge_api_id, external_knowledge_id)
           SELECT workspace_id, $3, id, $4 FROM external_knowledge_apis WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE
           ON CONFLICT (workspace_id, dataset_id) DO UPDATE
             SET external_knowledge_api_id = excluded.external_knowledge_api_id, external_knowledge_id = excluded.external_knowledge_id
           RETURNING dataset_id`, [workspaceId, apiId, datasetId, knowledgeId])
        if (!bound) throw unknown()
      },
    }
  },
})
