/** A server with one workspace, a key of it, toy models, and short ways to make knowledge bases and documents. */
import { testApp } from '../../core/testing.ts'
import type { TestApp, TestAppOptions } from '../../core/testing.ts'
import { apiKeys } from '../../plugins/api-keys/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { client } from './client.ts'
import type { Answer, Client } from './client.ts'
import { toyModels } from './toy-models.ts'

export const automatic = { mode: 'automatic' }
export const bySeparator = (separator: string, max_tokens = 100, chunk_overlap = 0) =>
  ({ mode: 'custom', rules: { pre_processing_rules: [{ id: 'remove_extra_spaces', enabled: true }], segmentation: { separator, max_tokens, chunk_overlap } } })

export interface Knowledge {
  readonly app: TestApp
  readonly owner: { readonly accountId: string; readonly workspaceId: string }
  readonly api: Client
  newToken(datasetId?: string | null): Promise<string>
  newDataset(more?: object): Promise<any>
  addText(dataset: { id: string }, name: string, text: string, more?: object): Promise<Answer>
  addFile(dataset: { id: string }, name: string, content: string | Buffer, more?: object): Promise<Answer>
  segmentsOf(dataset: { id: string }, document: string, query?: string): Promise<any>
  contents(dataset: { id: string }, document: string): Promise<string[]>
}

export const knowledge = async (options: TestAppOptions = {}): Promise<Knowledge> => {
  const app = await testApp({ ...options, fakes: { modelProvider: new Map([['toy', toyModels()]]), ...options.fakes } })
  const owner = await app.resolve(accounts).setup({ email: 'ann@example.org', name: 'Ann', password: 'correct horse 42' }) as Knowledge['owner']
  const newToken = async (datasetId: string | null = null): Promise<string> =>
    (await app.resolve(apiKeys).create({ type: 'dataset', workspaceId: owner.workspaceId, datasetId, createdBy: owner.accountId })).token
  const api = client(app.url, await newToken())
  let made = 0
  const segmentsOf = async (dataset: { id: string }, document: string, query = ''): Promise<any> =>
    (await api.send('GET', `/v1/datasets/${dataset.id}/documents/${document}/segments${query}`)).body
  return {
    app, owner, api, newToken, segmentsOf,
    newDataset: async (more = { indexing_technique: 'economy' }) => (await api.send('POST', '/v1/datasets', { name: `dataset ${made += 1}`, ...more })).body,
    addText: (dataset, name, text, more) => api.send('POST', `/v1/datasets/${dataset.id}/document/create-by-text`, { name, text, indexing_technique: 'economy', ...more }),
    addFile: (dataset, name, content, more = { indexing_technique: 'economy', process_rule: automatic }) => api.upload(`/v1/datasets/${dataset.id}/document/create-by-file`, { name, content }, more),
    contents: async (dataset, document) => (await segmentsOf(dataset, document, '?limit=100')).data.map((one: any) => one.content),
  }
}
