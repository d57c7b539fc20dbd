/** Requests for every operation of the Service API: those that succeed, by operation, and those that fail, by the error that they meet. */
import { randomUUID } from 'node:crypto'
import type { Answer } from '../support/client.ts'
import type { Examples, Failures, Provoke, Request } from './conformance.ts'
import { unanswered } from './deviations.ts'
import { segmentDeletions, segmentExamples, segmentFailures } from './segments.ts'
import { processRule, retrievalModel } from './world.ts'
import type { World } from './world.ts'

/** Addresses of our own that only repeat another one, each with the one it repeats. */
export const aliases: Readonly<Record<string, string>> = {
  'POST /datasets/{dataset_id}/document/create_by_text': 'POST /datasets/{dataset_id}/document/create-by-text',
  'POST /datasets/{dataset_id}/document/create_by_file': 'POST /datasets/{dataset_id}/document/create-by-file',
  'POST /datasets/{dataset_id}/documents/{document_id}/update_by_text': 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-text',
  'POST /datasets/{dataset_id}/documents/{document_id}/update_by_file': 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-file',
  'POST /datasets/{dataset_id}/hit-testing': 'POST /datasets/{dataset_id}/retrieve',
}

/** Operations that the official description does not have: it says nothing of their shapes. */
export const additions: readonly string[] = ['GET /whoami', 'POST /retrieval']

const source = { inputs: {}, datasource_type: 'local_file', is_published: true }
const file = [{ name: 'guide.html', text: '<h1>Animals</h1><p>The heron waits.</p>' }]

const updateByText = 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-text'
const updatesByFile = ['PATCH /datasets/{dataset_id}/documents/{document_id}', 'POST /datasets/{dataset_id}/documents/{document_id}/update-by-file']
const setStatus = 'PATCH /datasets/{dataset_id}/documents/status/{action}'

