import test from 'ava'
import fc from 'fast-check'
import { database, HttpError, Joi, vault } from '../core/index.ts'
import type { Logger } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { openAiCompatible } from '../plugins/models/adapters/openai-compatible.ts'
import { modelsContract } from '../plugins/models/contracts/models.ts'
import { createEncoder } from '../plugins/models/encoder/encoder.ts'
import { windows } from '../plugins/models/encoder/windows.ts'
import { modelProvider, models } from '../plugins/models/ports.ts'
import type { ModelProvider, Models } from '../plugins/models/ports.ts'
import { lexicalScorer } from '../plugins/models/rerank/lexical.ts'
import { guardedHttpClient } from '../plugins/platform/adapters/http-client-guarded.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { DIMENSIONS, openAiServer } from './support/openai-server.ts'
import type { Mishap, OpenAiServer } from './support/openai-server.ts'
import { toyModels, toyScore, toyVector } from './support/toy-models.ts'

testPort(test.serial, modelsContract, { name: 'models with the local provider' })
const embedding = { name: 'toy-embed', type: 'text-embedding', dimensions: DIMENSIONS }
const reranking = { name: 'toy-rerank', type: 'rerank' }
const [configured, entered]: Record<string, unknown>[] = [{ $adapter: 'openai-compatible' }, { $adapter: 'openai-compatible' }]
let lawful: OpenAiServer
test.before(async () => {
  lawful = await openAiServer()
  Object.assign(configured as object, { baseUrl: lawful.url, apiKey: 'sk-configured', models: [embedding, reranking] })
  Object.assign(entered as object, { baseUrl: lawful.url, models: [embedding] })
})
test.after.always(() => lawful.close())
testPort(test.serial, modelsContract, { name: 'models with a server of the protocol of OpenAI', config: { adapters: { modelProvider: { configured, entered } as never } } })

test.serial('the suite of laws catches whoever mixes up documents, scores without bounds, or gives everybody the credentials of one', async (t) => {
  const toy = toyModels(undefined, true)
  const own: ModelProvider = { ...toy, credentials: Joi.object({ api_key: Joi.string().required() }), models: (credentials) => credentials ? toy.models() : [] }
  const app = await testApp({ fakes: { modelProvider: new Map([['toy', toy], ['own', own]]) } })
  t.teardown(() => app.close())
  const { providers } = app.kernel.container.deps({ providers: modelProvider })
  const deps = { providers, vault: app.resolve(vault), db: app.resolve(database) }
  const good = app.resolve(models)
  const first = new Map<string, string>()
  const faults: [string, Partial<Models>][] = [
    ['each document has', { rerank: async (...call) => { const made = await good.rerank(...call); return { ...made, scores: made.scores.toSorted((a, b) => b - a) } } }],
    ['each document has', { rerank: async (...call) => { const made = await good.rerank(...call); return { ...made, scores: made.scores.map((score) => 5 * score) } } }],
    ['credentials of one', { find: async (workspace, ref, type) => {
      if (!first.has(ref.provider)) first.set(ref.provider, workspace)
      return good.find(first.get(ref.provider) ?? workspace, ref, type)
    } }],
  ]
  for (const [law, change] of faults) {
    t.deepEqual(await brokenLaws(modelsContract, good, deps, law), [])
    t.deepEqual(await brokenLaws(modelsContract, { ...good, ...change }, deps, law), [law])
  }
})

