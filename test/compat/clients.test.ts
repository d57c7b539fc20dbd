/** Clients that others publish on npm, as they are published: every call that they have, workflows aside, and what they make of our answers. */
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { createDifyProvider } from 'dify-ai-provider'
import { ChatClient, CompletionClient, DifyClient } from 'dify-client'
import { HttpError } from '../../core/index.ts'
import { parsed } from '../support/chatting.ts'
import { makeAppWorld, moderated, PNG } from './app-world.ts'
import type { AppWorld } from './app-world.ts'

let world: AppWorld
let base = ''
test.before(async () => {
  world = await makeAppWorld()
  base = `${world.app.url}/v1`
})
test.after.always(() => world.app.close())

let users = 0
const somebody = (): string => `user ${users += 1}`
const inputs = { name: 'Ann', about: '', city: 'Oslo' }
/** What a refused call of axios carries. */
const refusal = async (call: Promise<unknown>): Promise<unknown> => {
  try { await call } catch (error) {
    const { response: { status, data } } = error as { response: { status: number; data: { code: string; status: number } } }
    return { status, code: data.code, said: data.status }
  }
  return undefined
}
const heard = async (stream: Readable): Promise<any[]> => parsed(await text(stream)).filter((event) => event !== 'ping')
const textOf = (events: readonly any[]): string => events.filter(({ event }) => event === 'message').map(({ answer }) => answer as string).join('')

test.serial('dify-client: asks a chat app, waiting and streaming, goes on, and looks back', async (t) => {
  const user = somebody()
  const client = new ChatClient(world.chat.token, base)
  const { data: first } = await client.createChatMessage(inputs, 'parent at home', user)
  t.like(first, { event: 'message', mode: 'chat', answer: 'You said: parent at home', metadata: { retriever_resources: [{ position: 1, document_name: 'leave.txt' }] } })
  const { prompt_tokens, completion_tokens, total_tokens } = first.metadata.usage as Record<string, number>
  t.deepEqual([completion_tokens, total_tokens], [5, 5 + (prompt_tokens ?? 0)])
  const { data: stream, headers } = await client.createChatMessage(inputs, 'and then?', user, true, first.conversation_id as string)
  t.is(headers['content-type'], 'text/event-stream; charset=utf-8')
  const events = await heard(stream as Readable)
  t.is(textOf(events), 'You said: and then?')
  t.is(events[0].conversation_id, first.conversation_id)
  t.is(events.at(-1).event, 'message_end')

  const { data: messages } = await client.getConversationMessages(user, first.conversation_id as string)
  t.deepEqual(messages.data.map(({ query, answer }: any) => [query, answer]), [['parent at home', 'You said: parent at home'], ['and then?', 'You said: and then?']])
  const { data: [before] } = (await client.getConversationMessages(user, first.conversation_id as string, messages.data[1].id as string, 1)).data
  t.is(before.id, first.message_id)
  const other = (await client.createChatMessage(inputs, 'anew', user)).data.conversation_id as string
  const ids = ({ data: { data } }: { data: { data: { id: string }[] } }): string[] => data.map(({ id }) => id)
  t.deepEqual(ids(await client.getConversations(user)), [other, first.conversation_id])
  // It has words for pages and pins that the API has not: they change nothing.
  t.deepEqual(ids(await client.getConversations(user, first.conversation_id as string, 1, false)), [other])
  t.deepEqual(ids(await client.getConversations(somebody())), [])

  t.is((await client.messageFeedback(first.message_id as string, 'like' as never, user)).data.result, 'success')
  t.is((await client.getConversationMessages(user, first.conversation_id as string)).data.data[0].feedback.rating, 'like')
  t.is((await client.messageFeedback(first.message_id as string, null as never, user)).data.result, 'success')
  t.is((await client.renameConversation(other, 'Leave', user)).data.name, 'Leave')
  const named = client.renameConversation as (id: string, name: string | null, user: string, auto: boolean) => Promise<{ data: { name: string } }>
  const { name } = (await world.withModel(() => '{"title": "Of parents"}', () => named.call(client, other, null, user, true))).data
  t.true(name.length > 0 && name !== 'Leave')
  t.is((await client.deleteConversation(other, user)).status, 204)
  t.deepEqual(ids(await client.getConversations(user)), [first.conversation_id])
})