/** The first of each has every field that the operation takes. */
export const examples = (world: World): Examples => {
  const { high, economy, spare, failed, unfinished, bare, shared, fields, tags, external } = world
  const settings = {
    indexing_technique: 'high_quality', doc_form: 'text_model', doc_language: 'English', process_rule: processRule, retrieval_model: retrievalModel,
    embedding_model: 'words', embedding_model_provider: 'toy',
  }
  const model = (search_method: string): object => ({ ...retrievalModel, search_method, top_k: 2 })
  return {
    'POST /datasets': [
      {
        body: {
          name: world.newName(), description: 'For all', indexing_technique: 'high_quality', permission: 'all_team_members', provider: 'vendor', embedding_model: 'words',
          embedding_model_provider: 'toy', retrieval_model: retrievalModel, summary_index_setting: { enable: false, model_name: '', model_provider_name: '', summary_prompt: '' },
          external_knowledge_api_id: external.api_id, external_knowledge_id: 'shelf 7',
        },
      },
      { body: { name: world.newName() } }, { body: { name: world.newName(), indexing_technique: 'economy' } },
    ],
    'GET /datasets': [{ query: `?page=1&limit=100&keyword=name&include_all=true&tag_ids=${randomUUID()}&tag_ids=${randomUUID()}` }, {}, { query: '?page=9' }],
    'GET /datasets/{dataset_id}': [high.dataset_id, economy.dataset_id, bare, shared, external.dataset_id].map((dataset_id) => ({ ids: { dataset_id } })),
    'PATCH /datasets/{dataset_id}': [
      {
        ids: high,
        body: {
          name: world.newName(), description: 'Changed', indexing_technique: 'high_quality', permission: 'only_me', embedding_model: 'words', embedding_model_provider: 'toy',
          retrieval_model: retrievalModel, partial_member_list: [{ user_id: randomUUID() }],
          external_retrieval_model: { top_k: 2, score_threshold: 0.5, score_threshold_enabled: false }, external_knowledge_id: '', external_knowledge_api_id: '',
        },
      },
      { ids: { dataset_id: shared }, body: {} },
    ],
    'POST /datasets/{dataset_id}/document/create-by-text': [
      { ids: high, body: { ...settings, name: 'owls', text: 'The owl hunts.', original_document_id: spare.document_id } },
      { ids: economy, body: { name: 'herons', text: 'The heron waits.' } },
    ],
    'POST /datasets/{dataset_id}/document/create-by-file': [
      { ids: high, files: file, body: settings },
      { ids: economy, files: [{ name: 'a.txt', text: 'The fox sleeps.' }] },
    ],
    [updateByText]: [{ ids: spare, body: { ...settings, name: 'spare', text: 'The owl hunts.' } }, { ids: spare, body: { name: 'spare' } }],
    ...Object.fromEntries(updatesByFile.map((operation) => [operation, [{ ids: spare, files: file, body: settings }, { ids: spare, files: file }]])),
    [setStatus]: ['enable', 'disable', 'enable', 'archive', 'un_archive'].map((action) => ({ ids: { ...high, action }, body: { document_ids: [high.document_id] } })),
    'POST /datasets/{dataset_id}/documents/download-zip': [{ ids: high, body: { document_ids: [high.document_id, spare.document_id] } }],
    'GET /datasets/{dataset_id}/documents': [{ ids: economy, query: '?page=1&limit=20&keyword=&status=' }, { ids: high }, { ids: unfinished }, { ids: economy, query: '?status=error' }],
    'GET /datasets/{dataset_id}/documents/{document_id}': [{ ids: high, query: '?metadata=all' }, { ids: economy }, { ids: failed }, { ids: unfinished }],
    'GET /datasets/{dataset_id}/documents/{document_id}/download': [{ ids: high }, { ids: economy }],
    'GET /datasets/{dataset_id}/documents/{batch}/indexing-status': [{ ids: economy }, { ids: failed }, { ids: unfinished }],
    'GET /datasets/{dataset_id}/documents/{document_id}/segments': [
      { ids: economy, query: '?page=1&limit=2&keyword=fox&status=completed&status=indexing' }, { ids: high }, { ids: unfinished }, { ids: failed },
    ],
    'POST /datasets/{dataset_id}/retrieve': [
      {
        ids: high,
        body: {
          query: 'heron', attachment_ids: [],
          retrieval_model: { ...retrievalModel, metadata_filtering_conditions: { logical_operator: 'and', conditions: [{ name: 'document_name', comparison_operator: 'is not', value: '1' }] } },
          external_retrieval_model: { top_k: 2, score_threshold: 0.5, score_threshold_enabled: false },
        },
      },
      ...['semantic_search', 'full_text_search', 'keyword_search'].map((method) => ({ ids: high, body: { query: 'heron', retrieval_model: model(method) } })),
      { ids: economy, body: { query: 'fox' } }, { ids: { dataset_id: bare }, body: { query: 'fox' } },
    ],
    'GET /workspaces/current/models/model-types/{model_type}': ['text-embedding', 'rerank', 'llm', 'tts', 'speech2text', 'moderation'].map((model_type) => ({ ids: { model_type } })),
    'POST /datasets/{dataset_id}/metadata': ['string', 'number', 'time'].map((type) => ({ ids: economy, body: { type, name: world.newName() } })),
    'GET /datasets/{dataset_id}/metadata': [{ ids: high }, { ids: economy }],
    'PATCH /datasets/{dataset_id}/metadata/{metadata_id}': [{ ids: { ...high, metadata_id: fields[0] }, body: { name: 'pages' } }],
    'GET /datasets/{dataset_id}/metadata/built-in': [{ ids: high }],
    'POST /datasets/{dataset_id}/metadata/built-in/{action}': ['disable', 'enable'].map((action) => ({ ids: { ...high, action } })),
    'POST /datasets/{dataset_id}/documents/metadata': [
      { ids: high, body: { operation_data: [{ document_id: high.document_id, metadata_list: [{ id: fields[0], name: 'pages', value: 4 }], partial_update: true }] } },
    ],
    'POST /datasets/tags': [{ body: { name: world.newName() } }],
    'GET /datasets/tags': [{}],
    'PATCH /datasets/tags': [{ body: { tag_id: tags[0], name: 'animals' } }],
    'POST /datasets/tags/binding': [{ body: { tag_ids: [tags[0]], target_id: high.dataset_id } }],
    'POST /datasets/tags/unbinding': [{ body: { tag_ids: [tags[1]], tag_id: tags[1], target_id: high.dataset_id } }],
    'GET /datasets/{dataset_id}/tags': [{ ids: high }, { ids: economy }],
    'POST /datasets/pipeline/file-upload': [{ files: file }],
    'GET /datasets/{dataset_id}/pipeline/datasource-plugins': [{ ids: high, query: '?is_published=true' }, { ids: economy }],
    'POST /datasets/{dataset_id}/pipeline/datasource/nodes/{node_id}/run': [{ ids: { ...high, node_id: '17' }, body: { ...source, credential_id: 'x' } }],
    'POST /datasets/{dataset_id}/pipeline/run': [
      { ids: high, body: { ...source, datasource_info_list: [{ reference: randomUUID(), name: 'guide' }], start_node_id: '17', response_mode: 'blocking' } },
    ],
    ...segmentExamples(world),
    // Last: they take away what the others are about.
    ...segmentDeletions(world),
    'DELETE /datasets/{dataset_id}/metadata/{metadata_id}': [{ ids: { ...high, metadata_id: fields[1] } }],
    'DELETE /datasets/tags': [{ body: { tag_id: tags[1] } }],
    'DELETE /datasets/{dataset_id}/documents/{document_id}': [{ ids: failed }],
    'DELETE /datasets/{dataset_id}': [{ ids: { dataset_id: shared } }],
  }
}

