/** A server with documents in every state that an answer can show, and requests as they would be described: by operation, ids and content. */
import { randomUUID } from 'node:crypto'
import { database } from '../../core/index.ts'
import { client } from '../support/client.ts'
import type { Answer } from '../support/client.ts'
import { automatic, bySeparator, knowledge } from '../support/knowledge.ts'
import type { Knowledge } from '../support/knowledge.ts'
import { toyModels } from '../support/toy-models.ts'
import { signIn } from '../support/world.ts'
import type { Request } from './conformance.ts'
import { makeParts } from './segments.ts'
import type { Parts } from './segments.ts'

export interface World extends Knowledge {
  /** With a key for the whole workspace. */
  send(operation: string, request: Request): Promise<Answer>
  /** With a key that is bound to a dataset nothing else is about. */
  sendBound(operation: string, request: Request): Promise<Answer>
  /** What the model provider does: offers these models, fails, or makes the indexing wait until what it returns is called. */
  readonly provider: { offers: readonly string[]; broken: boolean; hold(): () => void }
  readonly high: Place
  readonly economy: Place
  /** Nothing about it has been decided; made by an account that is gone. */
  readonly bare: string
  /** With some members. */
  readonly shared: string
  /** Closed to API keys. */
  readonly closed: Place
  readonly failed: Place
  /** Half-way through its indexing, until `finish()`. */
  readonly unfinished: Place & { finish(): void }
  readonly archived: Place
  /** In the same dataset as `high`, to be replaced. */
  readonly spare: Place
  /** Fields of the dataset of `high`, whose document has a value of the first; each to be deleted but that. */
  readonly fields: readonly [kept: string, spare: string]
  /** The first is on the dataset of `high`. */
  readonly tags: readonly [kept: string, spare: string]
  readonly parts: Parts
  /** Stands for what a service elsewhere knows. */
  readonly external: { readonly dataset_id: string; readonly api_id: string }
  newName(): string
  /** By whom the embedding model of a dataset is said to be. */
  setProvider(datasetId: string, provider: string): Promise<unknown>
}
type Place = Readonly<Record<'dataset_id' | 'document_id' | 'batch', string>>

export const retrievalModel = {
  search_method: 'hybrid_search', reranking_enable: false, reranking_mode: 'weighted_score', reranking_model: { reranking_provider_name: '', reranking_model_name: '' },
  weights: {
    weight_type: 'customized', vector_setting: { vector_weight: 0.7, embedding_provider_name: 'toy', embedding_model_name: 'words' }, keyword_setting: { keyword_weight: 0.3 },
  },
  top_k: 3, score_threshold_enabled: false, score_threshold: 0.1, metadata_filtering_conditions: { logical_operator: 'and', conditions: [] },
}
export const processRule = {
  mode: 'custom', rules: {
    pre_processing_rules: [{ id: 'remove_extra_spaces', enabled: true }, { id: 'remove_urls_emails', enabled: false }],
    segmentation: { separator: '\n', max_tokens: 100, chunk_overlap: 0 },
  },
}
const guide = 'The heron waits in the shallow water.\nThe fox sleeps in its den by day.\nThe owl hunts in the night.'

