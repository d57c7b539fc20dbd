/** What a Dify server has is taken over: with its ids, once, and without a change to the source. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { command, database, StartupError } from '../core/index.ts'
import { testPort } from '../core/testing.ts'
import { indexingControl } from '../plugins/datasets/services/indexing-control.ts'
import { commandContract } from '../plugins/platform/contracts/index.ts'
import { client } from './support/client.ts'
import { dify } from './support/dify.ts'
import type { Dify } from './support/dify.ts'
import { knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'

const id = Object.fromEntries([
  'acme', 'old', 'ann', 'eve', 'dan', 'bob', 'ivy', 'handbook', 'animals', 'outside', 'taken', 'plainRule', 'treeRule', 'brokenRule', 'manual', 'pairs', 'half', 'zoo', 'author', 'day', 'hr', 'app', 'long', 'key', 'appKey',
].map((name) => [name, randomUUID()])) as Record<string, string>
const token = `dataset-${'Ab3'.repeat(8)}`
const words = ['heron', 'otter', 'badger', 'falcon', 'salmon', 'beetle', 'lizard', 'walrus', 'donkey', 'turtle']

const insert = async (source: Dify, table: string, rows: readonly object[]): Promise<void> => {
  const names = Object.keys(rows[0] ?? {})
  await source.query(`INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.join(', ')} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`, [JSON.stringify(rows)])
}
const segment = (dataset: string, document: string, position: number, content: string, more: object = {}) => ({
  id: randomUUID(), tenant_id: id['acme'], dataset_id: dataset, document_id: document, position, content, answer: null, word_count: content.length, tokens: 7, keywords: [`kw${position}`], hit_count: 0,
  enabled: true, status: 'completed', created_by: id['ann'], created_at: '2024-01-02T03:04:05', updated_at: '2024-01-02T03:04:05.123456', ...more,
})
const seed = async (source: Dify): Promise<void> => {
  const { acme, old, ann, eve, dan, bob, ivy, handbook, animals, outside, taken, plainRule, treeRule, brokenRule, manual, pairs, half, zoo, author, day, hr, app, long, key, appKey } = id
  await insert(source, 'tenants', [{ id: acme, name: 'Acme', plan: 'basic', status: 'normal', created_at: '2024-01-02T03:04:05', updated_at: '2024-01-02T03:04:05' }, { id: old, name: 'Old', plan: 'basic', status: 'archive', created_at: '2024-01-02T03:04:05', updated_at: '2024-01-02T03:04:05' }])
  const person = (it: string | undefined, name: string, status = 'active') => ({ id: it, name, email: `${name}@example.org`, password: 'never read', interface_language: 'de-DE', timezone: 'Europe/Berlin', status, created_at: '2024-01-02T03:04:05' })
  await insert(source, 'accounts', [person(ann, 'Ann'), person(eve, 'eve'), person(dan, 'dan'), person(bob, 'bob', 'banned'), person(ivy, 'ivy', 'pending')])
  const roles = [[ann, 'owner'], [eve, 'editor'], [dan, 'dataset_operator'], [bob, 'normal'], [ivy, 'normal']]
  await insert(source, 'tenant_account_joins', [...roles.map(([account_id, role]) => ({ id: randomUUID(), tenant_id: acme, account_id, role, current: true })), { id: randomUUID(), tenant_id: old, account_id: eve, role: 'owner', current: false }])
  const dataset = (it: string | undefined, name: string, more: object) => ({
    id: it, tenant_id: acme, name, description: `about ${name}`, provider: 'vendor', permission: 'all_team_members', indexing_technique: 'economy', embedding_model: null, embedding_model_provider: null,
    retrieval_model: { search_method: 'keyword_search', reranking_enable: false, top_k: 3, score_threshold_enabled: false, unknown: 1 }, built_in_field_enabled: true, created_by: ann,
    created_at: '2024-01-02T03:04:05', updated_at: '2024-01-02T03:04:05', ...more,
  })
  await insert(source, 'datasets', [
    dataset(handbook, 'Handbook', { permission: 'partial_members' }),
    dataset(animals, 'Animals', { indexing_technique: 'high_quality', embedding_model: 'words', embedding_model_provider: 'langgenius/toy/toy', retrieval_model: { search_method: 'odd' } }),
    dataset(outside, 'Outside', { provider: 'external' }), dataset(taken, 'Taken', {}),
  ])
  await insert(source, 'dataset_permissions', [{ id: randomUUID(), dataset_id: handbook, account_id: eve, tenant_id: acme, has_permission: true }, { id: randomUUID(), dataset_id: handbook, account_id: ann, tenant_id: acme, has_permission: false }])
  const cut = { pre_processing_rules: [{ id: 'remove_extra_spaces', enabled: true }], segmentation: { separator: '\n', max_tokens: 500, chunk_overlap: 50 } }
  await insert(source, 'dataset_process_rules', [
    { id: plainRule, dataset_id: handbook, mode: 'custom', rules: JSON.stringify({ ...cut, limits: {} }), created_by: ann, created_at: '2024-01-02T03:04:05' },
    { id: treeRule, dataset_id: animals, mode: 'hierarchical', rules: JSON.stringify({ ...cut, parent_mode: 'paragraph', subchunk_segmentation: { separator: '\n', max_tokens: 100 } }), created_by: ann, created_at: '2024-01-02T03:04:05' },
    { id: brokenRule, dataset_id: handbook, mode: 'custom', rules: '{"segmentation":', created_by: ann, created_at: '2024-01-02T03:04:05' },
  ])
  const document = (it: string | undefined, of: string | undefined, position: number, name: string, more: object = {}) => ({
    id: it, tenant_id: acme, dataset_id: of, position, data_source_type: 'upload_file', dataset_process_rule_id: plainRule, batch: '20240102030405123456', name, created_from: 'web', created_by: ann,
    created_at: '2024-01-02T03:04:05', completed_at: '2024-01-02T03:05:05', indexing_status: 'completed', enabled: true, archived: false, updated_at: '2024-01-02T03:04:05', doc_form: 'text_model', doc_language: 'English', doc_metadata: null, ...more,
  })
  await insert(source, 'documents', [
    document(manual, handbook, 1, 'manual.txt', { doc_metadata: { author: 'Ada', uploader: 'not ours' } }), document(pairs, handbook, 1, 'pairs.csv', { doc_form: 'qa_model', dataset_process_rule_id: brokenRule }),
    document(half, handbook, 3, 'half\u001b[31m.txt', { indexing_status: 'parsing', completed_at: null }), document(zoo, animals, 1, 'zoo.txt', { doc_form: 'hierarchical_model', dataset_process_rule_id: treeRule }),
  ])
  const sections = Array.from({ length: 230 }, (_, n) => segment(handbook as string, manual as string, n === 100 ? 100 : n + 1, `Section ${n} tells of the ${words[n % 10] ?? ''}.`, n === 7 ? { enabled: false, hit_count: 3 } : {}))
  const parents = Array.from({ length: 30 }, (_, n) => segment(animals as string, zoo as string, n + 1, `The ${words[n % 10] ?? ''} lives in house ${n}.`))
  await insert(source, 'document_segments', [
    ...sections, segment(handbook as string, manual as string, 300, 'never finished', { status: 'indexing' }), segment(handbook as string, manual as string, 301, ' \n'),
    segment(handbook as string, pairs as string, 1, 'Who keeps the canary?', { answer: 'The miner does.' }), ...parents,
  ])
  await insert(source, 'child_chunks', parents.flatMap((parent, n) => ['The', 'house'].map((word, index) => ({
    id: randomUUID(), tenant_id: acme, dataset_id: animals, document_id: zoo, segment_id: parent.id, position: 1, content: `${word} ${words[n % 10] ?? ''} ${index}`, word_count: 5,
    type: index === 0 ? 'automatic' : 'customized', created_by: ann, created_at: '2024-01-02T03:04:05', updated_at: '2024-01-02T03:04:05' }))))
  await insert(source, 'dataset_metadatas', [author, day].map((it, n) => ({ id: it, tenant_id: acme, dataset_id: handbook, type: n === 0 ? 'string' : 'time', name: n === 0 ? 'author' : 'day', created_by: ann, created_at: '2024-01-02T03:04:05' })))
  await insert(source, 'dataset_metadata_bindings', [author, day].map((metadata_id) => ({ id: randomUUID(), tenant_id: acme, dataset_id: handbook, metadata_id, document_id: manual })))
  await insert(source, 'tags', [[hr, 'knowledge', 'hr'], [app, 'app', 'bots'], [long, 'knowledge', 'x'.repeat(51)]].map(([it, type, name]) => ({ id: it, tenant_id: acme, type, name, created_by: ann, created_at: '2024-01-02T03:04:05' })))
  await insert(source, 'tag_bindings', [[hr, handbook], [long, handbook], [app, randomUUID()]].map(([tag_id, target_id]) => ({ id: randomUUID(), tenant_id: acme, tag_id, target_id, created_by: ann })))
  await insert(source, 'api_tokens', [{ id: key, app_id: null, tenant_id: acme, type: 'dataset', token, created_at: '2024-01-02T03:04:05' }, { id: appKey, app_id: randomUUID(), tenant_id: acme, type: 'app', token: 'app-secretsecretsecretsecr', created_at: '2024-01-02T03:04:05' }])
}

const OURS = ['accounts', 'workspaces', 'workspace_members', 'datasets', 'dataset_permissions', 'dataset_process_rules', 'dataset_metadata', 'documents', 'document_segments', 'child_chunks', 'dataset_tags', 'dataset_tag_bindings', 'api_tokens', 'text_index_segments']
const state = async ({ app }: Knowledge): Promise<unknown> => Promise.all(OURS.map(async (table) =>
  [table, (await app.resolve(database).query<{ row: string }>(`SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM ${table} t`)).map(({ row }) => row).sort()]))
const mortise = async ({ app }: Knowledge, from: string, apply = false): Promise<string> =>
  (await app.kernel.container.deps({ all: command }).all.get('import')?.run(['dify'], { from, ...apply ? { apply } : {} }) ?? []).join('\n')
/** The numbers of one line: new, there, changed, skipped. */
const counted = (lines: string, kind: string): number[] => new RegExp(`^${kind} +(\\d+) +(\\d+) +(\\d+) +(\\d+)$`, 'm').exec(lines)?.slice(1).map(Number) ?? []
const start = async (t: ExecutionContext, options: { legacy?: boolean } = {}): Promise<{ here: Knowledge; source: Dify }> => {
  const source = await dify()
  t.teardown(() => source.close())
  await seed(source)
  const here = await knowledge({ config: { plugins: options.legacy === false ? {} : { 'api-keys': { legacyPrefixes: ['dataset-'] } } } })
  t.teardown(() => here.app.close())
  return { here, source }
}

