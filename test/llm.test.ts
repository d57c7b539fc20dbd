/** Large language models behind the port `models`: each vendor's own protocol, by real servers that speak it, over the guarded client. */
import { randomUUID } from 'node:crypto'
import { register } from 'node:module'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { TestApp } from '../core/testing.ts'
import type { GenerateRequest, MessagePart, ModelPart, Models } from '../plugins/models/ports.ts'
import { speechServer } from './support/speech-server.ts'
import type { SpeechFake } from './support/speech-server.ts'
import { anthropic } from './support/vendor-servers/anthropic.ts'
import { google } from './support/vendor-servers/google.ts'
import { openAi } from './support/vendor-servers/openai.ts'
import { vendorServer } from './support/vendor-servers/server.ts'
import type { Asked, Script, Turn, VendorServer } from './support/vendor-servers/server.ts'

// Watches what is loaded from here on, so that the server itself is imported below.
const { port1: loaded, port2: port } = new MessageChannel()
register('./support/vendor-servers/watch-loading.ts', { parentURL: import.meta.url, data: { port }, transferList: [port] })
const packages = new Set<string>()
const packagesLoaded = (): string[] => {
  for (let one = receiveMessageOnPort(loaded); one; one = receiveMessageOnPort(loaded)) packages.add(/@ai-sdk\/[^/]+/.exec(String(one.message))?.[0] ?? '')
  return [...packages].filter((name) => !name.startsWith('@ai-sdk/provider')).sort()
}
const { testApp } = await import('../core/testing.ts')
const { HttpError } = await import('../core/index.ts')
const { accounts } = await import('../plugins/auth/ports.ts')
const { models } = await import('../plugins/models/ports.ts')
const { signIn } = await import('./support/world.ts')

const [key, ownKey] = ['sk-operator-key-abcdefgh1234', 'sk-workspace-key-ijklmnop5678']
const llm = (name: string, more: object = {}): object => ({ name, type: 'llm', contextSize: 8_000, features: ['vision', 'document', 'tool-call'], ...more })
const servers: Record<'openai' | 'anthropic' | 'google', VendorServer> = {} as never
/** Of nobody: where a workspace would like to go. */
let inside: VendorServer
let speech: SpeechFake
let app: TestApp
let port_: Models
const lines: unknown[] = []
const written = (fields: unknown, message?: string): void => { lines.push([fields instanceof Error ? fields.stack : fields, message]) }
const log = { debug: written, info: written, warn: written, error: written, child: () => log }
const workspace: string = randomUUID()
let strayed = 0