test.serial('dify-client: sends files, reads the settings, changes its key, and is told what is wrong', async (t) => {
  const user = somebody()
  const client = new ChatClient(world.completion.token, base)
  client.updateApiKey(world.chat.token)
  const form = new FormData()
  form.set('user', user)
  form.set('file', new Blob([PNG], { type: 'image/png' }), 'dot.png')
  const { data: file, status } = await client.fileUpload(form)
  t.like({ status, ...file }, { status: 201, name: 'dot.png', extension: 'png', mime_type: 'image/png', size: PNG.length })
  const files = [{ type: 'image', transfer_method: 'local_file', upload_file_id: file.id as string }] as never
  const events = await heard((await client.createChatMessage(inputs, 'what is it?', user, true, null, files)).data as Readable)
  t.like(events.at(-1).files[0], { filename: 'dot.png', upload_file_id: file.id })
  t.like((await client.getApplicationParameters(user)).data, { opening_statement: 'Hello {{name}}', speech_to_text: { enabled: true }, text_to_speech: { autoPlay: 'disabled' } })
  t.is((await new DifyClient(world.chat.token, base).sendRequest('GET', '/info')).data.mode, 'chat')

  t.deepEqual(await refusal(client.createChatMessage(inputs, 'q', somebody(), false, null, files)), { status: 400, code: 'invalid_param', said: 400 })
  t.deepEqual(await refusal(client.createChatMessage(inputs, 'q', user, false, '5f1c3a0e-8d7c-4a43-b9d4-6a8a7d4a1b11')), { status: 404, code: 'not_found', said: 404 })
  t.deepEqual(await refusal(client.getConversationMessages(user)), { status: 400, code: 'invalid_param', said: 400 })
  client.updateApiKey('app-nothing')
  t.deepEqual(await refusal(client.getConversations(user)), { status: 401, code: 'unauthorized', said: 401 })
})

test.serial('dify-client: lets a completion app write, waiting and streaming', async (t) => {
  const user = somebody()
  const client = new CompletionClient(world.completion.token, base)
  const { data } = await client.createCompletionMessage(inputs, user)
  t.like(data, { event: 'message', mode: 'completion', answer: 'You said: Praise Ann. ' })
  t.false('conversation_id' in data)
  const events = await heard((await client.createCompletionMessage({ name: 'bread' }, user, true)).data as Readable)
  t.is(textOf(events), 'You said: Praise bread. ')
  t.is(events.at(-1).event, 'message_end')
  t.is((await client.messageFeedback(data.message_id as string, 'dislike' as never, user)).data.result, 'success')
  t.deepEqual(await refusal(new CompletionClient(world.chat.token, base).createCompletionMessage(inputs, user)), { status: 400, code: 'app_unavailable', said: 400 })
})

type Prompt = Parameters<ReturnType<ReturnType<typeof createDifyProvider>>['doStream']>[0]['prompt']
const asking = (text: string, more: object[] = []): Prompt => [{ role: 'user', content: [{ type: 'text', text }, ...more] }] as Prompt
const model = (app = world.chat) => createDifyProvider({ baseURL: base })('app', { apiKey: app.token, inputs, logger: false })
const metadata = (part: unknown): Record<string, string> => (part as { providerMetadata: { difyWorkflowData: Record<string, string> } }).providerMetadata.difyWorkflowData
const partsOf = async (stream: ReadableStream): Promise<any[]> => {
  const parts: any[] = []
  for await (const part of stream) parts.push(part)
  return parts
}
const said = (parts: readonly any[], type = 'text-delta'): string => parts.filter((part) => part.type === type).map(({ delta }) => delta as string).join('')
const kindsOf = (parts: readonly any[]): string[] => parts.map(({ type }) => type as string).filter((type) => type !== 'response-metadata').filter((type, index, all) => type !== all[index - 1])
const lookUp = { type: 'function', name: 'lookup', description: 'Look up a word', inputSchema: { type: 'object', properties: { word: { type: 'string' } } } } as const

test.serial('dify-ai-provider: generates, and goes on in the conversation that it was told', async (t) => {
  const headers = { 'user-id': somebody() }
  const one = await model().doGenerate({ prompt: [{ role: 'system', content: 'Be brief.' }, ...asking('parent at home')], headers })
  t.deepEqual(one.content, [{ type: 'text', text: 'You said: Be brief.\n\nparent at home' }])
  t.is(one.finishReason, 'stop')
  const { inputTokens = 0, outputTokens = 0, totalTokens } = one.usage
  t.true(inputTokens > 0 && outputTokens === 7)
  t.is(totalTokens, inputTokens + outputTokens)
  const { conversationId = '', messageId } = metadata(one)
  t.is(one.response?.id, messageId)
  const two = await model().doGenerate({ prompt: asking('and then?'), headers: { ...headers, 'chat-id': conversationId } })
  t.is(metadata(two)['conversationId'], conversationId)
  const history: Prompt = [...asking('parent at home'), { role: 'assistant', content: [{ type: 'text', text: 'x', providerMetadata: { difyWorkflowData: { conversationId } } } as never] }, ...asking('so?')]
  const three = await model().doGenerate({ prompt: history, headers })
  t.deepEqual([metadata(three)['conversationId'], three.content], [conversationId, [{ type: 'text', text: 'You said: so?' }]])
  t.deepEqual((await world.send('GET /messages', { query: `?conversation_id=${conversationId}&user=${headers['user-id']}` })).body.data.length, 3)
})

