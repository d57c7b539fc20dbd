/** Conversations, messages and feedback: seen, named, rated and deleted by those whose they are, and in the console by those who build the app. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import pg from 'pg'
import { naming } from '../plugins/chat/services/naming.ts'
import { questionsIn } from '../plugins/chat/text/questions.ts'
import { withoutThinking } from '../plugins/chat/text/spoken.ts'
import { echo, talking } from './support/talking.ts'
import type { MadeApp, Talking } from './support/talking.ts'
import { makeWorkspace, signIn } from './support/world.ts'

let { app, toy, db, console_, newApp, configure, write } = {} as Talking
let chat: MadeApp
let other: MadeApp
let completion: MadeApp
test.before(async () => {
  ({ app, toy, db, console_, newApp, configure, write } = await talking());
  [chat, other, completion] = [await newApp('chat'), await newApp('chat'), await newApp('completion')]
})
test.beforeEach(() => { toy.answer = () => 'Owls at night' })
test.after.always(() => app.close())

let users = 0
const somebody = (): string => `user ${users += 1}`
const get = ({ api }: MadeApp, path: string, query: Record<string, string | number | undefined> = {}) => {
  const search = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)] as [string, string]])).toString()
  return api.send('GET', `/v1${path}${search === '' ? '' : `?${search}`}`)
}
const idsOf = (body: { data: { id: string }[] }): string[] => body.data.map(({ id }) => id)
const is = (t: { like(a: unknown, b: object): unknown }, answer: { status: number; body: unknown }, status: number, code: string): void => {
  t.like({ status: answer.status, code: (answer.body as { code?: string } | undefined)?.code }, { status, code })
}

test.serial('conversations come in pages of any size, in four orders, and none is passed over where several are of one moment', async (t) => {
  const user = somebody()
  const made: { id: string; at: string }[] = []
  for (const at of ['1.000001', '1.000001', '1.000002', '1.0005', '2', '2', '2']) made.push({ id: (await write(chat, user, [], { at })).id, at })
  const ascending = [...made].sort((a, b) => Number(a.at) - Number(b.at) || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.constantFrom('created_at', '-created_at', 'updated_at', '-updated_at', undefined), async (limit, sort) => {
    const wanted = sort === 'created_at' || sort === 'updated_at' ? ascending : [...ascending].reverse()
    const seen: string[] = []
    for (let more = true; more;) {
      const { status, body } = await get(chat, '/conversations', { user, limit, sort_by: sort, last_id: seen.at(-1) })
      t.like({ status, limit: body.limit }, { status: 200, limit })
      seen.push(...idsOf(body))
      more = body.has_more as boolean
      t.is(more, seen.length < wanted.length)
    }
    t.deepEqual(seen, wanted)
  }), { numRuns: 12 })
  const [item] = (await get(chat, '/conversations', { user })).body.data
  t.deepEqual(Object.keys(item).sort(), ['created_at', 'id', 'inputs', 'introduction', 'name', 'status', 'updated_at'])
  t.like(item, { status: 'normal', introduction: 'Hello', name: 'Talk', created_at: 2 })
  is(t, await get(chat, '/conversations', { user, last_id: randomUUID() }), 404, 'not_found')
  for (const query of [{ limit: 0 }, { limit: 101 }, { limit: 1.5 }, { sort_by: 'name' }, { last_id: 'x' }]) is(t, await get(chat, '/conversations', { user, ...query }), 400, 'invalid_param')
  t.is((await get(chat, '/conversations', { user, last_id: '', limit: '' })).body.data.length, 7)
})

test.serial('everybody sees what is theirs, and of all else that it is not there; whoever sends no user is one and the same', async (t) => {
  const [mine, anonymous] = [somebody(), undefined]
  const { id, messages: [message = ''] } = await write(chat, mine, [{}])
  const nobodys = await write(chat, anonymous, [{}])
  t.deepEqual(idsOf((await get(chat, '/conversations', { user: mine })).body), [id])
  t.true(idsOf((await get(chat, '/conversations')).body).includes(nobodys.id))
  t.true(idsOf((await get(chat, '/conversations', { user: '' })).body).includes(nobodys.id))
  const asks = (by: MadeApp, user: string, c: string, m: string) => [
    get(by, '/messages', { user, conversation_id: c }), get(by, '/conversations', { user, last_id: c }), get(by, `/conversations/${c}/variables`, { user }),
    by.api.send('PUT', `/v1/conversations/${c}/variables/${randomUUID()}`, { user, value: 1 }), by.api.send('POST', `/v1/conversations/${c}/name`, { user, name: 'x' }),
    by.api.send('POST', `/v1/conversations/${c}/name`, { user, auto_generate: true }), by.api.send('DELETE', `/v1/conversations/${c}`, { user }),
    get(by, `/messages/${m}/suggested`, { user }), by.api.send('POST', `/v1/messages/${m}/feedbacks`, { user, rating: 'like' }),
    by.api.send('POST', `/v1/messages/${m}/feedbacks`, { user, rating: null }),
  ]
  const unknown = await Promise.all(asks(chat, mine, randomUUID(), randomUUID()))
  for (const [by, user] of [[chat, somebody()], [other, mine]] as const) {
    const answers = await Promise.all(asks(by, user, id, message))
    t.deepEqual(answers.map(({ status, body }) => ({ status, body })), unknown.map(({ status, body }) => ({ status, body })))
    t.true(answers.every(({ status, body }) => status === 404 && body.code === 'not_found'))
    t.regex(answers[0]?.body.message as string, /belongs to the `user` that began it/)
  }
  t.is((await get(chat, '/messages', { user: mine, conversation_id: id })).body.data.length, 1)
  for (const path of ['/conversations/x/variables', '/messages/x/suggested']) is(t, await get(chat, path, { user: mine }), 404, 'not_found')
  is(t, await chat.api.send('POST', '/v1/conversations/x/name', { user: mine, name: 'x' }), 404, 'not_found')
})

test.serial('a completion app has no conversations, but its answers are rated', async (t) => {
  const user = somebody()
  const { id, messages: [message = ''] } = await write(completion, user, [{}])
  for (const answer of [
    get(completion, '/conversations', { user }), get(completion, '/messages', { user, conversation_id: id }), get(completion, `/messages/${message}/suggested`, { user }),
    get(completion, `/conversations/${id}/variables`, { user }), completion.api.send('DELETE', `/v1/conversations/${id}`, { user }),
    completion.api.send('POST', `/v1/conversations/${id}/name`, { user, name: 'x' }), completion.api.send('PUT', `/v1/conversations/${id}/variables/${id}`, { user, value: 1 }),
  ]) is(t, await answer, 400, 'not_chat_app')
  t.deepEqual((await completion.api.send('POST', `/v1/messages/${message}/feedbacks`, { user, rating: 'like' })).body, { result: 'success' })
})

test.serial('a conversation is named by hand, or by a model; where that fails, it keeps its name', async (t) => {
  const user = somebody()
  const { id } = await write(chat, user, [{ query: `Where do owls sleep? ${'x'.repeat(3_000)}` }])
  const name = (body: object) => chat.api.send('POST', `/v1/conversations/${id}/name`, { user, ...body })
  t.like((await name({ name: ' Owls ' })).body, { id, name: 'Owls' })
  for (const body of [{}, { name: ' ' }, { name: null, auto_generate: false }, { name: 'x'.repeat(256) }, { name: 'a\0b' }, { name: 'x', id: 'y' }]) is(t, await name(body), 400, 'invalid_param')
  toy.answer = () => '<think>They want a title. "Owls"?</think>\n\n**"Where owls sleep"**\nBecause it says so.'
  t.like((await name({ auto_generate: true, name: '' })).body, { id, name: 'Where owls sleep' })
  t.true(JSON.stringify(toy.asked.at(-1)).length < 2_500, 'a long question is trimmed')
  for (const [said, title] of [['Title: Owls', 'Owls'], ['x'.repeat(200), `${'x'.repeat(75)}...`], ['```\n# Owls\n```', 'Owls']] as const) {
    toy.answer = () => said
    t.is((await name({ auto_generate: true })).body.name, title)
  }
  for (const fail of [() => { throw new Error('away') }, () => '', () => '<think>never ends']) {
    toy.answer = fail
    t.like(await name({ auto_generate: true }), { status: 200, body: { name: 'Owls' } })
  }
  t.is((await get(chat, '/conversations', { user })).body.data[0].name, 'Owls')
  toy.answer = () => { throw new Error('away') }
  const titles = app.resolve(naming)
  t.is(await titles.title(chat.workspaceId, 'Short?'), 'Short?')
  t.is(await titles.title(chat.workspaceId, 'y'.repeat(51)), `${'y'.repeat(47)}...`)
})

test.serial('a model that only quotes finds neither titles nor questions, and what moderation kept from a model is kept from these too', async (t) => {
  const user = somebody()
  const talker = await newApp('chat', { suggested_questions_after_answer: { enabled: true, model: echo } })
  const { id, messages: [flagged = '', failed = '', running = '', fine = ''] } = await write(talker, user, [
    { query: 'A forbidden one', answer: 'I say nothing of that.', metadata: { moderated: true } }, { query: 'A broken one', status: 'error' }, { query: 'A pending one', answer: '', status: 'running' }, { query: 'A fine one' },
  ])
  toy.answer = ({ messages: [system] }) => JSON.stringify(system).includes('JSON') ? '["What now?"]' : 'A title'
  const name = async (): Promise<unknown> => (await talker.api.send('POST', `/v1/conversations/${id}/name`, { user, auto_generate: true })).body.name
  const suggest = async (message: string): Promise<unknown> => (await get(talker, `/messages/${message}/suggested`, { user })).body.data
  toy.asked.length = 0
  for (const message of [flagged, failed, running]) t.deepEqual(await suggest(message), [])
  t.is(toy.asked.length, 0)
  t.deepEqual(await suggest(fine), ['What now?'])
  t.regex(JSON.stringify(toy.asked), /A fine one/)
  t.notRegex(JSON.stringify(toy.asked), /broken one|pending one/)
  t.is(await name(), 'A title')
  t.notRegex(JSON.stringify(toy.asked), /forbidden one/)
  const only = await write(talker, user, [{ query: 'A forbidden one', metadata: { moderated: true } }], { name: 'As before' })
  t.is((await talker.api.send('POST', `/v1/conversations/${only.id}/name`, { user, auto_generate: true })).body.name, 'As before')

  const { models } = toy.provider
  toy.provider.models = (...of) => models(...of).map((one) => one.type === 'llm' ? { ...one, quotesOnly: true } : one)
  try {
    toy.asked.length = 0
    t.deepEqual(await suggest(fine), [])
    t.is(await name(), 'A title')
    t.is(await app.resolve(naming).title(chat.workspaceId, 'Where?'), 'Where?')
    t.is(toy.asked.length, 0)
  } finally { toy.provider.models = models }
})

test.serial('a conversation is deleted with all that was said in it; it has no variables', async (t) => {
  const user = somebody()
  const { id, messages: [message = ''] } = await write(chat, user, [{}])
  await chat.api.send('POST', `/v1/messages/${message}/feedbacks`, { user, rating: 'like' })
  t.deepEqual((await get(chat, `/conversations/${id}/variables`, { user, variable_name: 'a.b-c_1', limit: 5 })).body, { limit: 5, has_more: false, data: [] })
  for (const variable_name of ['', ' ', 'a b', "'", 'x'.repeat(256)]) is(t, await get(chat, `/conversations/${id}/variables`, { user, variable_name }), 400, 'invalid_param')
  is(t, await chat.api.send('PUT', `/v1/conversations/${id}/variables/${randomUUID()}`, { user, value: { a: 1 } }), 404, 'not_found')
  is(t, await chat.api.send('DELETE', `/v1/conversations/${id}`, { user, all: true }), 400, 'invalid_param')
  const gone = await chat.api.send('DELETE', `/v1/conversations/${id}`, { user })
  t.like(gone, { status: 204, body: undefined })
  is(t, await chat.api.send('DELETE', `/v1/conversations/${id}`, { user }), 404, 'not_found')
  const [{ left }] = await db('SELECT (SELECT count(*) FROM messages WHERE id = $1)::int + (SELECT count(*) FROM message_feedbacks WHERE message_id = $1)::int AS left', message) as [{ left: number }]
  t.is(left, 0)
})

test.serial('messages come the newest first, and in order on each page, with all that belongs to them', async (t) => {
  const user = somebody()
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, total_price: '0.0165', currency: 'USD', latency: 1.5 }
  const source = { position: 1, dataset_id: randomUUID(), dataset_name: 'Owls', segment_id: randomUUID(), content: 'Owls sleep by day.', score: 0.5 }
  const { id, messages } = await write(chat, user, [
    ...Array.from({ length: 4 }, () => ({})), { status: 'error' }, { status: 'stopped' }, { usage, metadata: { retriever_resources: [source] } }, { status: 'running', answer: '' },
  ])
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 10 }), async (limit) => {
    let seen: string[] = []
    for (let more = true; more;) {
      const { body } = await get(chat, '/messages', { user, conversation_id: id, limit, first_id: seen[0] })
      seen = [...idsOf(body), ...seen]
      more = body.has_more as boolean
      t.is(more, seen.length < messages.length)
      t.is(body.limit, limit)
    }
    t.deepEqual(seen, messages)
  }), { numRuns: 8 })
  const asked = messages.at(-2) as string
  const form = new FormData()
  form.set('file', new Blob(['an owl'], { type: 'text/plain' }), 'owl.txt')
  form.set('user', user)
  const upload = await (await app.fetch('/v1/files/upload', { method: 'POST', token: chat.token, body: form })).json() as { id: string }
  const file = (upload_file_id: string | null, url: string | null) => db(
    `INSERT INTO message_files (id, workspace_id, message_id, position, belongs_to, type, transfer_method, url, upload_file_id) VALUES ($1, $2, $3, 1, 'user', 'document', $4, $5, $6)`,
    randomUUID(), chat.workspaceId, asked, url === null ? 'local_file' : 'remote_url', url, upload_file_id)
  await file(upload.id, null)
  await file(null, 'https://example.org/a/great%20owl.png?x=1')
  await file(randomUUID(), null)
  await chat.api.send('POST', `/v1/messages/${asked}/feedbacks`, { user, rating: 'dislike', content: 'No.' })
  const { data } = (await get(chat, '/messages', { user, conversation_id: id })).body
  t.deepEqual(data.map((one: { status: string }) => one.status), ['normal', 'normal', 'normal', 'normal', 'error', 'normal', 'normal', 'normal'])
  const item = data.at(-2)
  t.like(item, {
    id: asked, conversation_id: id, parent_message_id: null, feedback: { rating: 'dislike' }, agent_thoughts: [], extra_contents: [], message_tokens: 7, answer_tokens: 3,
    total_tokens: 10, total_price: '0.0165', currency: 'USD', provider_response_latency: 1.5,
  })
  t.like(item.retriever_resources[0], { ...source, message_id: asked })
  t.is(item.retriever_resources[0].id, (await get(chat, '/messages', { user, conversation_id: id })).body.data.at(-2).retriever_resources[0].id)
  const files = [...item.message_files].sort((a: { filename: string }, b: { filename: string }) => a.filename < b.filename ? 1 : -1) as Record<string, string>[]
  t.like(files[0], { filename: 'owl.txt', type: 'document', transfer_method: 'local_file', belongs_to: 'user', upload_file_id: upload.id, size: 6 as never })
  const link = new URL(files[0]?.['url'] ?? '', app.url)
  t.is(await (await app.fetch(link.pathname + link.search)).text(), 'an owl')
  t.like(files[1], { filename: 'great owl.png', url: 'https://example.org/a/great%20owl.png?x=1' })
  t.like(files[2], { url: null })
  t.like(data.at(-1), { answer: '', message_tokens: 0, total_price: null, currency: null, feedback: null })
  is(t, await get(chat, '/messages', { user }), 400, 'invalid_param')
  const elsewhere = await write(chat, user, [{}])
  is(t, await get(chat, '/messages', { user, conversation_id: id, first_id: elsewhere.messages[0] }), 404, 'not_found')
})

test.serial('each side has one opinion of an answer, and takes it back', async (t) => {
  const user = somebody()
  const { id, messages: [message = ''] } = await write(chat, user, [{}])
  const rate = (body: object) => chat.api.send('POST', `/v1/messages/${message}/feedbacks`, { user, ...body })
  is(t, await rate({ rating: null }), 400, 'invalid_param')
  for (const body of [{ rating: 'love' }, { rating: 'like', user: undefined }, { rating: 'like', user: '' }, { rating: 'like', content: 'a\0' }, { rating: 'like', from_source: 'admin' }]) {
    is(t, await rate(body), 400, 'invalid_param')
  }
  t.deepEqual((await rate({ rating: 'like', content: 'Good' })).body, { result: 'success' })
  await Promise.all(Array.from({ length: 5 }, () => rate({ rating: 'dislike' })))
  t.is((await console_('POST', `/apps/${chat.id}/feedbacks`, { message_id: message, rating: 'like', content: '=1+1' })).status, 200)
  const both = (await db('SELECT rating, from_source, content FROM message_feedbacks WHERE message_id = $1 ORDER BY from_source', message))
  t.deepEqual(both, [{ rating: 'like', from_source: 'admin', content: '=1+1' }, { rating: 'dislike', from_source: 'user', content: null }])
  t.deepEqual((await get(chat, '/messages', { user, conversation_id: id })).body.data[0].feedback, { rating: 'dislike' })
  const page = await get(chat, '/app/feedbacks', { limit: 1 })
  t.like(page.body.data[0], { app_id: chat.id, conversation_id: id, message_id: message, rating: 'like', from_source: 'admin', from_end_user_id: null, content: '=1+1' })
  t.regex(page.body.data[0].created_at as string, /^\d{4}-\d\d-\d\dT/)
  const all = idsOf((await get(chat, '/app/feedbacks', { limit: 101 })).body)
  t.deepEqual([...idsOf((await get(chat, '/app/feedbacks', { limit: 2 })).body), ...idsOf((await get(chat, '/app/feedbacks', { limit: 2, page: 2 })).body)], all.slice(0, 4))
  is(t, await get(chat, '/app/feedbacks', { limit: 102 }), 400, 'invalid_param')
  t.false(idsOf((await get(other, '/app/feedbacks')).body).some((one) => all.includes(one)))
  t.is((await rate({})).status, 200)
  is(t, await rate({ rating: null }), 400, 'invalid_param')
  t.is((await console_('POST', `/apps/${chat.id}/feedbacks`, { message_id: message, rating: null })).status, 200)
})

test.serial('questions that may come next are read from whatever the model writes', async (t) => {
  const user = somebody()
  const talker = await newApp('chat')
  const off = await write(talker, user, [{}])
  is(t, await get(talker, `/messages/${off.messages[0]}/suggested`, { user }), 400, 'bad_request')
  await configure(talker, { suggested_questions_after_answer: { enabled: true } })
  is(t, await get(talker, `/messages/${off.messages[0]}/suggested`, { user }), 400, 'bad_request')
  const { messages } = await write(talker, user, Array.from({ length: 5 }, (_, index) => ({ query: `Question ${index}?`, answer: `<think>secret ${index}</think>Answer ${index}.` })))
  const suggest = async (message = messages[3]): Promise<unknown> => {
    const { status, body } = await get(talker, `/messages/${message}/suggested`, { user })
    t.like({ status, result: body.result }, { status: 200, result: 'success' })
    return body.data
  }
  toy.answer = () => '<think>["No?"]\nHm.</think>```json\n["A?", "B?", "C?", "D?"]\n```'
  t.deepEqual(await suggest(), ['A?', 'B?', 'C?'])
  const [asked] = [JSON.stringify(toy.asked.at(-1)?.messages)]
  t.deepEqual([0, 1, 2, 3, 4].filter((index) => asked.includes(`Answer ${index}.`)), [1, 2, 3], 'the last three up to the one that is asked about')
  t.false(asked.includes('secret'))
  t.true(Number(toy.asked.at(-1)?.parameters?.['max_tokens']) <= 2_000)
  toy.answer = () => { throw new Error('away') }
  t.deepEqual(await suggest(), [])
  // All that the model may say goes into thinking: it is asked once more, with more room.
  let tries = 0
  toy.answer = async function* () {
    tries += 1
    if (tries === 1) { yield '<think>So many'; yield { type: 'end', tokens: {}, finish: 'length' } } else yield '["At last?"]'
  }
  t.deepEqual(await suggest(), ['At last?'])
  await configure(talker, { suggested_questions_after_answer: { enabled: true, prompt: 'Propose five riddles.', model: { provider: 'toy', name: 'echo-2', mode: 'chat', completion_params: { temperature: 0.5 } } } })
  const riddles = await write(talker, user, [{ answer: 'long '.repeat(20_000) }])
  toy.answer = ({ model }) => JSON.stringify({ questions: [1, 2, 3, 4, 5].map((n) => `${model} ${n}?`) })
  t.deepEqual(await suggest(riddles.messages[0]), [1, 2, 3, 4, 5].map((n) => `echo-2 ${n}?`))
  t.true(JSON.stringify(toy.asked.at(-1)?.messages).length < 12_000, 'a long answer is shown in part')
  t.is(toy.asked.at(-1)?.parameters?.['temperature'], 0.5)
  is(t, await get(talker, `/messages/${messages[0]}/suggested`), 400, 'invalid_param')
})

test('questions and thinking in many forms', (t) => {
  for (const [said, wanted] of [
    ['1. What now?\n2) And then?\n- Why', ['What now?', 'And then?', 'Why']], ['Here you go:\n"What now?"\n', ['What now?']], ['["What now?", "And th', ['What now?']],
    ['[{"question": "What now?"}, {"q": "Why?"}]', ['What now?', 'Why?']], ['{"questions": ["Why?"]}', ['Why?']], ['I am sorry.', []], ['', []], ['[]', []], ['{', []], ['null', []],
    ['没有吗？\n为什么', ['没有吗？']], ['["Why?", "Why?", " ", 5]', ['Why?']], ['What now\nWhy', ['What now', 'Why']], [`["${'x'.repeat(400)}"]`, [`${'x'.repeat(300)}...`]],
  ] as const) t.deepEqual(questionsIn(said, 3), [...wanted], said)
  for (const [said, wanted] of [
    ['<think>a</think>b', 'b'], ['a</think>b', 'b'], ['b<think>a', 'b'], ['<THINK type="x">a</Think>b<thinking>c</thinking>d', 'bd'], ['a < b', 'a < b'], ['<think>a<think>b</think>c', 'c'],
  ] as const) t.is(withoutThinking(said), wanted, said)
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), (text, most) => { t.true(questionsIn(`[${text}"<think>`, most).length <= most) }))
})

test.serial('what is really asked and answered is there at once, rated, gone on with, and deleted even while it is being answered', async (t) => {
  const user = somebody()
  const file = { label: 'Paper', variable: 'paper', required: false, allowed_file_types: ['document'] }
  const talker = await newApp('chat', { user_input_form: [{ file }, { json_object: { label: 'Any', variable: 'any', required: false } }], opening_statement: 'Hello {{any}}' })
  const form = new FormData()
  form.set('file', new Blob(['an owl'], { type: 'text/plain' }), 'owl.txt')
  form.set('user', user)
  const upload = await (await app.fetch('/v1/files/upload', { method: 'POST', token: talker.token, body: form })).json() as { id: string }
  const other = new FormData()
  other.set('file', new Blob(['a secret'], { type: 'text/plain' }), 'secret.txt')
  other.set('user', somebody())
  const secret = await (await app.fetch('/v1/files/upload', { method: 'POST', token: talker.token, body: other })).json() as { id: string }
  const forged = { type: 'document', transfer_method: 'local_file', upload_file_id: secret.id }
  const ask = (body: object) => talker.api.send('POST', '/v1/chat-messages', { user, query: 'Where?', inputs: {}, auto_generate_name: false, ...body })
  const first = await ask({ inputs: { paper: { type: 'document', transfer_method: 'local_file', upload_file_id: upload.id }, any: forged } })
  t.is(first.status, 200, JSON.stringify(first.body))
  const { conversation_id: id, message_id: message } = first.body as { conversation_id: string; message_id: string }
  t.is((await ask({ conversation_id: id })).status, 200)
  const { data } = (await get(talker, '/messages', { user, conversation_id: id })).body
  t.deepEqual(data.map((one: any) => [one.query, one.answer, one.status]), [['Where?', 'Owls at night', 'normal'], ['Where?', 'Owls at night', 'normal']])
  t.true(data[0].total_tokens > 0 && data[0].total_price !== '0' && data[0].currency === 'USD')
  t.is(data[0].message_files[0].upload_file_id, upload.id)
  const [listed] = (await get(talker, '/conversations', { user })).body.data
  for (const { inputs } of [listed, data[0], data[1]]) {
    const link = new URL(inputs.paper.url as string, app.url)
    t.is(await (await app.fetch(link.pathname + link.search)).text(), 'an owl')
    t.deepEqual(inputs.any, forged, 'what only says that it is a file is given no link')
  }
  t.is((await talker.api.send('POST', `/v1/messages/${message}/feedbacks`, { user, rating: 'like' })).status, 200)

  let go!: () => void
  const held = new Promise<void>((resolve) => { go = resolve })
  toy.answer = async function* () { yield 'Owls '; await held; yield 'at night' }
  const streamed = await app.fetch('/v1/chat-messages', { token: talker.token, json: { user, query: 'And?', inputs: {}, conversation_id: id, response_mode: 'streaming' } })
  const reader = (streamed.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('Owls ')) text += (await reader.read()).value ?? ''
  t.is((await talker.api.send('DELETE', `/v1/conversations/${id}`, { user })).status, 204)
  go()
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
  t.regex(text, /"event":"message_end"/)
  t.notRegex(text, /"event":"error"/)
  is(t, await get(talker, '/messages', { user, conversation_id: id }), 404, 'not_found')
  is(t, await ask({ conversation_id: id }), 404, 'not_found')
  t.deepEqual(await db('SELECT 1 FROM messages WHERE conversation_id = $1', id), [])
  t.deepEqual(await db(`SELECT DISTINCT status FROM runs WHERE app_id = $1`, talker.id), [{ status: 'succeeded' }])
})

test.serial('the console shows what everybody said, and what was thought of it', async (t) => {
  const talker = await newApp('chat', { pre_prompt: 'Be an owl.' })
  const [ann, ben] = [somebody(), somebody()]
  const first = await write(talker, ann, [{ query: 'Where do OWLS sleep?' }, { status: 'error' }], { name: 'Birds', at: '1000' })
  const second = await write(talker, ben, [{ answer: 'Badgers.' }], { at: '2000' })
  const empty = await write(talker, ben, [], { at: '2000' })
  await talker.api.send('POST', `/v1/messages/${first.messages[0]}/feedbacks`, { user: ann, rating: 'like', content: 'Nice, "really"\nso' })
  await console_('POST', `/apps/${talker.id}/feedbacks`, { message_id: first.messages[0], rating: 'dislike', content: '=HYPERLINK("x")' })
  const list = (query = ''): Promise<any> => console_('GET', `/apps/${talker.id}/chat-conversations${query}`)
  const { status, body } = await list('?sort_by=created_at&limit=2')
  t.like({ status, total: body.total, has_more: body.has_more, page: body.page, limit: body.limit }, { status: 200, total: 3, has_more: true, page: 1, limit: 2 })
  t.like(body.data[0], {
    id: first.id, name: 'Birds', summary: 'Where do OWLS sleep?', from_source: 'api', from_end_user_session_id: ann, from_account_id: null, message_count: 2, created_at: 1000,
    user_feedback_stats: { like: 1, dislike: 0 }, admin_feedback_stats: { like: 0, dislike: 1 }, status_count: { success: 1, failed: 1, partial_success: 0, paused: 0 },
  })
  const found = async (query: string): Promise<string[]> => idsOf((await list(`?sort_by=created_at&${query}`)).body).sort()
  t.deepEqual(await found('keyword=owls'), [first.id])
  t.deepEqual(await found('keyword=badger'), [second.id])
  t.deepEqual(await found('keyword=bird'), [first.id])
  t.deepEqual(await found('keyword=%25'), [])
  t.deepEqual(await found('start=1970-01-01 00:30'), [second.id, empty.id].sort())
  t.deepEqual(await found('end=1970-01-01T00:30:00Z'), [first.id])
  for (const query of ['annotation_status=annotated', 'start=yesterday', 'start=2026-02-30 10:00', 'start=0000-01-01', 'limit=0', 'page=x', 'keyword=%00']) is(t, await list(`?${query}`), 400, 'invalid_param')
  t.like((await console_('GET', `/apps/${talker.id}/chat-conversations/${first.id}`)).body, { id: first.id, introduction: 'Hello', message_count: 2, model_config: { model: { provider: 'toy', name: 'echo' }, pre_prompt: 'Be an owl.' } })
  const messages = (await console_('GET', `/apps/${talker.id}/chat-messages?conversation_id=${first.id}&limit=1`)).body
  t.like({ has_more: messages.has_more, id: messages.data[0].id, status: messages.data[0].status }, { has_more: true, id: first.messages[1], status: 'error' })
  const one = (await console_('GET', `/apps/${talker.id}/messages/${first.messages[0]}`)).body
  t.deepEqual(one.feedbacks.map((each: any) => [each.from_source, each.rating, each.from_account?.name ?? null]), [['user', 'like', null], ['admin', 'dislike', 'Ann']])
  const csv = await console_('GET', `/apps/${talker.id}/feedbacks/export`)
  t.true((csv.body as string).includes(`"Nice, ""really""\nso"`))
  t.true((csv.body as string).includes(`"'=HYPERLINK(""x"")"`), 'no sheet takes it for a formula')
  const json = await console_('GET', `/apps/${talker.id}/feedbacks/export?format=json&from_source=user&has_comment=true`)
  t.deepEqual(json.body.feedback_data.map((each: any) => [each.feedback_rating_raw, each.user_query]), [['like', 'Where do OWLS sleep?']])
  t.is((await console_('GET', `/apps/${talker.id}/feedbacks/export?format=json&rating=like&has_comment=false`)).body.feedback_data.length, 0)

  const asked = await write(completion, ann, [{ query: 'Q', answer: 'A' }])
  const [item] = (await console_('GET', `/apps/${completion.id}/completion-conversations`)).body.data
  t.like(item, { id: asked.id, message: { query: 'Q', answer: 'A' } })
  t.like((await console_('GET', `/apps/${completion.id}/completion-conversations/${asked.id}`)).body, { id: asked.id, message: { id: asked.messages[0], answer: 'A' } })
  is(t, await console_('GET', `/apps/${completion.id}/chat-conversations`), 404, 'not_found')
  is(t, await console_('DELETE', `/apps/${talker.id}/completion-conversations/${first.id}`), 404, 'not_found')
  for (const path of [`chat-conversations/${first.id}`, `messages/${first.messages[0]}`, `chat-messages?conversation_id=${first.id}`]) is(t, await console_('GET', `/apps/${chat.id}/${path}`), 404, 'not_found')
  t.is((await console_('DELETE', `/apps/${completion.id}/completion-conversations/${asked.id}`)).status, 204)
  t.is((await console_('DELETE', `/apps/${talker.id}/chat-conversations/${first.id}`)).status, 204)
  is(t, await console_('DELETE', `/apps/${talker.id}/chat-conversations/${first.id}`), 404, 'not_found')
  t.is((await db(`SELECT 1 FROM audit_logs WHERE action = 'conversation.deleted' AND resource_id = $1`, first.id)).length, 1)
})

test.serial('a page costs as many statements as another, however much is on it', async (t) => {
  const proto = pg.Client.prototype as unknown as { query: (...values: unknown[]) => unknown }
  const { query } = proto
  let statements = 0
  proto.query = function counted(this: unknown, ...values) {
    statements += 1
    return query.apply(this, values)
  }
  try {
    const user = somebody()
    const talker = await newApp('chat')
    let talk = await write(talker, user, Array.from({ length: 8 }, () => ({})))
    for (let index = 0; index < 8; index += 1) {
      await talker.api.send('POST', `/v1/messages/${talk.messages[0]}/feedbacks`, { user, rating: 'like' })
      talk = await write(talker, user, Array.from({ length: 8 }, () => ({})))
    }
    const least = async (ask: () => Promise<{ body: { data: unknown[] } }>): Promise<{ cost: number; items: number }> => {
      const tries: number[] = []
      let items = 0
      for (let index = 0; index < 4; index += 1) {
        const before = statements
        items = (await ask()).body.data.length
        tries.push(statements - before)
      }
      return { cost: Math.min(...tries), items }
    }
    const service = (path: string) => (limit: number) => () => get(talker, path, { user, limit, conversation_id: talk.id })
    const console = (path: string) => (limit: number) => () => console_('GET', `/apps/${talker.id}/${path}?limit=${limit}${path === 'chat-messages' ? `&conversation_id=${talk.id}` : ''}`)
    for (const at of [service('/conversations'), service('/messages'), service('/app/feedbacks'), console('chat-conversations'), console('chat-messages')]) {
      const [few, many] = [await least(at(2)), await least(at(100))]
      t.is(few.items, 2)
      t.true(many.items >= 8 && many.cost <= few.cost, `${few.cost} for 2, ${many.cost} for ${many.items}`)
    }
  } finally { proto.query = query }
})

test.serial('another workspace is shown none of it', async (t) => {
  const theirs = await makeWorkspace(app, 'theirs')
  const headers = await signIn(app, theirs)
  const { id, messages: [message] } = await write(chat, somebody(), [{}])
  for (const path of ['chat-conversations', `chat-conversations/${id}`, `messages/${message}`, `chat-messages?conversation_id=${id}`, 'feedbacks/export']) {
    const answer = await app.fetch(`/console/api/apps/${chat.id}/${path}`, { headers })
    t.is(answer.status, 404, path)
  }
  t.is((await app.fetch('/v1/conversations', { token: theirs.workspaceKey })).status, 401)
})