test.before(async () => {
  const straight = globalThis.fetch
  // No package may find its own way out.
  globalThis.fetch = (...call) => { strayed += 1; return straight(...call) }
  for (const [name, vendor] of Object.entries({ openai: openAi, anthropic, google })) servers[name as 'openai'] = await vendorServer(vendor, [key, ownKey])
  inside = await vendorServer(openAi, [ownKey])
  speech = await speechServer()
  const price = { input: 2.5, output: '10', unit: '0.000001', currency: 'EUR' }
  const chat = [llm('gpt', { price, maxTokens: 1_000 }), llm('blind', { features: [] }), llm('old', { mode: 'completion' }), llm('no-such-model')]
  app = await testApp({
    fakes: { logger: log },
    config: { plugins: { bootstrap: null }, adapters: { modelProvider: {
      compatible: { $adapter: 'openai-compatible', label: 'Compatible', baseUrl: `${servers.openai.url}/?tenant=tenant-secret-77`, apiKey: key, models: chat },
      azure: { $adapter: 'openai-compatible', label: 'Azure', baseUrl: servers.openai.url, apiKey: key, auth: 'api-key', query: { 'api-version': '7' }, headers: { 'x-team': 'search' }, streamUsage: false, models: chat },
      openai: { label: 'OpenAI', baseUrl: servers.openai.url, apiKey: key, models: [...chat, llm('gpt-5-mini'), { name: 'gpt-4o', type: 'llm' }] },
      anthropic: { label: 'Anthropic', baseUrl: servers.anthropic.url, apiKey: key, models: [llm('gpt', { price }), llm('claude-sonnet-5-5'), llm('claude-haiku-4-5'), llm('blind', { features: [] }), llm('no-such-model')] },
      google: { label: 'Google', baseUrl: servers.google.url, apiKey: key, models: [llm('gpt', { price }), llm('gemini-2.5-flash'), llm('gemini-3.8-flash'), llm('blind', { features: [] }), llm('no-such-model')] },
      hasty: { $adapter: 'openai-compatible', label: 'Hasty', baseUrl: servers.openai.url, apiKey: key, models: chat, timeoutMs: 250 },
      wrong: { $adapter: 'anthropic', label: 'Wrong', baseUrl: servers.anthropic.url, apiKey: 'sk-wrong-key-00000000', models: [llm('gpt')] },
      mistaken: { $adapter: 'google', label: 'Mistaken', baseUrl: servers.google.url, apiKey: 'sk-wrong-key-00000000', models: [llm('gpt')] },
      nowhere: { $adapter: 'openai-compatible', label: 'Nowhere', baseUrl: 'http://127.0.0.1:9/v1?code=url-secret-99', auth: 'none', models: chat },
      bring: { $adapter: 'openai-compatible', label: 'Bring your own' },
      sounds: { $adapter: 'openai-compatible', baseUrl: speech.url, apiKey: 'sk-key', models: [{ name: 'ear', type: 'speech2text' }, { name: 'judge', type: 'moderation' }, { name: 'voice', type: 'tts', voices: [{ value: 'ada' }] }] },
      ownSounds: { $adapter: 'openai-compatible', baseUrl: speech.url },
      ownAnthropic: { $adapter: 'anthropic', baseUrl: servers.anthropic.url },
      ownGoogle: { $adapter: 'google', baseUrl: servers.google.url },
    } } },
  })
  port_ = app.resolve(models)
})
test.after.always(async () => {
  await app.close()
  await Promise.all([...Object.values(servers), inside, speech].map((server) => server.close()))
  loaded.close()
})

const vendors = [['compatible', 'openai'], ['openai', 'openai'], ['anthropic', 'anthropic'], ['google', 'google']] as const
const question: GenerateRequest['messages'] = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Is the heron a bird?' }]
type Request = Parameters<Models['generate']>[2]
const ask = (provider: string, request: Partial<Request> = {}, model = 'gpt', of = workspace) => port_.generate(of, { provider, model }, { messages: question, ...request })
const collect = async (parts: AsyncIterable<ModelPart>): Promise<ModelPart[]> => { const all: ModelPart[] = []; for await (const part of parts) all.push(part); return all }
const said = (parts: readonly ModelPart[], type: 'text' | 'reasoning' = 'text'): string => parts.map((part) => part.type === type ? part.text : '').join('')
const sent = (server: VendorServer): Asked => server.asked.at(-1) as Asked

test.serial('no package is loaded before somebody asks it, and then its own alone', async (t) => {
  t.true((await port_.list(workspace, 'llm')).length >= 6)
  t.deepEqual(packagesLoaded(), [])
  t.is(said(await collect(ask('anthropic'))), 'Yes.')
  t.deepEqual(packagesLoaded(), ['@ai-sdk/anthropic'])
  t.is(said(await collect(ask('compatible'))), 'Yes.')
  t.deepEqual(packagesLoaded(), ['@ai-sdk/anthropic', '@ai-sdk/openai-compatible'])
})