test.serial('the list of models goes to whoever has a key of the workspace', async (t) => {
  const app = await testApp({
    config: {
      plugins: { models: { defaults: { 'text-embedding': { provider: 'again', model: 'use-lite' } } } },
      adapters: { modelProvider: { local: {}, again: { $adapter: 'local' } } },
    },
  })
  t.teardown(() => app.close())
  const owner = await app.resolve(accounts).setup({ email: 'a@example.org', name: 'A', password: 'a model citizen 7' })
  if (!owner) throw new Error('the database is not new')
  const { token } = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId: owner.workspaceId, datasetId: null, createdBy: owner.accountId })
  const list = (type: string, key?: string) => app.fetch(`/v1/workspaces/current/models/model-types/${type}`, key === undefined ? {} : { token: key })

  t.is((await list('text-embedding')).status, 401)
  t.is((await list('no-such-type', token)).status, 404)
  t.deepEqual(await (await list('tts', token)).json(), { data: [] })
  t.like(await (await list('rerank', token)).json(), { data: [{ provider: 'local', models: [{ model: 'lexical', model_type: 'rerank' }] }, { provider: 'again' }] })
  const { data } = await (await list('text-embedding', token)).json() as { data: Record<string, unknown>[] }
  t.deepEqual(data.map(({ provider }) => provider), ['local', 'again'])
  t.like(data[0], {
    tenant_id: owner.workspaceId, label: { en_US: 'Built in', zh_Hans: 'Built in' }, status: 'active',
    models: [{
      model: 'use-lite', label: { en_US: 'Universal Sentence Encoder lite' }, model_type: 'text-embedding', features: null, fetch_from: 'predefined-model',
      model_properties: { context_size: 512, dimensions: 512 }, status: 'active', deprecated: false,
      load_balancing_enabled: false, has_invalid_load_balancing_configs: false,
    }],
  })
  t.deepEqual(await app.resolve(models).defaultModel(owner.workspaceId, 'text-embedding'), { provider: 'again', model: 'use-lite' })
})

const simple = new URL(`./support/simple-thread${import.meta.url.slice(-3)}`, import.meta.url)
const patient = { urgent: false }
const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms) })

test('nothing runs before the first text, one thread serves all, and it ends when it was idle', async (t) => {
  const never = createEncoder({ idleMs: 60_000, file: new URL('file:///no/such/file.js') })
  await never.close()
  const encoder = createEncoder({ idleMs: 100, file: simple })
  t.teardown(() => encoder.close())
  const [first, second] = await Promise.all([encoder.encode('a', patient), encoder.encode('b', { urgent: true })])
  t.is(first.tokens, second.tokens)
  await pause(40)
  t.is((await encoder.encode('c', patient)).tokens, first.tokens)
  await pause(400)
  t.not((await encoder.encode('d', patient)).tokens, first.tokens)
})

test('a question overtakes the documents that wait, and an abort takes out what waits', async (t) => {
  const encoder = createEncoder({ idleMs: 60_000, file: simple })
  t.teardown(() => encoder.close())
  const done: string[] = []
  const abort = new AbortController()
  const note = (name: string, work: Promise<unknown>): Promise<unknown> =>
    work.then(() => done.push(name), (error: unknown) => done.push(`${name} ${String(error)}`))
  const all = [
    note('running', encoder.encode('1', patient)), note('aborted', encoder.encode('2', { ...patient, signal: abort.signal })),
    note('last', encoder.encode('3', patient)), note('question', encoder.encode('4', { urgent: true })),
  ]
  abort.abort('stop')
  await Promise.all(all)
  t.deepEqual(done, ['running', 'question', 'aborted stop', 'last'])
})

test('a text that fails fails alone; a thread that dies fails those who wait, and the next call starts another', async (t) => {
  const encoder = createEncoder({ idleMs: 60_000, file: simple })
  t.teardown(() => encoder.close())
  const [failed, fine] = await Promise.allSettled([encoder.encode('fail', patient), encoder.encode('a', patient)])
  t.is(failed.status === 'rejected' && (failed.reason as Error).message, 'the embedding model failed: no such word')
  t.is(fine.status, 'fulfilled')
  const waiting = await Promise.allSettled([encoder.encode('die', patient), encoder.encode('b', patient), encoder.encode('c', { urgent: true })])
  for (const one of waiting) {
    t.regex(one.status === 'rejected' ? (one.reason as Error).message : '', /thread of the embedding model ended \(out of memory\)/)
  }
  t.true((await encoder.encode('d', patient)).tokens > 0)
})

test('what waits when the server stops is refused', async (t) => {
  const encoder = createEncoder({ idleMs: 60_000, file: simple })
  const waiting = Promise.allSettled([encoder.encode('a', patient), encoder.encode('b', patient)])
  await encoder.close()
  t.true((await waiting).every(({ status }) => status === 'rejected'))
  await t.throwsAsync(encoder.encode('c', patient), { message: /stopping/ })
})

