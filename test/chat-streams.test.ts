/** What a stream tells, event by event: answers, failures, stops, moderation, speech; and what it holds while it lasts. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { errors, HttpError } from '../core/index.ts'
import { runKind } from '../plugins/runs/ports.ts'
import type { Quota } from '../plugins/runs/ports.ts'
import type { ModerateRequest, ProviderPart } from '../plugins/models/ports.ts'
import { chatting, settings } from './support/chatting.ts'
import type { Chatting } from './support/chatting.ts'
import { lastQuestion } from './support/toy-llm.ts'

let it: Chatting
/** What a workspace may still run. */
let units = Number.POSITIVE_INFINITY
const reserved = new Set<string>()
const quota: Quota = {
  reserve: async () => {
    if (units <= 0) throw new HttpError({ status: 429, code: 'rate_limit_error' }, 'There is nothing left to run. Raise the quota.')
    units -= 1
    const id = `unit ${units} ${reserved.size}`
    reserved.add(id)
    return { id }
  },
  commit: async ({ id }) => { reserved.delete(id) },
  release: async ({ id }) => { if (reserved.delete(id)) units += 1 },
}
test.before(async () => { it = await chatting({ config: { plugins: { chat: { pingMs: 40, moderationStep: 10, memoryTokens: 40 } } }, fakes: { quota } }, { contextSize: undefined } as never) })
test.after.always(() => it.app.close())
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DECIMAL = /^\d+(\.\d+)?$/

test.beforeEach(() => {
  it.toy.pause = 0
  it.toy.answer = (request) => `You said: ${lastQuestion(request)}`
})
/** Something that happens when it is let. */
const gate = () => {
  let open: (() => void) | undefined
  const opened = new Promise<void>((done) => {
    open = done
  })
  const unlock = (): void => {
    open?.()
  }
  return { open: unlock, opened }
}
const waiting = async (t: ExecutionContext, what: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    if (await what()) return
    await sleep(10)
  }
  t.fail('it did not come to that')
}

test.serial('a chat answer: pings, pieces in order, one end; every event says where it belongs', async (t) => {
  const app = await it.newApp()
  const { status, type, events, pings, text } = await it.hear(app, 'is it warm today?')
  t.is(status, 200)
  t.is(type, 'text/event-stream; charset=utf-8')
  t.true(pings >= 1)
  t.is(text, 'You said: is it warm today?')
  t.deepEqual([...new Set(events.map(({ event }) => event))], ['message', 'message_end'])
  t.is(events.filter(({ event }) => event === 'message').length, 6)
  const { conversation_id, message_id, task_id, created_at } = events[0]
  for (const id of [conversation_id, message_id, task_id]) t.regex(id, UUID)
  t.true(Math.abs(created_at - Date.now() / 1000) < 60)
  for (const event of events) t.like(event, { conversation_id, message_id, task_id, created_at, id: message_id })
  t.deepEqual(Object.keys(events[0]), ['event', 'conversation_id', 'message_id', 'created_at', 'task_id', 'id', 'answer', 'from_variable_selector'])
  t.deepEqual(events[0].from_variable_selector, [])
  const end = events.at(-1)
  t.deepEqual(Object.keys(end), ['event', 'conversation_id', 'message_id', 'created_at', 'task_id', 'id', 'metadata', 'files'])
  t.deepEqual(end.files, [])
  t.deepEqual(Object.keys(end.metadata), ['retriever_resources', 'reasoning', 'usage'])
  const { usage } = end.metadata
  t.like(usage, {
    prompt_tokens: 4, prompt_unit_price: '1.5', prompt_price_unit: '0.001', prompt_price: '0.006', completion_tokens: 6, completion_unit_price: '2',
    completion_price_unit: '0.001', completion_price: '0.012', total_tokens: 10, total_price: '0.018', currency: 'USD',
  })
  for (const name of ['latency', 'time_to_first_token', 'time_to_generate']) t.true(typeof usage[name] === 'number' && usage[name] >= 0 && usage[name] < 10, name)
  for (const [name, value] of Object.entries(usage)) if (name.includes('price')) t.regex(value as string, DECIMAL)
  t.like(await it.messageOf(message_id), { status: 'normal', answer: text, query: 'is it warm today?', position: 1, error: null, usage })
})