test.serial('dify-ai-provider: streams text with its ends, sources and usage, and sends files', async (t) => {
  const headers = { 'user-id': somebody() }
  const file = { type: 'file', mediaType: 'image/png', filename: 'dot.png', data: new Uint8Array(PNG) }
  const parts = await partsOf((await model().doStream({ prompt: asking('parent at home', [file]), headers })).stream)
  t.deepEqual(kindsOf(parts), ['text-start', 'text-delta', 'text-end', 'source', 'finish'])
  t.is(said(parts), 'You said: parent at home[image/png]', 'the model was shown the picture')
  t.like(parts.find(({ type }) => type === 'source'), { sourceType: 'document', title: 'leave.txt', filename: 'leave.txt' })
  const end = parts.at(-1)
  t.is(end.finishReason, 'stop')
  const { inputTokens, outputTokens, totalTokens } = end.usage as Record<string, number>
  t.deepEqual([outputTokens, totalTokens], [5, 5 + (inputTokens ?? 0)])
  const { conversationId = '', messageId, taskId } = metadata(end)
  for (const id of [conversationId, messageId, taskId]) t.regex(id ?? '', /^[0-9a-f-]{36}$/)
  t.true(parts.filter(({ type }) => type === 'response-metadata').every(({ id }) => id === messageId))
  const { data: [kept] } = (await world.send('GET /messages', { query: `?conversation_id=${conversationId}&user=${headers['user-id']}` })).body
  t.like(kept.message_files[0], { filename: 'dot.png', mime_type: 'image/png', type: 'image' })
})

test.serial('dify-ai-provider: thinking, tools, an answer taken back, failures before and on the way, and whoever leaves', async (t: ExecutionContext) => {
  const headers = { 'user-id': somebody() }
  const stream = (text: string, says: AppWorld['toy']['answer'], app = world.plain, more: object = {}): Promise<any[]> =>
    world.withModel(says, async () => partsOf((await model(app).doStream({ prompt: asking(text), headers, ...more })).stream))
  const thought = await stream('why?', async function* () { yield* ['<think>Hm', ', because</th', 'ink>', 'Because.'] })
  t.deepEqual([said(thought, 'reasoning-delta'), said(thought)], ['Hm, because', 'Because.'])
  t.deepEqual(kindsOf(thought), ['reasoning-start', 'reasoning-delta', 'reasoning-end', 'text-start', 'text-delta', 'text-end', 'finish'])
  const called = await stream('owl?', () => '{"name": "lookup", "arguments": {"word": "owl"}}', world.plain, { tools: [lookUp] })
  t.like(called.find(({ type }) => type === 'tool-call'), { toolName: 'lookup', input: '{"word":"owl"}' })
  t.is(called.at(-1).finishReason, 'tool-calls')
  const careful = await world.newApp('chat', moderated)
  const replaced = await stream('a tale', () => 'Once upon a time there lived a dragon', careful)
  t.is(replaced.filter(({ type }) => type === 'text-delta').at(-1).delta, 'Let us talk of something else.')
  t.is(replaced.at(-1).type, 'finish')

  const broken = await stream('fail', async function* () {
    yield 'So '
    throw new HttpError({ status: 429, code: 'rate_limit_error' }, 'Too fast. Wait a minute.')
  })
  t.regex(String(broken.at(-1).error), /rate_limit_error.*Too fast/)
  const refused = await t.throwsAsync(() => model(world.completion).doStream({ prompt: asking('q'), headers }) as Promise<unknown>)
  t.like(refused, { statusCode: 400, isRetryable: false, data: { code: 'not_chat_app', status: 400 } })
  t.regex(refused.message, /^Dify API error: /)
  const busy = await t.throwsAsync(() => world.whileBusy(() => model(world.single).doGenerate({ prompt: asking('q'), headers }) as Promise<never>))
  t.like(busy, { statusCode: 429, isRetryable: true, data: { code: 'too_many_requests' } })

  const left = new AbortController()
  let gone = (): void => undefined
  const stopped = new Promise<void>((resolve) => { gone = resolve })
  await world.withModel(async function* ({ signal }) {
    signal?.addEventListener('abort', () => { gone() })
    yield 'one '
    await stopped
  }, async () => {
    const { stream: going } = await model(world.plain).doStream({ prompt: asking('count'), headers, abortSignal: left.signal })
    await going.getReader().read()
    left.abort()
    await stopped
  })
  t.pass()
})