test('a long text is read in windows that lose nothing', (t) => {
  const words = Array.from({ length: 2_000 }, (_, index) => `word${index}`).join(' ')
  const pieces = windows(words)
  t.is(pieces.join(' '), words)
  t.true(pieces.every((piece) => piece.length <= 2_000) && pieces.length < 10)
  t.is(windows('x'.repeat(5_001)).join(''), 'x'.repeat(5_001))
  t.deepEqual([windows(''), windows(' \n')], [['.'], ['.']])
})

const logged: unknown[] = []
const note = (fields: object | string): void => { logged.push(fields) }
const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log }
/** The provider itself, over the real client. */
const provider = async (server: OpenAiServer, options: object = {}): Promise<ModelProvider> => {
  const http = await guardedHttpClient.create({}, guardedHttpClient.options?.validate({}).value as never)
  const settings = { baseUrl: server.url, apiKey: 'sk-configured', models: [embedding, reranking], ...options }
  const { error, value } = openAiCompatible.options?.validate(settings) ?? {}
  if (error) throw error
  return openAiCompatible.create({ http, log }, value as never)
}
const embed = (from: ModelProvider, texts: readonly string[], purpose: 'query' | 'document' = 'document', signal?: AbortSignal) =>
  (from.embed as NonNullable<ModelProvider['embed']>)({ model: 'toy-embed', texts, purpose, ...signal ? { signal } : {} })
const rerank = async (from: ModelProvider, query: string, documents: readonly string[]): Promise<readonly number[]> =>
  (await (from.rerank as NonNullable<ModelProvider['rerank']>)({ model: 'toy-rerank', query, documents })).scores
const isNear = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => a.length === b.length && Array.from(a).every((value, index) => Math.abs(value - (b[index] as number)) < 1e-5)
const texts = ['one heron', 'two owls', 'three bridges', 'four teas', 'five moons', 'six tides', 'seven bees']

test('vectors come back in the order of the texts, of unit length, as base64 and as numbers, in batches of which some run at a time', async (t) => {
  const server = await openAiServer()
  t.teardown(server.close)
  const from = await provider(server, { batchSize: 2, concurrency: 3, queryPrefix: 'query: ' })
  for (const manner of [{}, { floats: true }, { shuffled: true }, { floats: true, shuffled: true, delay: 50 }]) {
    Object.assign(server.manner, manner)
    const before = server.received.length
    const { vectors, tokens } = await embed(from, texts)
    t.true(vectors.every((vector, index) => isNear(vector, toyVector(texts[index] ?? ''))), JSON.stringify(manner))
    t.is(tokens, 2 * texts.length)
    t.deepEqual(server.received.slice(before).map(({ body }) => body.input.length as number).sort(), [1, 2, 2, 2])
  }
  t.true(server.busiest > 1 && server.busiest <= 3, `${server.busiest} at a time`)
  await embed(from, ['', ' \n', 'a\ud800b'], 'query')
  t.deepEqual(server.received.slice(-2).flatMap(({ body }) => body.input as string[]).sort(), ['query: ', 'query:  \n', 'query: a\ufffdb'].sort())
  await embed(await provider(server), ['', ' \n'])
  t.deepEqual(server.received.at(-1)?.body, { model: 'toy-embed', input: ['.', '.'], encoding_format: 'base64' })
})

test('what passes is tried again, as long as the server asks for and no longer than somebody waits', async (t) => {
  const server = await openAiServer()
  t.teardown(server.close)
  const [from, hasty] = [await provider(server), await provider(server, { timeoutMs: 1_500 })]
  const requests = async (...mishaps: Mishap[]): Promise<number> => {
    const before = server.received.length
    server.next(...mishaps)
    t.true(isNear((await embed(mishaps.includes('silence') ? hasty : from, ['one heron'])).vectors[0] ?? [], toyVector('one heron')))
    return server.received.length - before
  }
  t.is(await requests({ status: 429, headers: { 'retry-after': '1' } }), 2)
  const [refused, taken] = server.received.slice(-2)
  t.true((taken?.at ?? 0) - (refused?.at ?? 0) >= 990)
  t.is(await requests({ status: 429, headers: { 'retry-after-ms': '1' } }, { status: 500, headers: { 'retry-after-ms': '1' } }, { status: 503, headers: { 'retry-after': '0' } }), 4)
  for (const mishap of ['cut', 'half', 'silence'] as const) t.true(await requests(mishap) >= 2, mishap)

  const before = server.received.length
  server.next({ status: 503, headers: { 'retry-after': '60' } })
  const gaveUp = await t.throwsAsync(embed(from, ['a'], 'query'), { message: /answered 503 .* try again later/ })
  t.false(gaveUp instanceof HttpError, 'a job tries it again later')
  t.is(server.received.length, before + 1)
  server.next(...Array.from({ length: 4 }, () => ({ status: 502, headers: { 'retry-after-ms': '1' } })))
  await t.throwsAsync(embed(from, ['a']), { message: /answered 502/ })
  t.is(server.received.length, before + 5)
})