const script: Script = {
  reasoning: ['Herons ', 'have feathers 🪶.'], text: ['The ', 'heron 🐦 ', 'is a bird: ', '鷺。'], usage: { input: 40, output: 12 },
  tools: [{ id: 'call_1', name: 'look_up', input: ['{"que', 'ry": "her', 'on"}'] }, { id: 'call_2', name: 'weather', input: ['{}'] }],
}
const tools = [{ name: 'look_up', description: 'Looks something up.', input: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] } }, { name: 'weather', description: 'Tells the weather.', input: { type: 'object', properties: {} } }]
for (const [provider, vendor] of vendors) {
  test.serial(`${provider}: text, reasoning, whole calls of tools, tokens and their price come as they are told`, async (t) => {
    const server = servers[vendor]
    server.next(script)
    const parts = await collect(ask(provider, { tools }))
    t.is(said(parts), 'The heron 🐦 is a bird: 鷺。')
    t.true(parts.filter(({ type }) => type === 'text').length >= 4, 'piece by piece')
    // The protocol of OpenAI itself has no reasoning: others have added it.
    t.is(said(parts, 'reasoning'), provider === 'openai' ? '' : 'Herons have feathers 🪶.')
    const calls = parts.flatMap((part) => part.type === 'tool-call' ? [{ ...part.call, input: JSON.parse(part.call.input) as unknown }] : [])
    t.deepEqual(calls, [{ id: 'call_1', name: 'look_up', input: { query: 'heron' } }, { id: 'call_2', name: 'weather', input: {} }])
    t.is(parts.findIndex(({ type }) => type === 'end'), parts.length - 1)
    t.like(parts.at(-1), { type: 'end', finish: 'tool-calls', usage: { promptTokens: 40, completionTokens: 12, totalTokens: 52, promptPrice: '0.0001', completionPrice: '0.00012', totalPrice: '0.00022', currency: 'EUR' } })
    t.true(JSON.stringify(sent(server).body.tools).includes('"look_up"') && JSON.stringify(sent(server).body.tools).includes('"query"'))

    for (const [finish, reason] of [['length', 'length'], ['filter', 'content-filter'], ['stop', 'stop']] as const) {
      server.next({ text: ['Well'], finish })
      t.like((await collect(ask(provider))).at(-1), { finish: reason })
    }
    // The whole conversation goes back, with what the tools said.
    await collect(ask(provider, { tools, messages: [
      ...question, { role: 'assistant', content: 'Let me see.', toolCalls: [{ id: 'call_1', name: 'look_up', input: '{"query": "heron"}' }] },
      { role: 'tool', content: 'A wading bird.', toolCallId: 'call_1', toolName: 'look_up' }, { role: 'assistant', content: '' }, { role: 'user', content: 'So \ud800?' },
    ] }))
    const body = JSON.stringify(sent(server).body)
    for (const words of ['Be brief.', 'Is the heron a bird?', 'Let me see.', 'look_up', 'A wading bird.', 'So \ufffd?']) t.true(body.includes(words), `${words} in ${body}`)
    // A prompt alone is a question.
    t.is(said(await collect(ask(provider, { messages: [{ role: 'system', content: 'Say yes.' }, { role: 'user', content: ' ' }] }))), 'Yes.')
  })
}

test.serial('keys, queries and headers travel as each server wants them, and nothing tells of this one', async (t) => {
  await collect(ask('compatible'))
  t.is(sent(servers.openai).headers.authorization, `Bearer ${key}`)
  t.deepEqual([sent(servers.openai).path, sent(servers.openai).query], ['/v1/chat/completions', { tenant: 'tenant-secret-77' }])
  await collect(ask('azure'))
  t.like(sent(servers.openai).headers, { 'api-key': key, 'x-team': 'search', authorization: undefined })
  t.deepEqual(sent(servers.openai).query, { 'api-version': '7' })
  t.is(sent(servers.openai).body.stream_options, undefined)
  await collect(ask('anthropic'))
  t.like(sent(servers.anthropic).headers, { 'x-api-key': key, authorization: undefined })
  await collect(ask('google'))
  t.like(sent(servers.google).headers, { 'x-goog-api-key': key, authorization: undefined })
  t.deepEqual(sent(servers.google).query, { alt: 'sse' })
  for (const server of Object.values(servers)) t.notRegex(JSON.stringify(server.asked.map(({ headers }) => headers)), /node|runtime|on-the-way/)
})

