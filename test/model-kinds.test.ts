/** Models of the kinds that apps need: those that write, hear, speak and judge. What is asked of each, what it costs, and what goes wrong. */
import test from 'ava'
import { HttpError } from '../core/index.ts'
import type { Logger } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { modelsContract } from '../plugins/models/contracts/models.ts'
import { generateExtract } from '../plugins/models/extractive/generate.ts'
import { sentencesOf } from '../plugins/models/extractive/sentences.ts'
import { asking } from '../plugins/models/openai/connection.ts'
import type { Place } from '../plugins/models/openai/connection.ts'
import { moderateText } from '../plugins/models/openai/moderation.ts'
import { speakText, transcribeRecording } from '../plugins/models/openai/speech.ts'
import { modelProvider, models } from '../plugins/models/ports.ts'
import type { GenerateRequest, ModelPart, Models, ProviderPart, Speech } from '../plugins/models/ports.ts'
import { checkedParameters } from '../plugins/models/services/parameters.ts'
import { priced } from '../plugins/models/services/usage.ts'
import { guardedClient } from '../plugins/platform/services/outbound-client.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { speechServer } from './support/speech-server.ts'
import type { SpeechFake } from './support/speech-server.ts'
import { toyLlm } from './support/toy-llm.ts'
import { signIn } from './support/world.ts'

const llm = toyLlm()
testPort(test.serial, modelsContract, { name: 'models with a provider that writes', fakes: { modelProvider: new Map([['toy', llm.provider]]) } })

let app: TestApp
let server: SpeechFake
let workspaceId: string
let session: Record<string, string>
test.before(async () => {
  server = await speechServer()
  app = await testApp({ fakes: { modelProvider: new Map([['toy', llm.provider], ['openai', toyLlm().provider]]) } })
  const owner = await app.resolve(accounts).setup({ email: 'a@example.org', name: 'A', password: 'a model citizen 7' })
  workspaceId = owner?.workspaceId ?? ''
  session = await signIn(app, { email: 'a@example.org', password: 'a model citizen 7' })
})
test.after.always(async () => { await app.close(); await server.close() })
test.beforeEach(() => {
  llm.asked.length = 0
  llm.answer = () => 'All is well.'
})

const ref = { provider: 'toy', model: 'echo' }
const hello = { messages: [{ role: 'user' as const, content: 'hello there' }] }
const told = async (request: Partial<GenerateRequest> = {}, to = ref): Promise<{ text: string; parts: ModelPart[]; end: Extract<ModelPart, { type: 'end' }> | undefined }> => {
  const parts: ModelPart[] = []
  for await (const part of app.resolve(models).generate(workspaceId, to, { ...hello, ...request })) parts.push(part)
  const last = parts.at(-1)
  return { text: parts.map((part) => part.type === 'text' ? part.text : '').join(''), parts, end: last?.type === 'end' ? last : undefined }
}
const refused = (code: string, words: RegExp, params?: string) => (error: unknown): boolean =>
  error instanceof HttpError && error.code === code && words.test(error.message) && (params === undefined || error.params === params)
const throwing = async (t: { true(value: boolean, message?: string): void }, work: () => Promise<unknown>, code: string, words: RegExp, params?: string): Promise<void> => {
  const error: unknown = await work().then(() => undefined, (reason: unknown) => reason)
  t.true(refused(code, words, params)(error), `${String(error)} is no ${code}`)
}

test.serial('parameters are checked before anybody is asked, and named with their bounds', async (t) => {
  for (const [parameters, name, words] of [
    [{ temperature: 3 }, 'temperature', /"temperature" of the model "echo" is a number from 0 to 2, and not 3\./], [{ temperature: '1' }, 'temperature', /a number from 0 to 2, and not "1"/],
    [{ temperature: NaN }, 'temperature', /a number/], [{ max_tokens: 1.5 }, 'max_tokens', /a whole number from 1 to 2000, and not 1.5/], [{ max_tokens: 0 }, 'max_tokens', /1 to 2000/],
    [{ top_k: 1 }, 'top_k', /has no parameter "top_k"\. It takes temperature, max_tokens\./], [{ ['__proto__x'.repeat(30)]: { a: 1 } }, '', /has no parameter/], [{ constructor: 1 }, 'constructor', /has no parameter/],
  ] as const) await throwing(t, () => told({ parameters }), 'invalid_param', words, name || undefined)
  t.is(llm.asked.length, 0)
  await told({ parameters: { temperature: 0, max_tokens: null, top_k: undefined } })
  t.deepEqual(llm.asked[0]?.parameters, { temperature: 0 })
  const strict = { name: 'm', type: 'llm' as const, label: 'M', parameters: [
    { name: 'format', label: 'F', type: 'string' as const, options: ['text', 'json'], required: true, default: 'text' }, { name: 'on', label: 'O', type: 'boolean' as const, required: true }, { name: 'least', label: 'L', type: 'float' as const, min: 1 },
  ] }
  t.deepEqual(checkedParameters(strict, { on: false, format: null }), { on: false, format: 'text' })
  for (const [given, words] of [[{}, /needs the parameter "on"/], [{ on: 1 }, /true or false, and not 1/], [{ on: true, format: 'xml' }, /one of text, json, and not "xml"/], [{ on: true, least: 0 }, /a number of at least 1/]] as const) {
    t.regex(t.throws(() => checkedParameters(strict, given), { instanceOf: HttpError }).message, words)
  }
  t.throws(() => checkedParameters({ name: 'm', type: 'llm', label: 'M' }, { a: 1 }), { message: /It takes none/ })
})