test('what would end alike is told at once, with advice, in words of ours', async (t) => {
  const server = await openAiServer(['sk-right-1234567890'])
  t.teardown(server.close)
  const from = await provider(server, { apiKey: 'sk-right-1234567890', label: 'Acme' })
  const secret = 'a secret of the server sk-right-1234567890'
  for (const [status, code, advice] of [
    [401, 'provider_not_initialize', /API key/], [403, 'provider_not_initialize', /API key/], [404, 'model_currently_not_support', /"toy-embed".*\/v1/],
    [400, 'completion_request_error', /shorter/], [413, 'completion_request_error', /shorter/], [402, 'provider_quota_exceeded', /Top it up/],
    [429, 'provider_quota_exceeded', /Top it up/],
  ] as const) {
    const before = server.received.length
    server.next({ status, body: `{"error": {"message": "${secret}", "code": "${status === 429 ? 'insufficient_quota' : ''}"}}` })
    const error = await t.throwsAsync(embed(from, ['a']), { instanceOf: HttpError })
    t.deepEqual([error.status, error.code], [400, code], String(status))
    t.regex(error.message, advice)
    t.regex(error.message, /Acme/)
    t.notRegex(error.message, /secret|sk-right/)
    t.is(server.received.length, before + 1)
  }
  await t.throwsAsync(embed(await provider(server, { apiKey: 'sk-wrong-1234567890' }), ['a']), { message: /refuses the API key \(401\).*operator/ })
  const lines = JSON.stringify(logged)
  t.true(lines.includes('a secret of the server [redacted]'), 'what the server said is in the log')
  t.notRegex(lines, /sk-right-1234|sk-wrong-1234/)
})

test('an answer that is none is an error, and never a vector in the wrong place', async (t) => {
  const server = await openAiServer()
  t.teardown(server.close)
  const from = await provider(server)
  for (const [mishap, message] of [['page', /not JSON/], ['too few', /1 vectors for 2/], ['strange index', /index 7/], ['no numbers', /no list of numbers/], ['zeros', /zeros/]] as const) {
    server.next(mishap)
    const error = await t.throwsAsync(embed(from, ['a', 'b']), { message })
    t.false(error instanceof HttpError)
  }
  await t.throwsAsync(embed(await provider(server, { models: [{ ...embedding, dimensions: 65 }] }), ['a']), { message: /64 dimensions instead of 65/ })
  for (const mishap of ['page', 'strange index', 'no numbers'] as const) {
    server.next(mishap)
    await t.throwsAsync(rerank(from, 'a', ['a', 'b']))
  }
  const abort = new AbortController()
  const reason = new Error('enough')
  server.next('silence')
  const waiting = embed(from, ['a'], 'document', abort.signal)
  setTimeout(() => { abort.abort(reason) }, 50)
  t.is(await t.throwsAsync(waiting), reason)
})