test.serial('parameters, stops and the user reach each vendor in its own words', async (t) => {
  const parameters = { temperature: 0.5, top_p: 0.9, max_tokens: 77 }
  const more = { presence_penalty: 0.1, frequency_penalty: 0.2, seed: 7, response_format: 'json_object' }
  const stop = ['END', 'STOP']
  await collect(ask('compatible', { parameters: { ...parameters, ...more, top_k: 40, reasoning_effort: 'low' }, stop, user: 'u-1' }))
  t.like(sent(servers.openai).body, { model: 'gpt', ...parameters, ...more, response_format: { type: 'json_object' }, top_k: 40, reasoning_effort: 'low', user: 'u-1' })
  t.deepEqual(sent(servers.openai).body.stop, stop)
  await collect(ask('openai', { parameters: { ...parameters, ...more }, stop, user: 'u-1' }))
  t.like(sent(servers.openai).body, { model: 'gpt', ...parameters, ...more, response_format: { type: 'json_object' }, user: 'u-1' })
  await collect(ask('openai', { parameters: { max_tokens: 77, reasoning_effort: 'high' } }, 'gpt-5-mini'))
  t.like(sent(servers.openai).body, { max_completion_tokens: 77, max_tokens: undefined, reasoning_effort: 'high' })

  await collect(ask('anthropic', { parameters: { temperature: 0.5, max_tokens: 77, top_k: 40 }, stop, user: 'u-1' }))
  t.like(sent(servers.anthropic).body, { model: 'gpt', temperature: 0.5, max_tokens: 77, top_k: 40, metadata: { user_id: 'u-1' } })
  t.deepEqual(sent(servers.anthropic).body.stop_sequences, stop)
  t.like(sent(servers.anthropic).body.system[0], { type: 'text', text: 'Be brief.' })
  await collect(ask('anthropic', { parameters: { reasoning_effort: 'low' } }, 'claude-haiku-4-5'))
  t.deepEqual(sent(servers.anthropic).body.thinking, { type: 'enabled', budget_tokens: 2_048 })
  await collect(ask('anthropic', { parameters: { reasoning_effort: 'high' } }, 'claude-sonnet-5-5'))
  t.like(sent(servers.anthropic).body, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })

  await collect(ask('google', { parameters: { ...parameters, ...more, top_k: 40 }, stop }))
  t.like(sent(servers.google).body.generationConfig, { temperature: 0.5, topP: 0.9, topK: 40, maxOutputTokens: 77, presencePenalty: 0.1, frequencyPenalty: 0.2, seed: 7, responseMimeType: 'application/json' })
  t.deepEqual(sent(servers.google).body.generationConfig.stopSequences, stop)
  t.like(sent(servers.google).body.systemInstruction, { parts: [{ text: 'Be brief.' }] })
  t.is(sent(servers.google).path, '/v1beta/models/gpt:streamGenerateContent')
  for (const [model, thinking] of [['gemini-2.5-flash', { includeThoughts: true, thinkingBudget: 2_048 }], ['gemini-3.8-flash', { includeThoughts: true, thinkingLevel: 'low' }]] as const) {
    await collect(ask('google', { parameters: { reasoning_effort: 'low' } }, model))
    t.deepEqual(sent(servers.google).body.generationConfig.thinkingConfig, thinking)
  }

  const rules = async (provider: string, model = 'gpt') => (await port_.find(workspace, { provider, model }, 'llm'))?.parameters ?? []
  t.like((await rules('compatible')).find(({ name }) => name === 'max_tokens'), { type: 'int', min: 1, max: 1_000 })
  t.deepEqual((await rules('anthropic')).map(({ name }) => name), ['temperature', 'top_p', 'top_k', 'max_tokens', 'reasoning_effort'])
  t.like((await rules('anthropic'))[0], { max: 1 })
  t.false((await rules('compatible', 'old')).some(({ name }) => name === 'response_format'))
  // What an operator leaves out of a model that is known stands in our table.
  t.like(await port_.find(workspace, { provider: 'openai', model: 'gpt-4o' }, 'llm'), { contextSize: 128_000, mode: 'chat' })
})