export const makeWorld = async (): Promise<World> => {
  let gate: Promise<void> = Promise.resolve()
  const provider = {
    offers: ['words', 'words-2'], broken: false,
    hold: () => {
      let open = (): void => undefined
      gate = new Promise((resolve) => { open = resolve })
      return () => { open() }
    },
  }
  const toy = toyModels(async ({ texts }) => {
    if (provider.broken) throw new Error('the provider is out of order')
    if (texts.some((text) => text.includes('unfinished'))) await gate
  })
  const offered = { ...toy, models: () => toy.models().filter(({ name }) => provider.offers.includes(name)) }
  const made = await knowledge({ config: { server: { uploadBytes: 100_000 } }, fakes: { modelProvider: new Map([['toy', offered]]) } })
  const { app, api, newDataset, addText, addFile, newToken } = made

  let names = 0
  const newName = (): string => `name ${names += 1}`
  const dataset = async (more: object): Promise<{ id: string }> => newDataset({ name: newName(), ...more })
  const indexed = async ({ id }: { id: string }, { body }: Answer): Promise<Place> => {
    await api.indexed(id, body.batch)
    return { dataset_id: id, document_id: body.document.id, batch: body.batch }
  }
  const set = (table: string, id: string, change: string, ...values: unknown[]) => app.resolve(database).query(`UPDATE ${table} SET ${change} WHERE id = $1`, [id, ...values])

  const first = await dataset({ indexing_technique: 'high_quality', description: 'Animals', retrieval_model: retrievalModel, summary_index_setting: { enable: false } })
  const high = await indexed(first, await addText(first, 'guide.txt', guide, { indexing_technique: 'high_quality', process_rule: processRule }))
  const spare = await indexed(first, await addText(first, 'spare', guide, { indexing_technique: 'high_quality' }))
  const second = await dataset({})
  const economy = await indexed(second, await addFile(second, 'guide.md', `# Animals\n\n${guide}`))
  const bare = await dataset({})
  await set('datasets', bare.id, 'created_by = $2', randomUUID())
  const shared = await dataset({ indexing_technique: 'economy' })
  await api.send('PATCH', `/v1/datasets/${shared.id}`, { permission: 'partial_members', partial_member_list: [{ user_id: randomUUID() }] })
  const third = await dataset({})
  const closed = await indexed(third, await addText(third, 'closed', guide))
  await set('datasets', third.id, 'enable_api = false')
  const failed = await indexed(second, await addText(second, 'failed', guide, { process_rule: bySeparator('\n', 10) }))
  const archived = await indexed(second, await addText(second, 'archived', guide))
  await set('documents', archived.document_id, 'archived = true')
  const parts = await makeParts(made, high)

  const fourth = await dataset({ indexing_technique: 'high_quality' })
  const finish = provider.hold()
  const { body } = await addText(fourth, 'unfinished', `${guide}\nThe rest is unfinished.`, { indexing_technique: 'high_quality', process_rule: automatic })
  for (let status = ''; status !== 'indexing';) {
    status = (await api.send('GET', `/v1/datasets/${fourth.id}/documents/${body.batch as string}/indexing-status`)).body.data[0].indexing_status
  }
  const unfinished = { dataset_id: fourth.id, document_id: body.document.id as string, batch: body.batch as string, finish }

  const post = async (path: string, content: object): Promise<string> => (await api.send('POST', `/v1/datasets${path}`, content)).body?.id as string
  const field = (name: string, type: string): Promise<string> => post(`/${first.id}/metadata`, { name, type })
  const fields = [await field('pages', 'number'), await field('author', 'string')] as const
  await post(`/${first.id}/metadata/built-in/enable`, {})
  await post(`/${first.id}/documents/metadata`, { operation_data: [{ document_id: high.document_id, metadata_list: [{ id: fields[0], name: 'pages', value: 3 }, { id: fields[1], name: 'author', value: null }] }] })
  const tags = [await post('/tags', { name: 'animals' }), await post('/tags', { name: 'plants' })] as const
  await post('/tags/binding', { tag_ids: [tags[0]], target_id: first.id })

  const service = await app.fetch('/console/api/datasets/external-knowledge-api', {
    headers: await signIn(app, { email: 'ann@example.org', password: 'correct horse 42' }), json: { name: 'Shelf', settings: { endpoint: 'https://1.1.1.1/shelf', api_key: 'sk-shelf' } },
  })
  const { id: api_id } = await service.json() as { id: string }
  const outside = await dataset({ provider: 'external', external_knowledge_api_id: api_id, external_knowledge_id: 'shelf 7' })
  const bound = await newToken((await dataset({})).id)
  // What an earlier request changed in a dataset may still be under way: segments are changed once their document is completed again.
  const completed = async ({ dataset_id = '', document_id = '' }: NonNullable<Request['ids']>): Promise<void> => {
    for (let status = 'indexing'; !['completed', 'error', undefined].includes(status);) {
      status = (await api.send('GET', `/v1/datasets/${dataset_id}/documents/${document_id}`)).body.indexing_status
    }
  }
  const sendWith = (token: string) => async (operation: string, { ids = {}, query = '', body, files, headers }: Request): Promise<Answer> => {
    const [method = '', path = ''] = operation.split(' ')
    if (method !== 'GET' && path.includes('/segments')) await completed(ids)
    const address = `/v1${path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')}${query}`
    if (!files && !headers) return client(app.url, token).send(method, address, body)
    const form = new FormData()
    for (const { name, text } of files ?? []) form.append('file', new Blob([text]), name)
    if (body) form.set('data', JSON.stringify(body))
    const response = await app.fetch(address, { method, token, headers: { ...headers }, ...files ? { body: form } : { json: body } })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }
  return {
    ...made, provider, newName, high, economy, bare: bare.id, shared: shared.id, closed, failed, unfinished, archived, spare, fields, tags, parts, external: { dataset_id: outside.id, api_id },
    setProvider: (id, name) => set('datasets', id, 'embedding_model_provider = $2', name),
    send: sendWith(await newToken()), sendBound: sendWith(bound),
  }
}