test('scores come back in the order of the documents, whatever the form of the answer', async (t) => {
  const server = await openAiServer()
  t.teardown(server.close)
  const from = await provider(server)
  const documents = ['tea at four', 'the heron waits at the pond', '', 'a heron']
  const expected = documents.map((document) => toyScore('heron at the pond', document === '' ? '.' : document))
  for (const scores of ['results', 'data', 'bare'] as const) {
    Object.assign(server.manner, { scores })
    t.true(isNear(await rerank(from, 'heron at the pond', documents), expected), scores)
  }
  Object.assign(server.manner, { scores: 'logits' })
  const probabilities = await rerank(from, 'heron at the pond', documents)
  t.true(probabilities.every((score) => score > 0 && score < 1))
  const order = (list: readonly number[]): number[] => list.map((score, index) => [score, index] as const).sort(([a], [b]) => b - a).map(([, index]) => index)
  t.deepEqual(order(probabilities), order(expected))
  Object.assign(server.manner, { scores: 'best alone' })
  t.deepEqual((await rerank(from, 'heron at the pond', documents)).map((score) => score > 0), [false, true, false, false])
  t.like(server.received.at(-1)?.body, { model: 'toy-rerank', query: 'heron at the pond', top_n: 4, return_documents: false })
})

test('a key travels as the server wants it, with the headers and the query of the configuration', async (t) => {
  const server = await openAiServer()
  t.teardown(server.close)
  const sent = async (options: object) => {
    await embed(await provider(server, options), ['a'])
    return server.received.at(-1)
  }
  t.is((await sent({}))?.headers.authorization, 'Bearer sk-configured')
  const azure = await sent({ auth: 'api-key', query: { 'api-version': '2024-10-21' }, headers: { 'x-team': 'search' } })
  t.like(azure?.headers, { 'api-key': 'sk-configured', authorization: undefined, 'x-team': 'search' })
  t.deepEqual(azure?.query, { 'api-version': '2024-10-21' })
  const open = await sent({ auth: 'none', apiKey: undefined, baseUrl: `${server.url}/?tenant=7` })
  t.is(open?.headers.authorization, undefined)
  t.deepEqual([open?.path, open?.query], ['/v1/embeddings', { tenant: '7' }])
  for (const options of [{ auth: 'none', baseUrl: undefined }, { baseUrl: undefined }, { baseUrl: 'ftp://a' }, { models: [embedding, embedding] }]) await t.throwsAsync(provider(server, options))
})

const word = fc.constantFrom('heron', 'herons', 'pond', 'waits', 'at', 'the', 'night', 'owl', '数据库', '连接', 'ёлка', 'x', '7')
const text = fc.array(word, { maxLength: 30 }).map((list) => list.join(' '))
test('lexical: a score is 0..1, the question itself scores 1, and what shares no word scores 0', (t) => {
  fc.assert(fc.property(text, text, fc.string(), (question, passage, noise) => {
    for (const score of [lexicalScorer(question)(passage), lexicalScorer(question)(noise), lexicalScorer(noise)(passage)]) t.true(score >= 0 && score <= 1)
    if (question !== '') t.true(lexicalScorer(question)(question) > 0.999, question)
    t.is(lexicalScorer(question)('zebra quagga 机器'), 0)
    t.is(lexicalScorer('')(passage), 0)
  }))
})
test('lexical: more of the question, nearer together and in fewer words, scores higher', (t) => {
  const score = lexicalScorer('When does the heron wait at the pond?')
  const better: [string, string][] = [
    ['The heron waits at the pond.', 'The heron flies.'], ['A heron at the pond waits.', 'At the pond, as everybody in this town has known for years, no one but the heron waits.'],
    ['The heron waits.', 'It is at the pond that they will be.'], ['The heron waits at the pond.', `The heron waits at the pond. ${'Other things are said here. '.repeat(50)}`],
    ['herons', 'owls'],
  ]
  for (const [more, less] of better) t.true(score(more) > score(less), `${more} (${score(more)}) > ${less} (${score(less)})`)
  t.true(lexicalScorer('数据库连接')('无法连接数据库') > lexicalScorer('数据库连接')('今天天气很好'))
})
test('lexical: its time grows with the length of the texts, not with their square', (t) => {
  const time = (words: number): number => {
    const long = Array.from({ length: words }, (_, index) => index % 2 ? `w${index % 1_000}` : 'a').join(' ')
    const begin = performance.now()
    for (let times = 0; times < 5; times++) lexicalScorer(long)(long)
    return performance.now() - begin
  }
  time(1_000)
  // Sixteen times as much: a square would take 256 times.
  t.true(time(80_000) < 100 * Math.max(1, time(5_000)))
})