test.serial('a model that completes gets the prompt as it is, and a dialogue where there is one', async (t) => {
  for (const provider of ['compatible', 'openai']) {
    servers.openai.next({ text: [' upon', ' a time'], usage: { input: 2, output: 3 } })
    const parts = await collect(ask(provider, { messages: [{ role: 'user', content: 'Once' }], parameters: { max_tokens: 5, temperature: 0 }, stop: ['\nYou:'] }, 'old'))
    t.is(said(parts), ' upon a time')
    t.like(parts.at(-1), { finish: 'stop', usage: { promptTokens: 2, completionTokens: 3 } })
    t.is(sent(servers.openai).path, '/v1/completions')
    t.like(sent(servers.openai).body, { prompt: 'Once', max_tokens: 5, temperature: 0 })
    t.deepEqual(sent(servers.openai).body.stop, ['\nYou:'])
    await collect(ask(provider, {}, 'old'))
    t.regex(sent(servers.openai).body.prompt as string, /Be brief\.[\s\S]*Is the heron a bird\?[\s\S]*assistant:/)
    const before = servers.openai.asked.length
    await t.throwsAsync(collect(ask(provider, { messages: [...question, { role: 'tool', content: 'Yes.', toolCallId: '1', toolName: 'look_up' }] }, 'old')), { instanceOf: HttpError, message: /old of .* cannot be asked in this way/ })
    t.is(servers.openai.asked.length, before)
  }
})

test.serial('pictures and documents go to models that take them, and to no other', async (t) => {
  const png = Buffer.from('89504e470d0a1a0a', 'hex')
  const message = (mediaType: string, data: Uint8Array | URL = png, name = 'a file'): GenerateRequest['messages'] => [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'file', mediaType, data, name }] }]
  for (const [provider, vendor] of vendors) {
    for (const [mediaType, name] of [['image/png', 'a.png'], ['application/pdf', 'a.pdf']] as const) {
      await collect(ask(provider, { messages: message(mediaType, png, name) }))
      t.true(JSON.stringify(sent(servers[vendor]).body).includes(png.toString('base64')), `${provider} ${mediaType}`)
    }
    await collect(ask(provider, { messages: message('text/markdown', Buffer.from('# Herons'), 'notes.md') }))
    t.true(JSON.stringify(sent(servers[vendor]).body).includes('notes.md:\\n# Herons'), provider)
    const before = servers[vendor].asked.length
    for (const [model, type, words] of [['blind', 'image/png', /blind takes no images.*"vision"/], ['blind', 'text/plain', /takes no texts or PDF files/], ['gpt', 'audio/mpeg', /takes no sounds/], ['gpt', 'application/msword', /PDF and plain text/]] as const) {
      const error = await t.throwsAsync(collect(ask(provider, { messages: message(type) }, model)), { instanceOf: HttpError, message: words })
      t.deepEqual([error.status, error.code], [400, 'completion_request_error'])
    }
    // An address is loaded here, by the client that calls no private one.
    await t.throwsAsync(collect(ask(provider, { messages: message('image/png', new URL(`${inside.url}/models`)) })), { instanceOf: HttpError, message: /cannot be loaded/ })
    t.is(servers[vendor].asked.length, before)
    // Of an earlier message it is told that it is not there any more.
    const [{ role, content }] = message('image/png', new URL(`${inside.url}/models`), 'old.png') as [{ role: 'user'; content: readonly MessagePart[] }]
    await collect(ask(provider, { messages: [{ role, content: content.map((part) => part.type === 'file' ? { ...part, isEarlier: true } : part) }, { role: 'assistant', content: 'A heron.' }, { role: 'user', content: 'Sure?' }] }))
    t.regex(JSON.stringify(sent(servers[vendor]).body), /old\.png[^}]*cannot be read any more/, provider)
  }
  t.is(inside.asked.length, 0)
})