test.serial('a completion says the same without a conversation', async (t) => {
  const app = await it.newApp('completion', settings({ pre_prompt: 'Praise {{what}}.', user_input_form: [{ paragraph: { label: 'What', variable: 'what', required: true } }] }))
  const { events, text } = await it.hear(app, '', { inputs: { what: 'bread' } }, '/completion-messages')
  t.is(text, 'You said: Praise bread.')
  t.deepEqual([...new Set(events.map(({ event }) => event))], ['message', 'message_end'])
  for (const event of events) {
    t.false('conversation_id' in event)
    t.regex(event.task_id, UUID)
  }
})

test.serial('the first bytes come before the model has said anything, and pings go on whether or not it speaks', async (t) => {
  const app = await it.newApp()
  const { open, opened } = gate()
  it.toy.answer = async function* () {
    await opened
    for (let i = 0; i < 10; i += 1) {
      yield `${i} `
      await sleep(15)
    }
  }
  const heard = await it.listen(app, 'slow?')
  t.is(heard.response.status, 200)
  t.is(await heard.next(), 'ping')
  t.is(await heard.next(), 'ping')
  open()
  const rest = await heard.rest()
  t.true(rest.filter((one) => one === 'ping').length >= 2)
  t.is(rest.at(-1).event, 'message_end')
})

test.serial('a failure on the way is the last event, in the words of the provider\'s error, and the message keeps what was said', async (t) => {
  const app = await it.newApp()
  it.toy.answer = async function* () {
    yield 'So far '
    throw new HttpError({ status: 429, code: 'rate_limit_error' }, 'Too fast for the model. Wait a minute.')
  }
  const { events } = await it.hear(app, 'fail?')
  t.deepEqual(events.map(({ event }) => event), ['message', 'error'])
  const { message_id, conversation_id, created_at } = events[0]
  t.deepEqual(events[1], { event: 'error', conversation_id, message_id, created_at, code: 'rate_limit_error', message: 'Too fast for the model. Wait a minute.', status: 429 })
  t.like(await it.messageOf(message_id), { status: 'error', answer: 'So far ', error: 'Too fast for the model. Wait a minute.' })
  t.like(await it.ask(app, 'fail?'), { status: 429, body: { code: 'rate_limit_error', message: 'Too fast for the model. Wait a minute.', status: 429 } })
  it.toy.answer = () => { throw new Error('secret: /etc/passwd') }
  const unforeseen = await it.hear(app, 'crash?')
  t.deepEqual(unforeseen.events.map(({ event }) => event), ['error'])
  t.notRegex(JSON.stringify(unforeseen.events), /secret/)
})

test.serial('whoever asked stops it, nobody else; what was said stays, and the stream ends with its end', async (t) => {
  const app = await it.newApp()
  let aborted = false
  it.toy.answer = async function* ({ signal }) {
    yield 'one '
    yield 'two '
    signal?.addEventListener('abort', () => { aborted = true })
    if (signal && !signal.aborted) await once(signal, 'abort')
    signal?.throwIfAborted()
  }
  const heard = await it.listen(app, 'count')
  let event = await heard.next()
  while (event === 'ping' || event.answer !== 'two ') event = await heard.next()
  t.deepEqual(await it.stop(app, event.task_id, 'eve'), { status: 200, body: { result: 'success' } })
  await sleep(50)
  t.false(aborted)
  t.deepEqual(await it.stop(app, event.task_id), { status: 200, body: { result: 'success' } })
  const rest = (await heard.rest()).filter((one) => one !== 'ping')
  t.deepEqual(rest.map((one) => one.event), ['message_end'])
  t.true(aborted)
  t.true(rest[0].metadata.usage.completion_tokens > 0)
  t.regex(rest[0].metadata.usage.total_price, DECIMAL)
  t.like(await it.messageOf(event.message_id), { status: 'stopped', answer: 'one two ', error: null })
  for (const id of [event.task_id, '5f1c3a0e-8d7c-4a43-b9d4-6a8a7d4a1b11', 'nonsense']) t.is((await it.stop(app, id)).status, 200)
  t.like(await it.stop(app, event.task_id, ''), { status: 400, body: { code: 'invalid_param' } })
})

