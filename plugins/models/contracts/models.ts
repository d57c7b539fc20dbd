/** The laws of `models`, over whatever providers are configured; at least one of them must embed without what a workspace enters. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract, HttpError, vault } from '../../../core/index.ts'
import { ownerOf } from '../models/model-credential.ts'
import { modelProvider, models } from '../ports.ts'
import type { ModelPart, ModelRef, Models } from '../ports.ts'

const workspace = '7f0c4b3e-51a4-4c6d-9d61-0c8f5a1f6f11'
const chosen = async (subject: Models): Promise<ModelRef> => {
  const ref = await subject.defaultModel(workspace, 'text-embedding')
  assert.ok(ref, 'no provider offers an embedding model')
  return ref
}
const reranker = (subject: Models): Promise<ModelRef | undefined> => subject.defaultModel(workspace, 'rerank')
const writer = (subject: Models): Promise<ModelRef | undefined> => subject.defaultModel(workspace, 'llm')
type Request = Parameters<Models['generate']>[2]
const asking: Request = { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'How long is the bridge closed? \0 \ud800' }], passages: ['Tea is served at four.', 'The bridge is closed for a week.'] }
const generated = async (subject: Models, ref: ModelRef, request: Request): Promise<ModelPart[]> => {
  const parts: ModelPart[] = []
  for await (const part of subject.generate(workspace, ref, request)) parts.push(part)
  return parts
}
const length = (vector: Float32Array): number => Math.hypot(...vector)
const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0)
const refusedWith = (code: string) => (error: unknown): boolean => error instanceof HttpError && error.status === 400 && error.code === code

export const modelsContract = defineContract(models, {
  uses: { providers: modelProvider, vault, db: database },
  laws: {
    'the default model is listed and found': async (subject) => {
      const ref = await chosen(subject)
      const listed = await subject.list(workspace, 'text-embedding')
      assert.ok(listed.some(({ provider, models: offered }) => provider === ref.provider && offered.some(({ name }) => name === ref.model)))
      assert.equal((await subject.find(workspace, ref, 'text-embedding'))?.name, ref.model)
    },
    'a type that nobody offers has no default and an empty list': async (subject) => {
      for (const type of ['rerank', 'llm', 'tts', 'speech2text', 'moderation'] as const) {
        const listed = await subject.list(workspace, type)
        assert.equal(await subject.defaultModel(workspace, type) === undefined, listed.length === 0)
        assert.ok(listed.every(({ models: offered }) => offered.length > 0 && offered.every((model) => model.type === type)))
      }
    },
    'unknown providers and models are not found, and embedding with them says which of the two is unknown': async (subject) => {
      const { provider, model } = await chosen(subject)
      const request = { texts: ['a'], purpose: 'query' as const }
      assert.equal(await subject.find(workspace, { provider: 'no-such', model }, 'text-embedding'), undefined)
      assert.equal(await subject.find(workspace, { provider, model: 'no-such' }, 'text-embedding'), undefined)
      assert.equal(await subject.find(workspace, { provider, model }, 'tts'), undefined)
      await assert.rejects(subject.embed(workspace, { provider: 'no-such', model }, request), refusedWith('provider_not_initialize'))
      await assert.rejects(subject.embed(workspace, { provider, model: 'no-such' }, request), refusedWith('model_currently_not_support'))
    },
    'one vector of unit length and of the promised dimension per text, in order, whatever the text': async (subject) => {
      const ref = await chosen(subject)
      const dimensions = (await subject.find(workspace, ref, 'text-embedding'))?.dimensions
      const texts = [
        '', ' \n', '.', "quotes ' \" and \\ and $1", 'nul \0 in it', '\ud800', '数据库连接失败', 'Ёлка 1 ελιά', 'x'.repeat(65_536), 'word '.repeat(2_000),
      ]
      const { vectors, tokens } = await subject.embed(workspace, ref, { texts, purpose: 'document' })
      assert.equal(vectors.length, texts.length)
      for (const vector of vectors) {
        assert.equal(vector.length, dimensions ?? vector.length)
        assert.ok(Math.abs(length(vector) - 1) < 1e-3, `a vector has length ${length(vector)}`)
      }
      assert.ok(Number.isInteger(tokens) && tokens >= 0)
    },
    'a text has the same vector alone and among others': async (subject) => {
      const ref = await chosen(subject)
      const [alone] = (await subject.embed(workspace, ref, { texts: ['The bridge is closed.'], purpose: 'document' })).vectors
      const texts = ['Tea.', 'The bridge is closed.', 'A far longer text about something else altogether.']
      const many = (await subject.embed(workspace, ref, { texts, purpose: 'document' })).vectors
      assert.ok(cosine(alone as Float32Array, many[1] as Float32Array) > 0.999)
    },
    'texts of like meaning are nearer than others': async (subject) => {
      const ref = await chosen(subject)
      const [question, near, far] = (await subject.embed(workspace, ref, {
        texts: ['How do I get my money back?', 'Refunds are paid within ten days.', 'Volcanoes erupt when magma rises.'], purpose: 'document',
      })).vectors as [Float32Array, Float32Array, Float32Array]
      assert.ok(cosine(question, near) > cosine(question, far))
    },
    'no texts give no vectors': async (subject) => {
      assert.deepEqual(await subject.embed(workspace, await chosen(subject), { texts: [], purpose: 'query' }), { vectors: [], tokens: 0 })
    },
    'each document has a score of 0..1 in its place, whatever the order of the documents': async (subject) => {
      const ref = await reranker(subject)
      if (!ref) return
      const query = 'How long is the bridge closed?'
      const documents = ['Tea is served at four.', '', 'The bridge is closed for a week.', "quotes ' \" and \\ and $1", '数据库连接失败', 'nul \0 in it', '\ud800', 'word '.repeat(2_000)]
      const { scores, tokens } = await subject.rerank(workspace, ref, { query, documents })
      assert.equal(scores.length, documents.length)
      assert.ok(scores.every((score) => score >= 0 && score <= 1), `the scores are ${scores.join(', ')}`)
      assert.ok(Number.isInteger(tokens) && tokens >= 0)
      assert.equal(scores.indexOf(Math.max(...scores)), 2, 'what answers the question has the best score')
      const turned = (await subject.rerank(workspace, ref, { query, documents: documents.toReversed() })).scores.toReversed()
      scores.forEach((score, index) => { assert.ok(Math.abs(score - (turned[index] as number)) < 1e-3) })
    },
    'no documents have no scores, and reranking says which of provider and model is unknown': async (subject) => {
      const ref = await reranker(subject)
      if (!ref) return
      assert.deepEqual(await subject.rerank(workspace, ref, { query: 'a', documents: [] }), { scores: [], tokens: 0 })
      const request = { query: 'a', documents: ['a'] }
      await assert.rejects(subject.rerank(workspace, { ...ref, provider: 'no-such' }, request), refusedWith('provider_not_initialize'))
      await assert.rejects(subject.rerank(workspace, { ...ref, model: 'no-such' }, request), refusedWith('model_currently_not_support'))
      await assert.rejects(subject.rerank(workspace, await chosen(subject), request), refusedWith('model_currently_not_support'))
    },
    'what is generated ends once, at last, with a usage that sums up': async (subject) => {
      const ref = await writer(subject)
      if (!ref) return
      for (const messages of [asking.messages, [{ role: 'user' as const, content: [{ type: 'text' as const, text: '' }] }]]) {
        const parts = await generated(subject, ref, { ...asking, messages })
        const end = parts.at(-1)
        assert.ok(end?.type === 'end', 'the last part is the end')
        assert.ok(parts.slice(0, -1).every((part) => part.type === 'tool-call' || part.type !== 'end' && part.text !== ''), 'others have something to say')
        const { usage } = end
        for (const tokens of [usage.promptTokens, usage.completionTokens]) assert.ok(Number.isSafeInteger(tokens) && tokens >= 0, `${tokens} are no tokens`)
        assert.equal(usage.totalTokens, usage.promptTokens + usage.completionTokens)
        for (const price of [usage.promptUnitPrice, usage.promptPriceUnit, usage.promptPrice, usage.completionUnitPrice, usage.completionPriceUnit, usage.completionPrice, usage.totalPrice]) {
          assert.match(price, /^\d+(\.\d+)?$/)
        }
        assert.ok(Math.abs(Number(usage.totalPrice) - Number(usage.promptPrice) - Number(usage.completionPrice)) < 1e-9)
        assert.match(usage.currency, /^[A-Z]{3}$/)
      }
    },
    'generating says which of provider and model is unknown': async (subject) => {
      const ref = await writer(subject)
      if (!ref) return
      await assert.rejects(generated(subject, { ...ref, provider: 'no-such' }, asking), refusedWith('provider_not_initialize'))
      await assert.rejects(generated(subject, { ...ref, model: 'no-such' }, asking), refusedWith('model_currently_not_support'))
      await assert.rejects(generated(subject, await chosen(subject), asking), refusedWith('model_currently_not_support'))
    },
    'a parameter that the model does not have, or out of its bounds, is refused, and what is null is left out': async (subject) => {
      const ref = await writer(subject)
      if (!ref) return
      const rules = (await subject.find(workspace, ref, 'llm'))?.parameters ?? []
      await assert.rejects(generated(subject, ref, { ...asking, parameters: { 'no-such': 1 } }), refusedWith('invalid_param'))
      for (const { name, type, max, min } of rules) {
        const bad = [...max === undefined ? [] : [max + 1], ...min === undefined ? [] : [min - 1], type === 'string' ? 1 : 'x', {}]
        for (const value of bad) await assert.rejects(generated(subject, ref, { ...asking, parameters: { [name]: value } }), refusedWith('invalid_param'), `${name} is ${JSON.stringify(value)}`)
      }
      const nothing = Object.fromEntries(rules.filter(({ required }) => !required).map(({ name }) => [name, null]))
      assert.equal((await generated(subject, ref, { ...asking, parameters: nothing })).at(-1)?.type, 'end')
    },
    'an answer that is aborted ends with the reason, and the next one comes': async (subject) => {
      const ref = await writer(subject)
      if (!ref) return
      const abort = new AbortController()
      const reason = new Error('enough')
      const running = subject.generate(workspace, ref, { ...asking, signal: abort.signal })[Symbol.asyncIterator]()
      const first = await running.next()
      abort.abort(reason)
      if (!first.done && first.value.type !== 'end') await assert.rejects(async () => { while (!(await running.next()).done); }, (error) => error === reason)
      await assert.rejects(generated(subject, ref, { ...asking, signal: abort.signal }), (error) => error === reason)
      assert.equal((await generated(subject, ref, asking)).at(-1)?.type, 'end')
    },
    'credentials of one workspace never serve another': async (subject, { providers, vault, db }) => {
      const credentials = { api_key: 'a-key-of-one-workspace' }
      for (const [provider, { credentials: schema, models: offered }] of providers) {
        const model = schema && !schema.validate(credentials).error ? offered(credentials).find(({ type }) => type === 'text-embedding') : undefined
        if (!model) continue
        const [mine, theirs, elsewhere, id] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
        await db.query(
          `INSERT INTO model_credentials (id, workspace_id, provider, sealed, created_by, created_at, updated_by, updated_at) VALUES ($1, $2, $3, $4, $1, now(), $1, now())`,
          [id, mine, provider, await vault.seal(JSON.stringify(credentials), ownerOf(mine, id))])
        const ref = { provider, model: model.name }
        assert.equal((await subject.find(mine, ref, 'text-embedding'))?.name, model.name)
        const isClosedTo = async (other: string): Promise<void> => {
          assert.equal(await subject.find(other, ref, 'text-embedding'), undefined)
          assert.ok((await subject.list(other, 'text-embedding')).every((one) => one.provider !== provider))
          await assert.rejects(subject.embed(other, ref, { texts: ['a'], purpose: 'query' }), refusedWith('provider_not_initialize'))
        }
        await isClosedTo(theirs)
        // A row that was moved to another workspace opens for nobody.
        await db.query('UPDATE model_credentials SET workspace_id = $2 WHERE id = $1', [id, elsewhere])
        await isClosedTo(elsewhere)
      }
    },
    'an aborted call is refused with the reason, and the next one works': async (subject) => {
      const ref = await chosen(subject)
      const abort = new AbortController()
      const texts = Array.from({ length: 50 }, (_, index) => `Passage number ${index} of a long document.`)
      const running = subject.embed(workspace, ref, { texts, purpose: 'document', signal: abort.signal })
      const reason = new Error('enough')
      abort.abort(reason)
      await assert.rejects(running, (error) => error === reason)
      await assert.rejects(subject.embed(workspace, ref, { texts, purpose: 'query', signal: abort.signal }), (error) => error === reason)
      assert.equal((await subject.embed(workspace, ref, { texts: ['again'], purpose: 'query' })).vectors.length, 1)
    },
  },
})