test.serial('a model is known by the id of its provider, however a client writes it', async (t) => {
  for (const provider of ['openai', 'langgenius/openai/openai']) {
    t.is((await app.resolve(models).find(workspaceId, { provider, model: 'echo' }, 'llm'))?.name, 'echo')
    t.is((await told({}, { provider, model: 'echo' })).text, 'You said: hello there')
  }
  await throwing(t, () => told({}, { provider: 'langgenius/gemini/google', model: 'echo' }), 'provider_not_initialize', /"langgenius\/gemini\/google" is not configured/)
  await throwing(t, () => told({}, { provider: 'toy', model: 'voice' }), 'model_currently_not_support', /no llm model "voice"/)
  await throwing(t, () => app.resolve(models).speak(workspaceId, ref, { text: 'a' }), 'model_currently_not_support', /no tts model "echo"/)
})

test.serial('tokens are counted where nobody tells them, and paid in decimals', async (t) => {
  const { end } = await told()
  t.deepEqual(end, { type: 'end', finish: 'stop', usage: {
    promptTokens: 2, promptUnitPrice: '1.5', promptPriceUnit: '0.001', promptPrice: '0.003', completionTokens: 3, completionUnitPrice: '2', completionPriceUnit: '0.001', completionPrice: '0.006',
    totalTokens: 5, totalPrice: '0.009', currency: 'USD',
  } })
  for (const tokens of [{}, { promptTokens: NaN, completionTokens: -1 }]) {
    llm.answer = async function* (): AsyncGenerator<string | ProviderPart> { yield 'eight letters'; yield { type: 'end', tokens, finish: 'length' } }
    const { end: counted } = await told()
    t.like(counted, { finish: 'length', usage: { promptTokens: 8, completionTokens: 4, totalTokens: 12 } })
  }
  t.like(priced({ input: '0.15', output: '1e-7', unit: '0.000001', currency: 'EUR' }, { promptTokens: 7, completionTokens: 1 }),
    { promptPrice: '0.0000011', completionUnitPrice: '0.0000001', completionPrice: '0', totalPrice: '0.0000011', currency: 'EUR' })
  t.like(priced(undefined, { promptTokens: 7, completionTokens: 1 }), { promptUnitPrice: '0', totalPrice: '0', totalTokens: 8, currency: 'USD' })
})

test.serial('a provider that breaks off or throws something else is a refusal without its words; an abort is the reason', async (t) => {
  const doings: [() => string | AsyncIterable<string | ProviderPart>, string, RegExp][] = [
    [() => { throw new Error('secret sk-1') }, 'completion_request_error', /^(?!.*sk-1).*"toy" failed while "echo"/],
    [async function* () { yield 'a'; throw new TypeError('secret sk-1') }, 'completion_request_error', /^(?!.*sk-1)/],
    [() => { throw new HttpError({ status: 429, code: 'rate_limit_error' }, 'Too often.') }, 'rate_limit_error', /Too often/],
  ]
  for (const [answer, code, words] of doings) {
    llm.answer = answer
    await throwing(t, () => told(), code, words)
  }
  const { generate } = llm.provider
  t.teardown(() => { llm.provider.generate = generate as never })
  llm.provider.generate = async function* () { yield { type: 'text', text: 'half an ans' } }
  await throwing(t, () => told(), 'completion_request_error', /broke off before its end/)
  let after = false
  llm.provider.generate = async function* () { yield { type: 'text', text: '' }; yield { type: 'text', text: 'a' }; yield { type: 'end', tokens: {}, finish: 'stop' }; after = true; yield { type: 'text', text: 'b' } }
  t.deepEqual((await told()).parts.map(({ type }) => type), ['text', 'end'])
  t.false(after)
  const abort = new AbortController()
  llm.provider.generate = async function* () { yield { type: 'text', text: 'a' }; abort.abort(new Error('enough')); throw new Error('it was aborted') }
  await t.throwsAsync(told({ signal: abort.signal }), { message: 'enough' })
})

