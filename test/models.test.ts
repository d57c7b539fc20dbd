import test from 'ava'
import { testApp, testPort } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { modelsContract } from '../plugins/models/contracts/models.ts'
import { createEncoder } from '../plugins/models/encoder/encoder.ts'
import { windows } from '../plugins/models/encoder/windows.ts'
import { models } from '../plugins/models/ports.ts'

testPort(test.serial, modelsContract, { name: 'models with the local provider' })

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
  t.deepEqual(await (await list('rerank', token)).json(), { data: [] })
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
