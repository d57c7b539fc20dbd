/**
 * Laws of every list that comes in pages, generated from the router: a page costs as many statements as another, however much is on it;
 * pages of any size put together are the whole, in one order; totals and `has_more` are right at the edges.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import Joi from 'joi'
import pg from 'pg'
import { database, definePlugin, route } from '../core/index.ts'
import type { Route } from '../core/index.ts'
import { fullPath } from '../core/route.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { annotations } from '../plugins/annotations/ports.ts'
import { keyUses } from '../plugins/audit/services/key-uses.ts'
import { pageFields } from '../plugins/datasets/schemas/common.ts'
import { client } from './support/client.ts'
import { toyLlm } from './support/toy-llm.ts'
import { makeApps, makeWorkspace, signIn } from './support/world.ts'
import type { AppsOfWorkspace, Workspace } from './support/world.ts'

const NAMED = 7
/** Lists that stay short here: nothing fails, nothing is asked of others, and no app has variables yet. */
const SHORT = [
  'GET /console/api/datasets/{dataset_id}/error-docs', 'GET /console/api/datasets/external-knowledge-api', 'GET /v1/conversations/{conversation_id}/variables',
]
const planted = route({
  method: 'GET', path: '/planted', surface: 'service', credential: 'dataset', access: 'dataset:list', resource: { dataset: 'filtered' }, summary: 'Asks once for each of its items, and forgets the last',
  query: Joi.object({ ...pageFields }), uses: { db: database },
  handle: async ({ actor, query }, { db }) => {
    const { limit } = query as { limit: number }
    const rows = await db.query<{ id: string }>('SELECT id FROM datasets WHERE workspace_id = $1 ORDER BY id LIMIT $2', [actor.workspaceId, limit])
    for (const { id } of rows) await db.query('SELECT 1 FROM datasets WHERE id = $1', [id])
    return { data: rows, has_more: false, total: rows.length, limit, page: 1 }
  },
})