test.serial('the console shows kinds, properties and rules of models', async (t) => {
  const get = async (path: string): Promise<any> => (await app.fetch(`/console/api/workspaces/current/${path}`, { headers: session })).json()
  const first = async (type: string): Promise<any> => (await get(`models/model-types/${type}`)).data[0].models
  t.like((await first('llm'))[0], { model: 'echo', features: ['vision', 'tool-call'], model_properties: { mode: 'chat', context_size: 4000 } })
  t.like((await first('llm'))[2], { model: 'complete', model_properties: { mode: 'completion' } })
  t.like((await first('tts'))[0], { features: null, model_properties: { default_voice: 'ada', voices: [{ mode: 'ada', name: 'Ada', language: [] }] } })
  t.deepEqual((await first('moderation'))[0].model_properties, {})
  t.is((await get('default-model?model_type=speech2text')).data.model, 'ear')
  const rules = 'models/parameter-rules?model='
  t.deepEqual(await get(`model-providers/toy/${rules}echo`), { data: [
    { name: 'temperature', use_template: 'temperature', label: { en_US: 'Temperature', zh_Hans: 'Temperature' }, type: 'float', help: null, required: false, default: 1, min: 0, max: 2, precision: 2, options: [] },
    { name: 'max_tokens', use_template: 'max_tokens', label: { en_US: 'Max tokens', zh_Hans: 'Max tokens' }, type: 'int', help: null, required: false, default: null, min: 1, max: 2000, precision: 0, options: [] },
  ] })
  t.is((await get(`model-providers/langgenius%2Fopenai%2Fopenai/${rules}echo`)).data.length, 2)
  t.like(await get(`model-providers/nobody/${rules}echo`), { code: 'model_provider_not_found' })
  t.like(await get(`model-providers/toy/${rules}voice`), { code: 'model_currently_not_support' })
  t.like(await get('model-providers/toy/models/parameter-rules'), { code: 'invalid_param' })
})

test.serial('each law of those that write catches a fault', async (t) => {
  const { providers } = app.kernel.container.deps({ providers: modelProvider })
  const good = app.resolve(models)
  const deps = { providers }
  const changed = (change: (parts: AsyncIterable<ModelPart>, ...call: Parameters<Models['generate']>) => AsyncIterable<ModelPart>): Models => ({ ...good, generate: (...call) => change(good.generate(...call), ...call) })
  const faults: [string, Models][] = [
    ['what is generated', changed(async function* (parts) { for await (const part of parts) { yield part; if (part.type === 'end') yield part } })],
    ['what is generated', changed(async function* (parts) { for await (const part of parts) if (part.type !== 'end') yield part })],
    ['what is generated', changed(async function* (parts) { for await (const part of parts) yield part.type === 'end' ? { ...part, usage: { ...part.usage, totalTokens: part.usage.totalTokens + 1 } } : part })],
    ['what is generated', changed(async function* (parts) { for await (const part of parts) yield part.type === 'end' ? { ...part, usage: { ...part.usage, totalPrice: '1e-7' } } : part })],
    ['generating says which', changed((_, workspace, { provider }, request) => good.generate(workspace, { provider: provider === 'no-such' ? 'toy' : provider, model: 'echo' }, request))],
    ['a parameter that', changed((_, workspace, to, request) => good.generate(workspace, to, { ...request, parameters: {} }))],
    ['an answer that', changed((_, workspace, to, request) => good.generate(workspace, to, { ...request, signal: new AbortController().signal }))],
  ]
  for (const [law, subject] of faults) {
    t.deepEqual(await brokenLaws(modelsContract, good, deps, law), [], law)
    t.deepEqual(await brokenLaws(modelsContract, subject, deps, law), [law.split(' ').slice(0, 3).join(' ')], law)
  }
})