const secrets = /a word of theirs|mishap|sk-|-secret-|heron a bird|tenant|api key: /i
const fails = async (t: ExecutionContext, provider: string, turns: readonly Turn[], [status, code, words]: readonly [number, string, RegExp], model = 'gpt'): Promise<number> => {
  const server = servers[provider === 'anthropic' || provider === 'google' ? provider : 'openai']
  const before = server.asked.length
  server.next(...turns)
  const error = await t.throwsAsync(collect(ask(provider, {}, model)), { instanceOf: HttpError }, `${provider} ${JSON.stringify(turns)}`)
  t.deepEqual([error.status, error.code], [status, code], `${provider} ${JSON.stringify(turns)}: ${error.message}`)
  t.regex(error.message, words)
  t.notRegex(error.message, secrets)
  return server.asked.length - before
}
for (const [provider] of vendors) {
  test.serial(`${provider}: failures are told apart, in words of ours, and what passes is tried again before the first word`, async (t) => {
    const completion = 'completion_request_error'
    const hint = { 'retry-after-ms': '1' }
    for (const status of [401, 403]) t.is(await fails(t, provider, [{ status }], [400, 'provider_not_initialize', /refuses the API key/]), 1)
    t.is(await fails(t, provider, [{ status: 404 }], [400, 'model_currently_not_support', /has no model "gpt"/]), 1)
    t.is(await fails(t, provider, [], [400, 'model_currently_not_support', /has no model "no-such-model"/], 'no-such-model'), 1)
    t.is(await fails(t, provider, [{ status: 402 }], [400, 'provider_quota_exceeded', /Top it up/]), 1)
    t.is(await fails(t, provider, [{ status: 429, body: '{"error": {"message": "a word of theirs", "code": "insufficient_quota"}}' }], [400, 'provider_quota_exceeded', /Top it up/]), 1)
    for (const status of [400, 413, 422]) t.is(await fails(t, provider, [{ status }], [400, completion, /too long for gpt/]), 1)
    t.is(await fails(t, provider, Array<Turn>(3).fill({ status: 429, headers: hint }), [429, 'rate_limit_error', /more often than it allows/]), 3)
    t.is(await fails(t, provider, [{ status: 429, headers: { 'retry-after': '60' } }], [429, 'rate_limit_error', /Try again in a while/]), 1)
    t.is(await fails(t, provider, [{ status: 503, headers: { 'retry-after': '60' } }], [400, completion, /overloaded.*another model/]), 1)
    t.is(await fails(t, provider, Array<Turn>(3).fill({ status: 529, headers: hint }), [400, completion, /overloaded/]), 3)
    t.is(await fails(t, provider, ['page'], [400, completion, /no stream/]), 1)

    // Well again, after as long as it asks for.
    const server = servers[provider === 'compatible' ? 'openai' : provider]
    server.next('cut', { status: 429, headers: { 'retry-after': '1' } })
    t.is(said(await collect(ask(provider))), 'Yes.')
    const [first, second] = server.asked.slice(-2)
    t.true((second?.at ?? 0) - (first?.at ?? 0) >= 990)

    // In the middle, after the first words: nothing is begun anew, and what came is kept.
    for (const [then, expected] of [
      ['overloaded', [400, completion, /overloaded/]], ['rate limit', [429, 'rate_limit_error', /more often/]],
      ['cut', [400, completion, /broke off/]], ['end', [400, completion, /broke off/]], ['garbage', [400, completion, /broke off/]],
    ] as const) {
      const before = server.asked.length
      server.next({ after: 5, then })
      const parts: ModelPart[] = []
      const error = await t.throwsAsync(async () => { for await (const part of ask(provider)) parts.push(part) }, { instanceOf: HttpError }, then)
      t.deepEqual([error.status, error.code], [expected[0], expected[1]], `${then}: ${error.message}`)
      t.regex(error.message, expected[2], then)
      t.notRegex(error.message, secrets)
      t.regex(said(parts), /^A long/, then)
      t.is(server.asked.length, before + 1)
    }
    // An error that comes as a part of the answer, before its first word, is one that passes.
    server.next({ after: provider === 'google' ? 0 : 1, then: 'overloaded' })
    t.is(said(await collect(ask(provider))), 'Yes.')
  })

  test.serial(`${provider}: who listens no more, or aborts, ends the request at once`, async (t) => {
    const server = servers[provider === 'compatible' ? 'openai' : provider]
    for (const turn of ['silence', { after: 5, then: 'silence' }] as const) {
      const abort = new AbortController()
      const reason = new Error('enough')
      const asked = server.asked.length
      const gone = server.abandonment()
      server.next(turn)
      const waiting = t.throwsAsync(async () => { for await (const part of ask(provider, { signal: abort.signal })) if (part.type === 'text') setTimeout(() => { abort.abort(reason) }, 5) })
      if (turn === 'silence') setTimeout(() => { abort.abort(reason) }, 50)
      t.is(await waiting, reason)
      await gone
      t.is(server.asked.length, asked + 1)
    }
    const gone = server.abandonment()
    server.next({ after: 5, then: 'silence' })
    for await (const part of ask(provider)) if (part.type === 'text') break
    await gone
    const already = AbortSignal.abort(new Error('before'))
    await t.throwsAsync(collect(ask(provider, { signal: already })), { message: 'before' })
  })
}