test.serial('whoever goes away stops it too, the model call with it, streaming or waiting', async (t) => {
  const app = await it.newApp()
  for (const mode of ['streaming', 'blocking']) {
    let gone = false
    const { open, opened } = gate()
    it.toy.answer = async function* ({ signal }) {
      yield 'only this'
      open()
      if (signal && !signal.aborted) await once(signal, 'abort')
      gone = true
      signal?.throwIfAborted()
    }
    const left = new AbortController()
    const asked = it.app.fetch('/v1/chat-messages', { token: app.key, json: { inputs: {}, query: `leave ${mode}`, user: 'ada', response_mode: mode, auto_generate_name: false }, signal: left.signal }).catch(() => undefined)
    await opened
    left.abort()
    await asked
    await waiting(t, async () => (await it.db.query('SELECT id FROM messages WHERE query = $1 AND status = $2', [`leave ${mode}`, 'stopped'])).length === 1)
    t.true(gone)
    t.like((await it.db.query('SELECT * FROM messages WHERE query = $1', [`leave ${mode}`]))[0], { answer: 'only this', error: null })
  }
})

test.serial('as many at a time as the app allows, for as long as each stream lives', async (t) => {
  const app = await it.newApp('chat', settings(), { maxActive: 1 })
  const { open, opened } = gate()
  it.toy.answer = async function* () {
    yield 'begun'
    await opened
  }
  const first = await it.listen(app, 'first')
  let event = await first.next()
  while (event === 'ping') event = await first.next()
  t.is(event.answer, 'begun')
  for (const response_mode of ['streaming', 'blocking']) t.like(await it.ask(app, 'second', { response_mode }), { status: 429, body: { code: 'too_many_requests', status: 429 } })
  t.is((await it.db.query(`SELECT id FROM messages WHERE query = 'second'`)).length, 0)
  open()
  t.is((await first.rest()).at(-1).event, 'message_end')
  t.is((await it.ask(app, 'third')).status, 200)
})

const moderated = (inputs: boolean, outputs: boolean, type = 'keywords') => settings({
  sensitive_word_avoidance: {
    enabled: true, type,
    config: { keywords: 'dragon\nFORBIDDEN fruit\n\n', inputs_config: { enabled: inputs, preset_response: 'I do not talk of that.' }, outputs_config: { enabled: outputs, preset_response: 'Let us talk of something else.' } },
  },
})

test.serial('a question with a word that the app does not take is answered with what was set, and no model is asked', async (t) => {
  for (const config of [moderated(true, false), moderated(true, true, 'openai_moderation')]) {
    const app = await it.newApp('chat', config)
    it.toy.asked.length = 0
    const { events, text } = await it.hear(app, 'Tell me of forbidden FRUIT')
    t.is(text, 'I do not talk of that.')
    t.deepEqual(events.map(({ event }) => event), ['message', 'message_end'])
    t.like(events[1].metadata.usage, { total_tokens: 0, total_price: '0', prompt_unit_price: '0' })
    t.is(it.toy.asked.length, 0)
    t.like(await it.messageOf(events[0].message_id), { status: 'normal', answer: 'I do not talk of that.' })
    // What was kept from the model is kept from it later too.
    await it.ask(app, 'and now?', { conversation_id: events[0].conversation_id })
    t.deepEqual(it.toy.asked[0]?.messages.map(({ content }) => content), ['and now?'])
  }
})

test.serial('an answer with such a word is replaced once, and the model is stopped', async (t) => {
  const app = await it.newApp('chat', moderated(false, true))
  let said = 0
  it.toy.answer = async function* () {
    for (const word of ['Once ', 'there ', 'was ', 'a ', 'Dragon ', 'and ', 'a ', 'knight ', 'and ', 'more ', 'and ', 'more']) {
      said += 1
      yield word
    }
  }
  const { events } = await it.hear(app, 'a tale')
  const kinds = events.map(({ event }) => event)
  t.deepEqual(kinds.slice(-2), ['message_replace', 'message_end'])
  t.is(kinds.filter((kind) => kind === 'message_replace').length, 1)
  const { answer, reason, task_id } = events.at(-2)
  t.deepEqual({ answer, reason }, { answer: 'Let us talk of something else.', reason: '' })
  t.regex(task_id, UUID)
  t.true(said < 12)
  t.like(await it.messageOf(events[0].message_id), { status: 'normal', answer: 'Let us talk of something else.' })
  t.true(events.at(-1).metadata.usage.completion_tokens > 0)
  // A word that stands at the very end, after the last step.
  it.toy.answer = () => 'A dragon'
  t.is((await it.ask(app, 'a short tale')).body.answer, 'Let us talk of something else.')
  it.toy.answer = () => 'A cat'
  t.is((await it.ask(app, 'another')).body.answer, 'A cat')
  // One that is cut by a step, far from the beginning; what was looked at long before is not looked at again.
  it.toy.answer = async function* () { for (const piece of ['cats '.repeat(4_000), 'cats '.repeat(4_000), 'and a dra', 'gon']) yield piece }
  t.is((await it.ask(app, 'a long tale')).body.answer, 'Let us talk of something else.')
  const judged = await it.newApp('chat', moderated(false, true, 'openai_moderation'))
  const { moderate } = it.toy.provider
  const looked: number[] = []
  Object.assign(it.toy.provider, { moderate: async (request: ModerateRequest) => { looked.push(request.text.length); return await moderate?.(request) } })
  t.regex((await it.ask(judged, 'a long tale')).body.answer, /gon$/)
  Object.assign(it.toy.provider, { moderate })
  t.deepEqual(looked, [20_000, 30_000, 10_012])
})