let app: TestApp
let mine: Workspace
let apps: AppsOfWorkspace
let session: Record<string, string>
let ids: Record<string, string>
let statements = 0
test.before(async () => {
  const proto = pg.Client.prototype as unknown as { query: (...values: unknown[]) => unknown }
  const { query } = proto
  proto.query = function counted(this: unknown, ...values) {
    statements += 1
    return query.apply(this, values)
  }
  app = await testApp({ plugins: [definePlugin({ name: 'planted', kernel: '^1', routes: [planted] })], fakes: { modelProvider: new Map([['toy', toyLlm().provider]]) } })
  mine = await makeWorkspace(app, 'mine')
  apps = await makeApps(app, mine, 'mine')
  session = await signIn(app, mine)
  const api = client(app.url, mine.workspaceKey)
  const make = async (path: string, body: object): Promise<Record<string, any>> => {
    const { status, body: made } = await api.send('POST', path, body)
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(made)}`)
    return made as Record<string, any>
  }
  for (let index = 0; index < NAMED; index += 1) await make('/v1/datasets', { name: `list ${index}`, indexing_technique: 'economy' })
  const { id: dataset_id } = await make('/v1/datasets', { name: 'parents', indexing_technique: 'high_quality', embedding_model_provider: 'toy', embedding_model: 'words' }) as { id: string }
  const words = (count: number): string => Array.from({ length: count }, (_, index) => `Sentence ${index} tells of owls, herons and foxes in the wood.`).join('\n')
  const process_rule = {
    mode: 'hierarchical', rules: {
      pre_processing_rules: [], parent_mode: 'paragraph',
      segmentation: { separator: '\n\n', max_tokens: 1_000, chunk_overlap: 0 }, subchunk_segmentation: { separator: '\n', max_tokens: 200, chunk_overlap: 0 },
    },
  }
  let last: Record<string, any> = {}
  for (let index = 0; index < NAMED; index += 1) {
    last = await make(`/v1/datasets/${dataset_id}/document/create-by-text`, {
      name: `${index}.txt`, text: Array.from({ length: NAMED }, () => words(NAMED)).join('\n\n'), indexing_technique: 'high_quality', doc_form: 'hierarchical_model', process_rule,
    })
  }
  await api.indexed(dataset_id, last['batch'] as string)
  for (let index = 0; index < NAMED; index += 1) await make(`/v1/datasets/${dataset_id}/retrieve`, { query: `owls ${index}` })
  const { body: segments } = await api.send('GET', `/v1/datasets/${dataset_id}/documents/${String(last['document'].id)}/segments`)
  ids = { dataset_id, document_id: last['document'].id as string, segment_id: segments.data[0].id as string, batch: last['batch'] as string, ...await talk() }
  // What keys did is written down a moment later; from now on, no more.
  await app.resolve(keyUses).stop()
})
test.after.always(() => app.close())

/** Conversations of one user, messages in the last of them, and what else apps have lists of. */
const talk = async (): Promise<Record<string, string>> => {
  const { id: app_id, key, annotationId: annotation_id } = apps.chats[0]
  const [chat, completion] = [client(app.url, key), client(app.url, apps.completion.key)]
  const user = 'a user who talks'
  const ask = { user, inputs: { query: 'owls' }, query: 'owls', auto_generate_name: false }
  for (let index = 0; index < NAMED; index += 1) {
    await chat.send('POST', '/v1/apps/annotations', { question: `Which owl is number ${index}?`, answer: 'That one.' })
    const { status, body } = await completion.send('POST', '/v1/completion-messages', { user, inputs: { query: 'owls' }, query: 'owls' })
    if (status !== 200) throw new Error(JSON.stringify(body))
    const made = await app.fetch('/console/api/apps', { headers: session, json: { name: `app ${index}`, mode: 'chat' } })
    if (made.status !== 201) throw new Error(await made.text())
  }
  const answer = { id: annotation_id, question: 'Which owl?', answer: 'That one.', account: { id: mine.accountId, name: 'mine' }, score: 1 }
  for (let index = 0; index < NAMED; index += 1) await app.resolve(annotations).hit({ workspaceId: mine.workspaceId, id: app_id }, answer, `owl ${index}`, randomUUID(), 'api')
  let conversation_id = ''
  for (let index = 0; index < 2 * NAMED; index += 1) {
    const { status, body } = await chat.send('POST', '/v1/chat-messages', { ...ask, ...index >= NAMED ? { conversation_id } : {} })
    if (status !== 200) throw new Error(JSON.stringify(body))
    conversation_id = body.conversation_id as string
    await chat.send('POST', `/v1/messages/${body.message_id as string}/feedbacks`, { user, rating: 'like', content: `good ${index}` })
  }
  return { app_id, annotation_id, conversation_id, user }
}

const isPlanted = ({ path }: Route): boolean => path === '/planted'
const namesOf = (schema: unknown): string[] => ((schema as { $_terms: { keys: readonly { key: string }[] | null } } | undefined)?.$_terms.keys ?? []).map(({ key }) => key)
const lists = (): Route[] => app.kernel.catalogue.routes.filter(({ method, query, path }) =>
  method === 'GET' && namesOf(query).includes('limit') && [...path.matchAll(/\{(\w+)\}/g)].every(([, name = '']) => name in ids))

interface Page { data: Record<string, unknown>[]; total?: number; has_more?: boolean }
const isCompleting = ({ path }: Route): boolean => path.includes('completion-')
const headersFor = (one: Route): Record<string, string> => {
  if (one.credential === 'account') return session
  return { authorization: `Bearer ${one.credential === 'dataset' ? mine.workspaceKey : isCompleting(one) ? apps.completion.key : apps.chats[0].key}` }
}
const fetchPage = async (one: Route, query: Record<string, string | number>): Promise<Page> => {
  const path = fullPath(one).replace(/\{(\w+)\}/g, (_, name: string) => name === 'app_id' && isCompleting(one) ? apps.completion.id : ids[name] ?? '')
  const asked = namesOf(one.query).flatMap((name): [string, string][] => ['user', 'conversation_id'].includes(name) ? [[name, ids[name] ?? '']] : [])
  const search = new URLSearchParams([...asked, ...Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])])
  const response = await app.fetch(`${path}?${search.toString()}`, { headers: headersFor(one) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${fullPath(one)}: ${response.status} ${text}`)
  return JSON.parse(text) as Page
}
const ask = (one: Route, page: number, limit: number): Promise<Page> => fetchPage(one, namesOf(one.query).includes('page') ? { page, limit } : { limit })
/** The field by which a list goes on from one of its items rather than by pages. */
const cursorOf = (one: Route): 'last_id' | 'first_id' | undefined =>
  namesOf(one.query).includes('page') ? undefined : (['last_id', 'first_id'] as const).find((name) => namesOf(one.query).includes(name))