test.serial('a Dify server is taken over once, with its ids, and only what is new after that', async (t) => {
  const { here, source } = await start(t)
  const db = here.app.resolve(database)
  await db.query('INSERT INTO datasets (id, workspace_id, name, created_by) VALUES ($1, $2, $3, $4)', [id['taken'], here.owner.workspaceId, 'mine', here.owner.accountId])
  const [before, origin] = [await state(here), await source.dump()]

  const plan = await mortise(here, source.url)
  t.deepEqual(await state(here), before, 'a plan changes nothing')
  t.deepEqual(counted(plan, 'workspaces'), [2, 0, 0, 0])
  t.deepEqual(counted(plan, 'accounts'), [3, 1, 0, 1])
  t.deepEqual(counted(plan, 'members'), [5, 0, 0, 1])
  t.deepEqual(counted(plan, 'tags'), [1, 0, 0, 1])
  t.deepEqual(counted(plan, 'datasets'), [2, 0, 0, 2])
  t.deepEqual(counted(plan, 'process rules'), [2, 0, 0, 1])
  t.deepEqual(counted(plan, 'metadata fields'), [2, 0, 0, 0])
  t.deepEqual(counted(plan, 'documents'), [3, 0, 0, 1])
  t.deepEqual(counted(plan, 'segments'), [261, 0, 0, 2])
  t.deepEqual(counted(plan, 'child chunks'), [60, 0, 0, 0])
  t.deepEqual(counted(plan, 'tag bindings'), [1, 0, 0, 0])
  t.deepEqual(counted(plan, 'API keys'), [1, 0, 0, 1])
  for (const said of [/its id is taken here, in another workspace: "Taken"/, /lies in another service: connect it here: "Outside"/, /not come to its end in Dify \(parsing\).*half�\[31m\.txt/, /30 segments would be embedded anew/, /search settings could not be read.*"Animals"/, /Nothing was changed/]) t.regex(plan, said)
  for (const secret of ['hunter2', token, 'app-secret']) t.false(plan.includes(secret))

  const done = await mortise(here, source.url, true)
  for (const kind of ['workspaces', 'accounts', 'members', 'tags', 'datasets', 'process rules', 'metadata fields', 'documents', 'segments', 'child chunks', 'tag bindings', 'API keys']) t.deepEqual(counted(done, kind), counted(plan, kind), `the plan told the truth about ${kind}`)
  t.false(done.includes(token))
  await here.app.runJobs()
  const after = await state(here)
  const again = await mortise(here, source.url, true)
  t.deepEqual(await state(here), after, 'a second run changes nothing')
  t.deepEqual([counted(again, 'documents'), counted(again, 'segments'), counted(again, 'accounts'), counted(again, 'API keys'), counted(again, 'datasets')], [[0, 3, 0, 1], [0, 261, 0, 2], [0, 4, 0, 1], [0, 1, 0, 1], [0, 2, 0, 2]])
  t.is(await source.dump(), origin, 'the source is as it was')

  const api = client(here.app.url, token)
  const listed = (await api.send('GET', '/v1/datasets?limit=100')).body.data as any[]
  t.deepEqual(listed.map(({ name }) => name as string).sort(), ['Animals', 'Handbook'])
  t.like(listed.find((one) => one.id === id['animals']), { embedding_model: 'words', embedding_model_provider: 'toy', indexing_technique: 'high_quality', document_count: 1 })
  t.like(listed.find((one) => one.id === id['handbook']), { permission: 'partial_members', created_at: 1704164645, created_by: here.owner.accountId, retrieval_model_dict: { top_k: 3 } })
  const find = async (dataset: string | undefined, query: string, method: string): Promise<any[]> =>
    (await api.send('POST', `/v1/datasets/${dataset}/retrieve`, { query, retrieval_model: { search_method: method, reranking_enable: false, top_k: 3, score_threshold_enabled: false } })).body.records as any[]
  t.regex((await find(id['handbook'], 'falcon section 13', 'keyword_search'))[0].segment.content as string, /falcon/)
  t.like((await find(id['handbook'], 'canary', 'keyword_search'))[0].segment, { answer: 'The miner does.', document: { id: id['pairs'] } })
  t.true((await find(id['handbook'], 'kw230', 'keyword_search')).length === 1, 'the keywords of the source are kept')
  t.false((await find(id['handbook'], 'Section 7 tells of the walrus', 'keyword_search')).some(({ segment }) => segment.content === 'Section 7 tells of the walrus.'), 'what was disabled is not found')
  const [found] = await find(id['animals'], 'The otter 0', 'semantic_search')
  t.is(found.segment.document.id, id['zoo'])
  t.true(found.child_chunks.length > 0)
  t.like((await api.send('GET', `/v1/datasets/${id['handbook']}/documents/${id['manual']}`)).body, { id: id['manual'], indexing_status: 'completed', segment_count: 230, document_process_rule: { id: id['plainRule'] } })
  const [row] = await db.query<{ doc_metadata: object; rule: string | null }>('SELECT doc_metadata, (SELECT dataset_process_rule_id FROM documents WHERE id = $2) AS rule FROM documents WHERE id = $1', [id['manual'], id['pairs']])
  t.deepEqual(row, { doc_metadata: { author: 'Ada', day: null }, rule: null })
  t.deepEqual((await db.query<{ role: string }>('SELECT role FROM workspace_members WHERE workspace_id = $1 ORDER BY role', [id['acme']])).map(({ role }) => role), ['dataset_operator', 'editor', 'normal', 'owner'])
  t.deepEqual(await db.query('SELECT password_hash, status FROM accounts WHERE id = $1', [id['bob']]), [{ password_hash: null, status: 'banned' }])

  // A document without a file: nothing is lost, and each answer says what to do.
  const at = `/v1/datasets/${id['animals']}/documents/${id['zoo']}`
  t.like(await api.send('GET', `${at}/download`), { status: 404, body: { code: 'not_found' } })
  await db.query(`UPDATE documents SET indexing_status = 'error', error = 'the model was away' WHERE id = $1`, [id['zoo']])
  const retry = (dataset: string, document: string): Promise<void> => here.app.resolve(indexingControl).retry(id['acme'] ?? '', id[dataset] ?? '', [id[document] ?? ''])
  await retry('animals', 'zoo')
  await here.app.runJobs()
  t.like((await api.send('GET', at)).body, { indexing_status: 'completed', segment_count: 30 })

  // A document whose import was cut short is begun anew; what changed in the source is told and left; what is new comes.
  await db.query(`UPDATE documents SET indexing_status = 'error', splitting_completed_at = NULL WHERE id = $1`, [id['manual']])
  await db.query('DELETE FROM document_segments WHERE document_id = $1 AND position > 50', [id['manual']])
  await t.throwsAsync(retry('handbook', 'manual'), { message: /import of "manual\.txt" has not come to its end/ })
  await source.query(`UPDATE document_segments SET content = 'another', updated_at = now() + interval '1 day' WHERE document_id = $1`, [id['pairs']])
  await source.query(`UPDATE documents SET indexing_status = 'completed' WHERE id = $1`, [id['half']])
  await insert(source, 'document_segments', [segment(id['handbook'] as string, id['half'] as string, 1, 'The yeti was new.')])
  await source.query(`INSERT INTO accounts (id, name, email) VALUES (gen_random_uuid(), 'new', 'new@example.org')`)
  const third = await mortise(here, source.url, true)
  t.deepEqual([counted(third, 'documents'), counted(third, 'segments'), counted(third, 'accounts')], [[2, 1, 1, 0], [231, 30, 1, 2], [1, 4, 0, 1]])
  t.regex(third, /stay as they are here, though they differ \(content\): "pairs\.csv"/)
  t.is((await find(id['handbook'], 'yeti', 'keyword_search')).length, 1)
  t.like((await api.send('GET', `/v1/datasets/${id['handbook']}/documents/${id['manual']}`)).body, { indexing_status: 'completed', segment_count: 230 })
  t.is((await find(id['handbook'], 'canary', 'keyword_search'))[0].segment.content, 'Who keeps the canary?')
})

test.serial('what cannot be done is told with what to do, and never a secret', async (t) => {
  const { here, source } = await start(t, { legacy: false })
  const done = await mortise(here, source.url, true)
  t.regex(done, /set plugins\.api-keys\.legacyPrefixes to \[dataset-\]/)
  t.deepEqual(counted(done, 'API keys'), [0, 0, 0, 2])
  t.is((await client(here.app.url, token).send('GET', '/v1/datasets')).status, 401)
  const refused = async (from: string, said: RegExp): Promise<void> => {
    const { message, cause } = await t.throwsAsync(mortise(here, from), { instanceOf: StartupError })
    t.regex(message, said)
    t.false(message.includes('hunter2'))
    t.is(cause, undefined)
  }
  await refused('mysql://root:hunter2@127.0.0.1/dify', /is no url of a PostgreSQL database/)
  await refused('postgres://someone:hunter2@[::1/dify', /is no url of a PostgreSQL database/)
  await refused('postgres://someone:hunter2@127.0.0.1:1/dify', /cannot be reached/)
  await source.query('DROP TABLE tenants')
  await refused(source.url, /is no database of Dify: it lacks tenants/)
  const [it] = [here.app.kernel.container.deps({ all: command }).all.get('import')]
  for (const words of [[], ['coze'], ['dify', 'more']]) await t.throwsAsync(async () => it?.run(words, { from: source.url }), { instanceOf: StartupError })
  await t.throwsAsync(async () => it?.run(['dify'], {}), { instanceOf: StartupError, message: /--from/ })
})

testPort(test.serial, commandContract, { name: 'command import', config: { adapters: { command: { import: {} } } } })