/** `METHOD /path` → `400 invalid_param` → a request that is answered so. Those that many operations have in common come from their ids. */
export const failures = (world: World): Failures => {
  const { send, provider, high, economy, archived } = world
  const all = examples(world)
  const first = (operation: string): Request => all[operation]?.[0] ?? {}
  const changed = (operation: string, more: object): Provoke => () => send(operation, { ...first(operation), body: { ...first(operation).body, ...more } })
  const withProvider = async (state: Partial<typeof provider>, ask: Provoke): Promise<Answer> => {
    const before = { ...provider }
    Object.assign(provider, state)
    try { return await ask() } finally { Object.assign(provider, before) }
  }
  const retrieve = (): Promise<Answer> => send('POST /datasets/{dataset_id}/retrieve', { ids: high, body: { query: 'heron' } })
  const [byText, byFile] = ['POST /datasets/{dataset_id}/document/create-by-text', 'POST /datasets/{dataset_id}/document/create-by-file']
  const withoutModels = (operation: string) => async (): Promise<Answer> => {
    const { body } = await send('POST /datasets', { body: { name: world.newName() } })
    const request = { ...first(operation), ids: { dataset_id: body.id as string }, body: { name: 'a', text: 'b', indexing_technique: 'high_quality', process_rule: processRule } }
    const { name, text, ...data } = request.body
    return withProvider({ offers: [] }, () => send(operation, { ...request, body: operation === byFile ? data : { name, text, ...data } }))
  }

  const withKey = (operation: string) => (more: object = {}): Promise<Answer> => {
    const { body, ...request } = first(operation)
    return send(operation, { ...request, ids: economy, headers: { 'Idempotency-Key': operation }, body: { ...body, original_document_id: null, ...more } })
  }
  const reused = (operation: string): Provoke => async () => { await withKey(operation)(); return withKey(operation)({ doc_language: 'German' }) }

  const refusedFiles = (operation: string, ids: Request = { ids: high }): Record<string, Provoke> => ({
    '400 no_file_uploaded': () => send(operation, { ...ids, files: [] }),
    '400 too_many_files': () => send(operation, { ...ids, files: [...file, ...file] }),
    '413 file_too_large': () => send(operation, { ...ids, files: [{ name: 'a.txt', text: 'x'.repeat(100_001) }] }),
    '400 filename_not_exists_error': () => send(operation, { ...ids, files: [{ name: '', text: 'x' }] }),
  })
  const updated = (operation: string): Record<string, Provoke> => ({
    '400 provider_not_initialize': () => withProvider({ offers: [] }, () => send(operation, first(operation))),
    '403 archived_document_immutable': () => send(operation, { ...first(operation), ids: archived, body: { name: 'a' } }),
    '422 idempotency_key_reused': async () => {
      const again = (more: object): Promise<Answer> => send(operation, { ...first(operation), headers: { 'Idempotency-Key': operation }, body: { ...first(operation).body, ...more } })
      await again({})
      return again({ doc_language: 'German' })
    },
  })
  const filed = (operation: string, files: Request['files']): Provoke => () => send(operation, { ids: world.spare, ...files ? { files } : {} })

  const own: Record<string, Record<string, Provoke>> = {
    [updateByText]: { ...updated(updateByText), '400 invalid_param': changed(updateByText, { name: null }) },
    ...Object.fromEntries(updatesByFile.map((operation) => [operation, {
      ...updated(operation),
      '400 invalid_param': changed(operation, { doc_form: 'x' }),
      '400 too_many_files': filed(operation, [...file, ...file]),
      '400 filename_not_exists_error': filed(operation, [{ name: '', text: 'x' }]),
      '413 file_too_large': filed(operation, [{ name: 'a.txt', text: 'x'.repeat(100_001) }]),
      '415 unsupported_file_type': filed(operation, [{ name: 'a.exe', text: 'x' }]),
    }])),
    [setStatus]: { '400 invalid_action': () => send(setStatus, { ...first(setStatus), ids: { ...high, action: 'explode' } }) },
    ...segmentFailures(world),
    'POST /datasets': {
      '400 invalid_param': changed('POST /datasets', { name: '' }),
      '409 dataset_name_duplicate': async () => {
        const body = { name: world.newName() }
        await send('POST /datasets', { body })
        return send('POST /datasets', { body })
      },
    },
    'PATCH /datasets/{dataset_id}': { '400 invalid_param': changed('PATCH /datasets/{dataset_id}', { indexing_technique: 'cheap' }) },
    [byText]: { '400 invalid_param': changed(byText, { name: '' }), '400 provider_not_initialize': withoutModels(byText), '422 idempotency_key_reused': reused(byText) },
    [byFile]: {
      '400 invalid_param': changed(byFile, { doc_form: 'x' }),
      '400 provider_not_initialize': withoutModels(byFile),
      '422 idempotency_key_reused': reused(byFile),
      ...refusedFiles(byFile),
    },
    'GET /datasets/{dataset_id}/documents/{document_id}': {
      '400 invalid_metadata': () => send('GET /datasets/{dataset_id}/documents/{document_id}', { ids: high, query: '?metadata=some' }),
    },
    'DELETE /datasets/{dataset_id}/documents/{document_id}': {
      '403 archived_document_immutable': () => send('DELETE /datasets/{dataset_id}/documents/{document_id}', { ids: archived }),
    },
    ...Object.fromEntries(['POST /datasets/{dataset_id}/metadata', 'PATCH /datasets/{dataset_id}/metadata/{metadata_id}'].map((operation) => [operation, { '400 invalid_param': changed(operation, { name: 'source' }) }])),
    'POST /datasets/{dataset_id}/documents/metadata': {
      '400 invalid_param': changed('POST /datasets/{dataset_id}/documents/metadata', { operation_data: [{ document_id: randomUUID(), metadata_list: [] }] }),
    },
    'POST /datasets/pipeline/file-upload': {
      '400 invalid_param': () => send('POST /datasets/pipeline/file-upload', { files: file }),
      ...refusedFiles('POST /datasets/pipeline/file-upload', {}),
      '415 unsupported_file_type': () => send('POST /datasets/pipeline/file-upload', { files: [{ name: 'a.exe', text: 'x' }] }),
    },
    ...Object.fromEntries(unanswered.operations.slice(1).map((operation) => [operation, { [unanswered.error]: () => send(operation, first(operation)) }])),
    'POST /datasets/tags': { '400 invalid_param': changed('POST /datasets/tags', { name: 'animals' }) },
    'PATCH /datasets/tags': { '400 invalid_param': changed('PATCH /datasets/tags', { name: 'plants' }), '404 not_found': changed('PATCH /datasets/tags', { tag_id: randomUUID() }) },
    'DELETE /datasets/tags': { '404 not_found': changed('DELETE /datasets/tags', { tag_id: randomUUID() }) },
    ...Object.fromEntries(['POST /datasets/tags/binding', 'POST /datasets/tags/unbinding'].map((operation) => [operation, {
      '403 forbidden': changed(operation, { target_id: world.closed.dataset_id }), '404 not_found': changed(operation, { target_id: randomUUID() }),
    }])),
    'POST /datasets/{dataset_id}/retrieve': {
      '400 invalid_param': () => send('POST /datasets/{dataset_id}/retrieve', { ids: economy, body: { query: 'x'.repeat(251) } }),
      '400 model_currently_not_support': () => withProvider({ offers: ['words-2'] }, retrieve),
      '400 provider_not_initialize': async () => {
        await world.setProvider(high.dataset_id, 'gone')
        try { return await retrieve() } finally { await world.setProvider(high.dataset_id, 'toy') }
      },
      '400 completion_request_error': () => withProvider({ broken: true }, retrieve),
    },
  }
  return Object.fromEntries(Object.keys(all).map((operation) => [operation, {
    ...operation.includes('{dataset_id}') ? {
      '403 forbidden': () => send(operation, { ...first(operation), ids: { ...first(operation).ids, ...world.closed } }),
      '404 not_found': () => send(operation, { ...first(operation), ids: { ...first(operation).ids, dataset_id: randomUUID() } }),
    } : operation === 'POST /datasets' ? { '403 forbidden': () => world.sendBound(operation, first(operation)) } : {},
    ...own[operation],
  }]))
}