test.serial('an answer is spoken sentence by sentence where the app speaks by itself', async (t) => {
  const app = await it.newApp('chat', settings({ text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'enabled' } }))
  it.toy.answer = () => 'It is 3.5 degrees. Take a coat! Bye'
  const { events, text } = await it.hear(app, 'weather?')
  t.is(text, 'It is 3.5 degrees. Take a coat! Bye')
  t.deepEqual([...new Set(events.map(({ event }) => event))].filter((kind) => kind.startsWith('tts')), ['tts_message', 'tts_message_end'])
  t.is(events.at(-1).event, 'tts_message_end')
  t.is(events.at(-1).audio, '')
  t.is(events.filter(({ event }) => event === 'message_end').length, 1)
  const audio = Buffer.concat(events.filter(({ event }) => event === 'tts_message').map((one) => Buffer.from(one.audio, 'base64'))).toString()
  t.is(audio, 'ada says It is 3.5 degrees.ada says Take a coat!ada says Bye')
  for (const event of events) t.truthy(event.task_id)
  // Whatever comes, as little as possible of it is looked at for where its sentences end.
  it.toy.answer = async function* () { yield `${'.'.repeat(50_000)}x` }
  t.is((await it.hear(app, 'dots?')).text.length, 50_001)
  const quiet = await it.newApp('chat', settings({ text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'disabled' } }))
  t.is((await it.hear(quiet, 'weather?')).events.at(-1).event, 'message_end')
})

test.serial('characters cut in two, and what no database keeps, come out sound', async (t) => {
  const app = await it.newApp()
  it.toy.answer = async function* (): AsyncGenerator<string | ProviderPart> {
    yield 'a\0b \uD83D'
    yield '\uDE00 '
    yield { type: 'reasoning', text: 'aside' }
    yield 'c\uD800'
  }
  const { events, text } = await it.hear(app, 'odd\0 query')
  t.is(text, 'ab 😀 c\uFFFD')
  t.like(await it.messageOf(events[0].message_id), { answer: text, query: 'odd query', status: 'normal' })
})

test.serial('two questions at once in one conversation both get their answer, one after the other', async (t) => {
  const app = await it.newApp()
  const { body: { conversation_id } } = await it.ask(app, 'begin')
  const all = await Promise.all(['b', 'c', 'd', 'e'].map((query) => it.hear(app, query, { conversation_id })))
  t.deepEqual(all.map(({ text }) => text), ['b', 'c', 'd', 'e'].map((query) => `You said: ${query}`))
  const rows = await it.db.query<{ position: number }>('SELECT position FROM messages WHERE conversation_id = $1 ORDER BY position', [conversation_id])
  t.deepEqual(rows.map(({ position }) => position), [1, 2, 3, 4, 5])
})

test.serial('a model that does not tell how much it takes is told what was said before all the same, within bounds', async (t) => {
  const app = await it.newApp()
  it.toy.answer = () => 'okay okay okay okay'
  const { body: { conversation_id } } = await it.ask(app, 'first of all')
  for (const query of ['second of all', 'third of all', 'last']) await it.ask(app, query, { conversation_id })
  t.deepEqual(it.toy.asked.at(-1)?.messages.filter(({ role }) => role === 'user').map(({ content }) => content), ['second of all', 'third of all', 'last'])
})