const extract = async (question: string, passages?: readonly string[], more: Partial<GenerateRequest> = {}): Promise<{ text: string; end: ProviderPart | undefined }> => {
  const parts: ProviderPart[] = []
  for await (const part of generateExtract({ model: 'extractive', messages: [{ role: 'user', content: question }], ...passages ? { passages } : {}, ...more })) parts.push(part)
  return { text: parts.map((part) => part.type === 'text' ? part.text : '').join(''), end: parts.at(-1) }
}
const leave = '# Parents\nEvery employee who becomes a parent may stay at home for sixteen\nweeks on full pay. The weeks need not follow each other.'
const tea = 'Tea is served at four. The canteen is closed on Sundays.'
test('what is extracted are the sentences that answer, with the numbers of their passages', async (t) => {
  t.is((await extract('When is tea served?', [leave, tea])).text, 'Tea is served at four. [2]')
  t.is((await extract('For how many weeks may a parent stay at home?', [tea, leave])).text, 'Every employee who becomes a parent may stay at home for sixteen weeks on full pay. [2]')
  // Nothing in common with the words: what was found best, from its beginning.
  t.regex((await extract('Maternity?', [leave, tea])).text, /^Every employee .* full pay\. \[1\]/)
  t.is((await extract('怎样重置数据库密码？', ['管理员可以修改网络。\n重置数据库密码请联系运维团队。密码每九十天过期。'])).text, '重置数据库密码请联系运维团队。 [1]')
  t.is((await extract('Where is the box?', ['Where is the box?\nIn the cellar.'])).text, 'In the cellar. [1]')
  t.is((await extract(`Use <context>${leave}</context> and nothing else.\n\nWhen is tea served? ${tea}`, [leave, tea])).text, 'Tea is served at four. [2]')
  for (const nothing of [undefined, [], ['', ' \n']]) t.regex((await extract('When is tea?', nothing)).text, /only answer from the knowledge .* none that fits/)
  t.regex((await extract('茶什么时候？', [])).text, /只能根据/)
  t.deepEqual(sentencesOf('- One item\n- Another item\n\nDr. A? Yes!他说。好吧！\n| a | b |\n\n***\n'), ['One item', 'Another item', 'Dr. A?', 'Yes!', '他说。', '好吧！', 'a | b |'])
  t.true(sentencesOf(`${'word '.repeat(300)}${'😀'.repeat(500)}`).every((one) => one.length <= 400 && !/\p{Cs}/u.test(one)))
})
test('what is extracted keeps to limits and stops, tells its tokens, and ends at once', async (t) => {
  t.like(await extract('When is tea served?', [tea], { parameters: { max_tokens: 3 } }), { text: 'Tea is', end: { type: 'end', finish: 'length', tokens: { promptTokens: 10, completionTokens: 2 } } })
  t.like(await extract('When is tea served?', [tea], { stop: ['', ' at'] }), { text: 'Tea is served', end: { finish: 'stop' } })
  t.is((await extract('茶?', [], { parameters: { max_tokens: 2 } })).text, '我只')
  const abort = new AbortController()
  const said: ProviderPart[] = []
  await t.throwsAsync(async () => {
    for await (const part of generateExtract({ model: 'extractive', messages: [], passages: [tea], signal: abort.signal })) { said.push(part); abort.abort(new Error('enough')) }
  }, { message: 'enough' })
  t.is(said.length, 1)
  const many = Array.from({ length: 1000 }, (_, n) => `The office number ${n} of the city opens at ${n}. `.repeat(100))
  const times: number[] = []
  for (let n = 0; n < 3; n++) {
    const began = performance.now()
    await extract('When does the office number 7 open?', many)
    times.push(performance.now() - began)
  }
  // Were all five million characters read, it would be some seconds.
  t.true(Math.min(...times) < 1_000, `it took ${Math.min(...times)} ms`)
})

const lines: string[] = []
const log: Logger = { debug: () => undefined, info: () => undefined, warn: (...line) => { lines.push(JSON.stringify(line)) }, error: () => undefined, child: () => log }
const http = guardedClient({ allow: [], timeoutMs: 5_000, maxBytes: 1_000_000, maxRedirects: 0 })
test.after.always(() => http.close())
const placeOf = (more: Partial<Place> = {}): Place =>
  ({ label: 'Voices', baseUrl: server.url, headers: { authorization: 'Bearer sk-key' }, query: {}, trusts: new URL(server.url).origin, keeper: 'operator', ...more })