/** The least of some tries: now and then something else asks meanwhile. */
const cost = async (one: Route, limit: number): Promise<number> => {
  const costs: number[] = []
  for (let tries = 0; tries < 4; tries += 1) {
    const before = statements
    await ask(one, 1, limit)
    costs.push(statements - before)
  }
  return Math.min(...costs)
}
/** What comes after the last item, or, where the newest come first and each page is in the order of time, before the first. */
const problemsOfCursor = async (one: Route, cursor: 'last_id' | 'first_id', whole: readonly Record<string, unknown>[]): Promise<string[]> => {
  const found: string[] = []
  for (const size of [1, 3, whole.length].filter((limit) => limit > 0 && limit <= whole.length)) {
    let seen: Record<string, unknown>[] = []
    for (let more = true; more && seen.length <= whole.length;) {
      const at = (cursor === 'last_id' ? seen.at(-1) : seen[0])?.['id'] as string | undefined
      const { data, has_more: told } = await fetchPage(one, { limit: size, ...at === undefined ? {} : { [cursor]: at } })
      seen = cursor === 'last_id' ? [...seen, ...data] : [...data, ...seen]
      more = seen.length < whole.length
      if (told !== more) found.push(`after ${seen.length} of ${whole.length} it says has_more ${String(told)}`)
    }
    if (JSON.stringify(seen.map(({ id }) => id)) !== JSON.stringify(whole.map(({ id }) => id))) found.push(`pages of ${size} are not the whole`)
  }
  return found
}
const problems = async (one: Route): Promise<{ items: number; found: string[] }> => {
  const found: string[] = []
  const whole = await ask(one, 1, 100)
  const [few, many] = [await cost(one, 2), await cost(one, 100)]
  if (many > few) found.push(`a page of 2 costs ${few} statements, one of ${whole.data.length} costs ${many}`)
  const total = whole.total ?? whole.data.length
  for (let page = 2; whole.data.length < total; page += 1) whole.data.push(...(await ask(one, page, 100)).data)
  const cursor = cursorOf(one)
  if (cursor) return { items: total, found: [...found, ...await problemsOfCursor(one, cursor, whole.data)] }
  for (const size of [...total > 100 ? [100] : [1, 3], total].filter((limit) => limit > 0 && limit <= Math.min(total, 100))) {
    const items: unknown[] = []
    for (let page = 1; page <= Math.ceil(total / size); page += 1) {
      const { data, has_more: more, total: told } = await ask(one, page, size)
      items.push(...data)
      if (told !== undefined && told !== total) found.push(`of ${total}, page ${page} of ${size} tells ${told}`)
      if (more !== undefined && more !== page * size < total) found.push(`page ${page} of ${size} of ${total} says has_more ${String(more)}`)
    }
    const [left, right] = [items, whole.data].map((list) => JSON.stringify((list as Record<string, unknown>[]).map(({ id, ...rest }) => id ?? rest)))
    if (left !== right) found.push(`pages of ${size} are not the whole`)
  }
  const past = await ask(one, Math.ceil(total / 3) + 1, 3)
  if (past.data.length > 0 || past.has_more === true) found.push('there is something after the end')
  return { items: whole.data.length, found }
}

test.serial('every list costs the same however long, and its pages are the whole', async (t) => {
  t.timeout(300_000)
  const short: string[] = []
  for (const one of lists().filter((each) => !isPlanted(each))) {
    const { items, found } = await problems(one)
    t.deepEqual(found, [], `${one.method} ${fullPath(one)}`)
    if (items < NAMED) short.push(`${one.method} ${fullPath(one)}`)
  }
  t.log(`${lists().length - 1} lists`)
  // A law of a list with little on it says little.
  t.deepEqual(short, SHORT)
})

test.serial('a list that asks once for each of its items, or ends too early, is found', async (t) => {
  const { found } = await problems(app.kernel.catalogue.routes.find(isPlanted) as Route)
  for (const word of ['costs', 'has_more', 'not the whole']) t.true(found.some((line) => line.includes(word)), `${word}: ${found.join('; ')}`)
})