test.serial('whoever has used up the quota is told before anything is begun; a refusal uses none', async (t) => {
  const app = await it.newApp('chat', settings(), { maxActive: 1 })
  units = 1
  try {
    t.is((await it.ask(app, 'the last one')).status, 200)
    for (const response_mode of ['streaming', 'blocking']) t.like(await it.ask(app, 'one too many', { response_mode }), { status: 429, body: { code: 'rate_limit_error', status: 429 } })
    t.like(await it.complete(await it.newApp('completion'), {}, { query: 'one too many' }), { status: 429, body: { code: 'rate_limit_error' } })
    t.is((await it.db.query(`SELECT id FROM messages WHERE query = 'one too many'`)).length, 0)
    units = 1
    t.is((await it.ask(app, '', {})).status, 400)
    t.is(units, 1)
  } finally { units = Number.POSITIVE_INFINITY }
})

test.serial('a message of which nothing came to an end says so', async (t) => {
  const app = await it.newApp()
  const { body } = await it.ask(app, 'lost?')
  await it.db.query(`UPDATE messages SET status = 'running', answer = '' WHERE id = $1`, [body.id])
  const kind = it.app.kernel.container.deps({ kinds: runKind }).kinds.get('chat')
  const run = { workspaceId: it.owner.workspaceId, appId: app.id, id: body.task_id as string, subjectId: body.id as string }
  await kind?.lost({ ...run, appId: body.id as string }, 'failed')
  t.like(await it.messageOf(body.id as string), { status: 'running' })
  await kind?.lost(run, 'failed')
  t.like(await it.messageOf(body.id as string), { status: 'error' })
  t.regex((await it.messageOf(body.id as string)).error as string, /Ask again/)
  await kind?.lost(run, 'stopped')
  t.like(await it.messageOf(body.id as string), { status: 'error' })
})

test.serial('a stream whose message could not be written down ends with an error', async (t) => {
  const app = await it.newApp()
  it.toy.answer = async function* () {
    yield 'half'
    // As a process that stood still for long finds it.
    await it.db.query(`UPDATE runs SET status = 'failed', finished_at = now() WHERE app_id = $1`, [app.id])
  }
  const { events } = await it.hear(app, 'gone?')
  t.is(events[0].answer, 'half')
  t.like(events.at(-1), { event: 'error', code: 'internal_server_error', status: 500, message_id: events[0].message_id })
  t.is(events.length, 2)
})

test.serial('where there is nobody to look, a moderated app says nothing; where nobody can speak, the text is there', async (t) => {
  const judge = it.toy.provider.moderate
  const app = await it.newApp('chat', moderated(true, true, 'openai_moderation'))
  Object.assign(it.toy.provider, { moderate: () => Promise.reject(errors.unavailable('The judge is away. Ask again.')) })
  const { events } = await it.hear(app, 'a harmless question')
  t.deepEqual(events.map(({ event }) => event), ['error'])
  Object.assign(it.toy.provider, { moderate: judge })
  const odd = await it.newApp('chat', moderated(true, true, 'api'))
  t.like(await it.ask(odd, 'q'), { status: 400, body: { code: 'app_unavailable' } })
  const speak = it.toy.provider.speak
  Object.assign(it.toy.provider, { speak: () => Promise.reject(new Error('hoarse')) })
  const speaking = await it.newApp('chat', settings({ text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'enabled' } }))
  const heard = await it.hear(speaking, 'Say something. Now.')
  t.is(heard.text, 'You said: Say something. Now.')
  t.deepEqual(heard.events.slice(-2).map(({ event }) => event), ['message_end', 'tts_message_end'])
  Object.assign(it.toy.provider, { speak })
})

test.serial('what must not be heard is not spoken, and what is said instead is', async (t) => {
  const app = await it.newApp('chat', { ...moderated(false, true), text_to_speech: { enabled: true, voice: 'ada', language: 'en', autoPlay: 'enabled' } })
  it.toy.answer = () => 'A dragon came. It was large.'
  const { events } = await it.hear(app, 'a tale')
  t.is(Buffer.concat(events.filter(({ event }) => event === 'tts_message').map((one) => Buffer.from(one.audio, 'base64'))).toString(), 'ada says Let us talk of something else.')
})

test.serial('a server that stops ends what it says with an error', async (t) => {
  const own = await chatting({ config: { server: { drainMs: 100 } } })
  const app = await own.newApp()
  const { open, opened } = gate()
  own.toy.answer = async function* ({ signal }) {
    yield 'as far as this'
    open()
    if (signal && !signal.aborted) await once(signal, 'abort')
    signal?.throwIfAborted()
  }
  const heard = own.hear(app, 'long?')
  await opened
  await own.app.close()
  const { events } = await heard
  t.is(events[0].answer, 'as far as this')
  t.like(events.at(-1), { event: 'error', code: 'service_unavailable', status: 503 })
})