const speech = (more: Partial<Place> = {}, timeout = 2_000) => ({ http, log, place: placeOf(more), timeout })
const sound = async ({ audio }: Speech): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of audio) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test.serial('a recording becomes a text, a text becomes sound, and a long one is spoken part by part', async (t) => {
  const recording = { model: 'ear', audio: Buffer.from([0, 255, 13, 10, 0]), mediaType: 'audio/wav', name: 'my "voice".wav' }
  t.deepEqual(await transcribeRecording(speech(), recording), { text: 'ear heard 5 bytes of audio/wav called my %22voice%22.wav' })
  const spoken = await speakText(speech(), { model: 'tts-1', text: 'Hello \ud800', voice: 'ada' })
  t.is(spoken.mediaType, 'audio/mpeg')
  t.is(await sound(spoken), 'ada:Hello \ufffd|')
  t.deepEqual(JSON.parse(server.heard.at(-1)?.body.toString() ?? ''), { model: 'tts-1', input: 'Hello \ufffd', voice: 'ada', response_format: 'mp3' })
  const text = 'A sentence of some words. '.repeat(400)
  const all = await sound(await speakText(speech(), { model: 'tts-1', text }))
  t.is(all.replace(/alloy:|\|/g, '').trim(), text.trim())
  t.true(all.split('|').length > 2 && all.split('|').every((part) => part.length <= 4_010 && /\.\s*$/.test(part || '.')))
  t.deepEqual(await moderateText(asking(http, log), placeOf(), { model: 'm', text: 'a forbidden thing', asked: { patience: 0, timeout: 2_000 } }), { flagged: true })
  t.deepEqual(await moderateText(asking(http, log), placeOf(), { model: 'm', text: ' ', asked: { patience: 0, timeout: 2_000 } }), { flagged: false })
})

test.serial('failures are told apart, tried again where that helps, and never repeat the words of the server', async (t) => {
  const recording = { model: 'ear', audio: Buffer.from('x'), mediaType: 'audio/wav', name: 'a.wav' }
  const speaking = () => speakText(speech(), { model: 'tts-1', text: 'a' }).then(sound)
  for (const [status, code, words, body] of [
    [401, 'provider_not_initialize', /refuses the API key/, undefined], [402, 'provider_quota_exceeded', /used up/, undefined], [429, 'provider_quota_exceeded', /used up/, 'insufficient_quota'],
    [404, 'model_currently_not_support', /no model "(?:ear|tts-1)"/, undefined], [400, 'completion_request_error', /too long or of another kind/, undefined], [413, 'completion_request_error', /too long/, undefined],
  ] as const) {
    for (const work of [() => transcribeRecording(speech(), recording), speaking]) {
      const before = server.heard.length
      server.next({ status, ...body === undefined ? {} : { body } })
      await throwing(t, work, code, words)
      t.is(server.heard.length, before + 1)
    }
  }
  const soon = { 'retry-after-ms': '1' }
  server.next({ status: 503, headers: soon })
  t.is(await speaking(), 'alloy:a|')
  server.next({ status: 503, headers: soon }, { status: 500 })
  await throwing(t, speaking, 'completion_request_error', /answered 500; it may be overloaded/)
  server.next({ status: 429, headers: soon }, { status: 429, headers: soon })
  await throwing(t, () => transcribeRecording(speech(), recording), 'rate_limit_error', /too often/)
  server.next({ status: 429, headers: { 'retry-after': '60' } })
  await throwing(t, () => transcribeRecording(speech(), recording), 'rate_limit_error', /too often/)
  server.next({ status: 200, body: '<p>Welcome</p>', type: 'text/html' }, { status: 200, body: '<p>Welcome</p>' }, { status: 200, body: '{"text": 7}' }, { status: 200, body: '{"results": []}' })
  await throwing(t, speaking, 'completion_request_error', /a text instead of sound/)
  for (let n = 0; n < 2; n++) await throwing(t, () => transcribeRecording(speech(), recording), 'completion_request_error', /without a text/)
  await throwing(t, () => moderateText(asking(http, log), placeOf(), { model: 'm', text: 'a', asked: { patience: 0, timeout: 2_000 } }), 'completion_request_error', /without a verdict/)
  await throwing(t, () => transcribeRecording(speech({ baseUrl: 'http://127.0.0.1:1/v1', trusts: 'http://127.0.0.1:1' }), recording), 'completion_request_error', /did not answer/)
  await throwing(t, () => transcribeRecording(speech({ trusts: 'http://other.example' }), recording), 'provider_not_initialize', /may not be called/)
  server.next('silence')
  await throwing(t, () => transcribeRecording(speech({}, 50), recording), 'completion_request_error', /did not answer/)
  server.next('cut')
  await t.throwsAsync(speaking())
  const abort = new AbortController()
  server.next('silence')
  const waiting = transcribeRecording(speech(), { ...recording, signal: abort.signal })
  setTimeout(() => { abort.abort(new Error('enough')) }, 20)
  await t.throwsAsync(waiting, { message: 'enough' })
  t.true(lines.length > 5)
  t.false(lines.some((line) => line.includes('sk-key')))
})