test.serial('a key that is wrong, a server that is silent, and one that is not there', async (t) => {
  for (const provider of ['wrong', 'mistaken']) t.is((await t.throwsAsync(collect(ask(provider)), { instanceOf: HttpError, message: /refuses the API key \(40\d\).*operator/ })).code, 'provider_not_initialize')
  const began = performance.now()
  for (const turn of ['silence', { after: 5, then: 'silence' }] as const) {
    servers.openai.next(turn)
    t.is((await t.throwsAsync(collect(ask('hasty')), { instanceOf: HttpError, message: /Hasty was silent for more than 1 seconds.*timeoutMs/ })).code, 'completion_request_error')
  }
  t.true(performance.now() - began < 3_000)
  const error = await t.throwsAsync(collect(ask('nowhere')), { instanceOf: HttpError, message: /Nowhere could not be reached/ })
  t.notRegex(error.message, /url-secret|127\.0/)
  // The log knows what the vendors said, and no key of anybody.
  t.regex(JSON.stringify(lines), /a mishap/)
  t.regex(JSON.stringify(lines), /a word of theirs/)
  t.notRegex(JSON.stringify(lines), /sk-operator|sk-wrong|tenant-secret|url-secret/)
  t.is(strayed, 0, 'nothing went another way')
})

test.serial('a workspace enters its own credentials, which are tried; a private address of its own is refused', async (t) => {
  const port = app.resolve(accounts)
  const { accountId } = await port.createAccount({ email: 'own@example.org', name: 'Own', password: 'correct horse 42' })
  const { workspaceId } = await port.createWorkspace('Own', accountId)
  const owner = await signIn(app, { email: 'own@example.org', password: 'correct horse 42' })
  const enter = async (provider: string, credentials: object, method = 'POST'): Promise<{ status: number; text: string }> => {
    const response = await app.fetch(`/console/api/workspaces/current/model-providers/${provider}/credentials`, { method, headers: owner, json: { credentials } })
    return { status: response.status, text: await response.text() }
  }
  const entered = (more: object = {}): object => ({ model: 'mine', model_type: 'llm', context_size: 4_000, max_tokens: 500, features: ['vision'], price: { input: '1', output: 2 }, ...more })
  for (const provider of ['ownAnthropic', 'ownGoogle']) {
    const server = servers[provider === 'ownGoogle' ? 'google' : 'anthropic']
    await t.throwsAsync(collect(ask(provider, {}, 'mine', workspaceId)), { message: /needs credentials of this workspace/ })
    const wrong = await enter(provider, { api_key: 'sk-wrong-key-00000000' })
    t.regex(wrong.text, /credentials_validate_failed.*refuses the API key/)
    t.notRegex(wrong.text, /sk-wrong/)
    t.regex((await enter(provider, { api_key: ownKey, models: [entered({ model: 'no-such' })] })).text, /credentials_validate_failed.*has no model/)
    for (const bad of [entered({ model_type: 'rerank' }), entered({ price: { input: '-1', output: '1' } }), entered({ features: ['magic'] }), entered({ mode: 'other' }), entered({ voices: [] })]) t.regex((await enter(provider, { api_key: ownKey, models: [bad] })).text, /invalid_param/)
    const before = server.asked.length
    const { status, text } = await enter(provider, { api_key: ownKey, models: [entered()] })
    t.is(status, 201, text)
    t.is(server.asked.length, before + 1, 'one small request')
    t.is(said(await collect(ask(provider, {}, 'mine', workspaceId))), 'Yes.')
    t.is(sent(server).headers[provider === 'ownGoogle' ? 'x-goog-api-key' : 'x-api-key'], ownKey)
    t.like(await port_.find(workspaceId, { provider, model: 'mine' }, 'llm'), { contextSize: 4_000, features: ['vision'], mode: 'chat', price: { input: '1', output: '2', unit: '0.000001', currency: 'USD' } })
    t.true((await port_.list(workspaceId, 'llm')).find((one) => one.provider === provider)?.models.some(({ name }) => /gemini-2\.5-pro|claude-haiku-4-5/.test(name)))
  }
  const sounding = [entered({ model: 'ear', model_type: 'speech2text' }), entered({ model: 'judge', model_type: 'moderation' }), entered({ model: 'voice', model_type: 'tts', voices: [{ value: 'ada' }] })]
    .map((one) => ({ ...one, max_tokens: undefined, features: undefined, price: undefined }))
  t.regex((await enter('ownSounds', { api_key: ownKey, models: sounding })).text, /refuses the API key/)
  t.is((await enter('ownSounds', { api_key: 'sk-key', models: sounding })).status, 201)
  t.deepEqual(speech.heard.slice(1).map(({ path }) => path), ['/v1/audio/transcriptions', '/v1/moderations', '/v1/audio/speech'])
  for (const [provider, of] of [['sounds', workspace], ['ownSounds', workspaceId]] as const) {
    t.deepEqual(await port_.moderate(of, { provider, model: 'judge' }, { text: 'a forbidden word' }), { flagged: true })
    t.regex((await port_.transcribe(of, { provider, model: 'ear' }, { audio: Buffer.from('12345'), mediaType: 'audio/wav', name: 'a.wav' })).text, /ear heard 5 bytes/)
    const pieces: Uint8Array[] = []
    for await (const piece of (await port_.speak(of, { provider, model: 'voice' }, { text: 'Hello', voice: 'ada' })).audio) pieces.push(piece)
    t.is(Buffer.concat(pieces).toString(), 'ada:Hello|')
  }
  // The server of the operator is private too; a workspace cannot name it, nor any other.
  const before = inside.asked.length + servers.openai.asked.length
  for (const provider of ['bring', 'ownAnthropic', 'ownGoogle']) {
    for (const base_url of [inside.url, servers.openai.url, 'http://169.254.169.254/v1', 'http://[::1]:9/v1', 'http://2130706433/v1']) {
      const { status, text } = await enter(provider, { api_key: ownKey, base_url, models: [entered()] }, provider === 'bring' ? 'POST' : 'PUT')
      t.is(status, 400, text)
      t.regex(text, /credentials_validate_failed.*public address/)
    }
  }
  t.is(inside.asked.length + servers.openai.asked.length, before)
})
