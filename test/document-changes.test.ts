/** Documents that are replaced, renamed, switched off, archived, downloaded together, and all of it in the console. */
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { unzipSync } from 'fflate'
import { database, storage } from '../core/index.ts'
import { client } from './support/client.ts'
import type { Answer } from './support/client.ts'
import { automatic, bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { toyModels } from './support/toy-models.ts'
import { makeWorkspace, signIn } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let offers = ['words', 'words-2']
let { app, api, newToken, newDataset, addText, addFile, contents } = {} as Knowledge
let theirs: Workspace
let foreign: string
let session: Record<string, string>
let token: string
test.before(async () => {
  const toy = toyModels()
  const fakes = { modelProvider: new Map([['toy', { ...toy, models: () => toy.models().filter(({ name }) => offers.includes(name)) }]]) }
  ;({ app, api, newToken, newDataset, addText, addFile, contents } = await knowledge({ fakes, config: { server: { uploadBytes: 100_000 } } }))
  theirs = await makeWorkspace(app, 'theirs')
  foreign = (await client(app.url, theirs.workspaceKey).send('GET', `/v1/datasets/${theirs.datasetIds[0]}/documents`)).body.data[0].id
  token = await newToken()
  session = await signIn(app, { email: 'ann@example.org', password: 'correct horse 42' })
})
test.after.always(() => app.close())

interface Place { readonly id: string; readonly dataset: { readonly id: string }; readonly at: string; readonly batch: string }
const placed = async (dataset: { id: string }, { status, body }: Answer): Promise<Place> => {
  if (status !== 200) throw new Error(JSON.stringify(body))
  await api.indexed(dataset.id, body.batch)
  return { id: body.document.id, dataset, at: `/v1/datasets/${dataset.id}/documents/${body.document.id as string}`, batch: body.batch }
}
const add = async (dataset: { id: string }, name: string, text: string, more: object = {}): Promise<Place> => placed(dataset, await addText(dataset, name, text, more))
const read = async ({ at }: Place): Promise<any> => (await api.send('GET', at)).body
const byText = (place: Place, body: object): Promise<Answer> => api.send('POST', `${place.at}/update-by-text`, body)
const form = (file: { name: string; text: string } | undefined, data?: object): FormData => {
  const it = new FormData()
  if (file) it.set('file', new Blob([file.text]), file.name)
  if (data) it.set('data', JSON.stringify(data))
  return it
}
const asAnswer = async (response: Response): Promise<Answer> => ({ status: response.status, body: await response.json(), headers: response.headers })
const byFile = async ({ at }: Place, file: { name: string; text: string } | undefined, data?: object, method = 'PATCH', suffix = ''): Promise<Answer> =>
  asAnswer(await app.fetch(at + suffix, { method, token, body: form(file, data) }))
const found = async ({ id }: { id: string }, query: string): Promise<string[]> =>
  (await api.send('POST', `/v1/datasets/${id}/retrieve`, { query })).body.records.map((one: any) => one.segment.content)
const setStatus = (dataset: { id: string }, action: string, document_ids: unknown): Promise<Answer> =>
  api.send('PATCH', `/v1/datasets/${dataset.id}/documents/status/${action}`, { document_ids })
const stored = async (): Promise<string[]> => (await readdir(join(app.dataDir, 'storage/uploads'))).sort()

test.serial('a document takes another text and keeps its id, its place, its rule and its language', async (t) => {
  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  const first = await add(dataset, 'birds', 'a heron waits\na heron sleeps', { process_rule: bySeparator('\n'), doc_language: 'German' })
  await add(dataset, 'beside', 'an owl\n\na fox', { process_rule: bySeparator('\n\n') })
  const before = await read(first)
  await app.resolve(database).query(`UPDATE documents SET doc_type = 'book' WHERE id = $1`, [first.id])
  const files = (await stored()).length

  const { status, body } = await byText(first, { name: 'beasts', text: 'a badger digs\na badger rests' })
  t.is(status, 200)
  t.like(body.document, { id: first.id, name: 'beasts', position: 1, created_from: 'api', created_at: before.created_at, dataset_process_rule_id: before.dataset_process_rule_id })
  t.not(body.batch, first.batch)
  t.like((await api.indexed(dataset.id, body.batch))[0], { indexing_status: 'completed', total_segments: 2 })
  t.deepEqual(await contents(dataset, first.id), ['a badger digs', 'a badger rests'])
  t.like(await read(first), { doc_language: 'German', doc_type: 'book', display_status: 'available', data_source_info: { upload_file: { name: 'beasts', extension: 'txt' } } })
  t.false((await found(dataset, 'heron')).some((one) => one.includes('heron')))
  t.true((await found(dataset, 'badger')).includes('a badger digs'))
  await app.runJobs()
  t.is((await stored()).length, files, 'the file of the earlier content is gone')

  // The other way, by its older address, with another rule.
  const again = await api.send('POST', `${first.at}/update_by_text`, { name: 'beasts', text: 'one#two\nthree', process_rule: bySeparator('#'), indexing_technique: 'economy', doc_form: 'text_model' })
  await api.indexed(dataset.id, again.body.batch)
  t.deepEqual(await contents(dataset, first.id), ['one', 'two\nthree'])

  for (const [wrong, params] of [
    [{ text: 'x' }, 'name'], [{ name: '', text: 'x' }, 'name'], [{ name: 'x'.repeat(256) }, 'name'], [{ name: 'a\0', text: 'x' }, 'name'], [{ name: 'a', text: '' }, 'text'], [{ name: 'a', text: 7 }, 'text'],
    [{ name: 'a', text: 'x', doc_form: 'qa_model' }, 'doc_form'], [{ name: 'a', text: 'x', process_rule: { mode: 'custom' } }, 'process_rule.rules'],
    [{ name: 'a', text: 'x', original_document_id: first.id }, 'original_document_id'],
  ] as const) t.like(await byText(first, wrong), { status: 400, body: { code: 'invalid_param', params } }, JSON.stringify(wrong))
  const other = await newDataset()
  for (const at of [`/v1/datasets/${dataset.id as string}/documents/${randomUUID()}`, `/v1/datasets/${other.id as string}/documents/${first.id}`, `/v1/datasets/${dataset.id as string}/documents/${foreign}`]) {
    for (const change of [{ name: 'a', text: 'x' }, { name: 'a' }, { process_rule: automatic }]) {
      t.like(await byText({ ...first, at }, change), { status: 404, body: { code: 'not_found', message: 'Document not found.' } }, at)
    }
  }
  t.deepEqual(await contents(dataset, first.id), ['one', 'two\nthree'])
  t.is((await stored()).length, files, 'nothing of what was refused is kept')
})

test.serial('without a content, a document is renamed or cut anew', async (t) => {
  const dataset = await newDataset()
  const place = await add(dataset, 'birds', 'one\ntwo#three', { process_rule: bySeparator('\n') })
  const renamed = await byText(place, { name: ' fowls ' })
  t.like(renamed, { status: 200, body: { batch: place.batch, document: { name: 'fowls', indexing_status: 'completed', word_count: 12 } } })
  t.is((await read(place)).data_source_info.upload_file.name, 'fowls')
  t.like(await byText(place, {}), { status: 200, body: { batch: place.batch, document: { name: 'fowls' } } })
  t.like(await byFile(place, undefined, { doc_language: 'French' }), { status: 200, body: { batch: place.batch } })
  t.is((await read(place)).doc_language, 'French')

  const cut = await byText(place, { process_rule: bySeparator('#') })
  t.not(cut.body.batch, place.batch)
  await api.indexed(dataset.id, cut.body.batch)
  t.deepEqual(await contents(dataset, place.id), ['one\ntwo', 'three'])
  t.like((await read(place)).document_process_rule.rules.segmentation, { separator: '#' })
  // A document that came without a file, as by an import, would be left with nothing.
  await app.resolve(database).query('UPDATE documents SET upload_file_id = NULL WHERE id = $1', [place.id])
  t.like(await byText(place, { process_rule: automatic }), { status: 404, body: { code: 'not_found' } })
  t.deepEqual(await contents(dataset, place.id), ['one\ntwo', 'three'])
  const filled = await byText(place, { name: 'fowls', text: 'full again' })
  await api.indexed(dataset.id, filled.body.batch)
  t.deepEqual(await contents(dataset, place.id), ['full again'])
})

test.serial('in which states a document can be replaced', async (t) => {
  const dataset = await newDataset({ indexing_technique: 'high_quality' })
  const failed = await add(dataset, 'failed', 'a heron', { process_rule: bySeparator('\n', 10) })
  t.is((await read(failed)).display_status, 'error')
  const repaired = await byText(failed, { name: 'failed', text: 'a heron again', process_rule: automatic })
  await api.indexed(dataset.id, repaired.body.batch)
  t.like(await read(failed), { display_status: 'available', error: null })

  t.is((await setStatus(dataset, 'disable', [failed.id])).status, 200)
  const off = await byText(failed, { name: 'failed', text: 'a quiet heron' })
  await api.indexed(dataset.id, off.body.batch)
  t.like(await read(failed), { display_status: 'disabled', enabled: false })
  t.deepEqual(await found(dataset, 'heron'), [])
  await setStatus(dataset, 'enable', [failed.id])
  t.deepEqual(await found(dataset, 'heron'), ['a quiet heron'])

  await setStatus(dataset, 'archive', [failed.id])
  for (const change of [{ name: 'a', text: 'x' }, { name: 'a' }, { process_rule: automatic }]) t.like(await byText(failed, change), { status: 403, body: { code: 'archived_document_immutable' } })
  t.like(await byFile(failed, { name: 'a.txt', text: 'x' }), { status: 403 })
  await setStatus(dataset, 'un_archive', [failed.id])
  t.deepEqual(await found(dataset, 'heron'), ['a quiet heron'])

  // While it is being indexed, the last one that came is what it becomes, and nothing of the others is left.
  const busy = await add(dataset, 'busy', 'x')
  const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => byText(busy, { name: `n${n}`, text: `an owl of kind ${n}` })))
  t.deepEqual(answers.map(({ status }) => status), Array<number>(6).fill(200))
  await app.runJobs()
  const { name, display_status: state } = await read(busy)
  t.is(state, 'available')
  t.deepEqual(await contents(dataset, busy.id), [`an owl of kind ${String(name).slice(1)}`])
  t.is((await app.resolve(database).query('SELECT 1 FROM document_segments WHERE document_id = $1', [busy.id])).length, 1)

  // What nobody could embed does not take the place of what can be found.
  offers = ['words-2']
  const kept = await stored()
  for (const ask of [() => byText(failed, { name: 'a', text: 'x' }), () => byFile(failed, { name: 'a.txt', text: 'x' }), () => byText(failed, { process_rule: automatic })]) {
    t.like(await ask(), { status: 400, body: { code: 'provider_not_initialize' } })
  }
  t.is((await byText(failed, { name: 'still renamed' })).status, 200)
  offers = ['words', 'words-2']
  t.deepEqual([await stored(), await found(dataset, 'quiet heron')], [kept, ['a quiet heron', ...(await found(dataset, 'quiet heron')).slice(1)]])
})

test.serial('a document takes another file', async (t) => {
  const dataset = await newDataset()
  const place = await placed(dataset, await addFile(dataset, 'old.md', '# old'))
  const ways = [['PATCH', ''], ['POST', '/update-by-file'], ['POST', '/update_by_file']] as const
  for (const [n, [method, suffix]] of ways.entries()) {
    const { status, body } = await byFile(place, { name: `new ${n}.html`, text: `<p>new ${n}</p>` }, n === 0 ? undefined : {}, method, suffix)
    t.is(status, 200, JSON.stringify(body))
    t.like(body.document, { id: place.id, name: `new ${n}.html`, position: 1 })
    await api.indexed(dataset.id, body.batch)
    t.deepEqual(await contents(dataset, place.id), [`new ${n}`])
  }
  const named = await byFile(place, { name: 'x.txt', text: 'named' }, { name: 'A name of its own' })
  t.like(named.body.document, { name: 'A name of its own', data_source_detail_dict: { upload_file: { name: 'x.txt' } } })
  await app.runJobs()
  const kept = await stored()
  t.like(await byFile(place, { name: 'a.exe', text: 'MZ' }), { status: 415, body: { code: 'unsupported_file_type' } })
  t.like(await byFile(place, { name: '../a.txt', text: 'x' }), { status: 400, body: { code: 'invalid_param', params: 'file' } })
  t.like(await byFile(place, { name: 'a.txt', text: 'x'.repeat(100_001) }), { status: 413, body: { code: 'file_too_large' } })
  t.like(await byFile(place, { name: 'a.txt', text: 'x' }, { colour: 'red' }), { status: 400, body: { params: 'data.colour' } })
  t.like(await byFile({ ...place, at: place.at.replace(place.id, foreign) }, { name: 'a.txt', text: 'x' }), { status: 404 })
  t.deepEqual([await stored(), await contents(dataset, place.id)], [kept, ['named']])
})

test.serial('an update that is sent again with its Idempotency-Key changes nothing again', async (t) => {
  const dataset = await newDataset()
  const [one, other] = [await add(dataset, 'one', 'first'), await add(dataset, 'other', 'second')]
  const send = async (path: string, body: object, key: string): Promise<Answer> => asAnswer(await app.fetch(path, {
    method: path === one.at ? 'PATCH' : 'POST', token, headers: { 'Idempotency-Key': key }, ...body instanceof FormData ? { body } : { json: body },
  }))
  const changes: [string, () => object][] = [
    [`${one.at}/update-by-text`, () => ({ name: 'one', text: 'changed' })], [`${one.at}/update-by-text`, () => ({ process_rule: automatic })], [one.at, () => form({ name: 'a.txt', text: 'filed' }, {})],
  ]
  for (const [n, [path, change]] of changes.entries()) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(path, change(), `k ${n}`)))
    t.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200], JSON.stringify(answers.map(({ body }) => body)))
    t.is(new Set(answers.map(({ body }) => body.batch)).size, 1)
    await app.runJobs()
    t.like((await send(path, change(), `k ${n}`)).body, { batch: answers[0]?.body.batch, document: { indexing_status: 'completed' } })
    t.is((await send(`${other.at}/update-by-text`, { name: 'other', text: 'changed' }, `k ${n}`)).status, 422)
  }
  t.is((await app.resolve(database).query<{ generation: number }>('SELECT generation FROM documents WHERE id = $1', [one.id]))[0]?.generation, 4)
  t.deepEqual(await contents(dataset, other.id), ['second'])
})

test.serial('documents are switched on and off, archived and taken out again, all or none', async (t) => {
  const dataset = await newDataset()
  const places = [await add(dataset, 'one', 'a heron one'), await add(dataset, 'two', 'a heron two')]
  const failed = await add(dataset, 'failed', 'x', { process_rule: bySeparator('\n', 10) })
  const stranger = await add(await newDataset(), 'stranger', 'a heron of others')
  const ids = places.map(({ id }) => id)
  const states = (): Promise<unknown[]> => Promise.all(places.map(async (place) => (await read(place)).display_status))
  const ok = { status: 200, body: { result: 'success' } } as const

  for (const [action, shown, seen] of [['disable', 'disabled', 0], ['enable', 'available', 2], ['archive', 'archived', 0], ['un_archive', 'available', 2]] as const) {
    // Ids that are not there, and those of others, are passed over; to say it twice is to say it once.
    for (const list of [ids, [...ids, ids[0], randomUUID(), stranger.id, foreign]]) t.like(await setStatus(dataset, action, list), ok, action)
    t.deepEqual([await states(), (await found(dataset, 'heron')).length], [[shown, shown], seen], action)
  }
  const disabled = async (): Promise<any> => { await setStatus(dataset, 'disable', [ids[0]]); return read(places[0] as Place) }
  const first = await disabled()
  t.true(Number.isInteger(first.disabled_at) && typeof first.disabled_by === 'string')
  t.deepEqual((await api.send('GET', `/v1/datasets/${dataset.id as string}/documents?status=disabled`)).body.data.map((one: any) => one.id), [ids[0]])
  await setStatus(dataset, 'enable', ids)
  t.like(await read(places[0] as Place), { disabled_at: null, disabled_by: null })
  t.is((await read(stranger)).display_status, 'available')

  const refused = await setStatus(dataset, 'disable', [...ids, failed.id])
  t.like(refused, { status: 400, body: { code: 'invalid_action' } })
  t.regex(refused.body.message, /"failed"/)
  t.deepEqual(await states(), ['available', 'available'])
  for (const action of ['archive', 'un_archive', 'enable']) t.like(await setStatus(dataset, action, [failed.id]), ok)

  t.like(await setStatus(dataset, 'enable', []), ok)
  for (const list of [[], ids]) t.like(await setStatus(dataset, 'explode', list), { status: 400, body: { code: 'invalid_action' } })
  for (const list of [undefined, ids[0], ['nonsense'], ['\0'], [7], Array<string>(1001).fill(randomUUID())]) {
    t.like(await setStatus(dataset, 'disable', list), { status: 400, body: { code: 'invalid_param' } }, String(list).slice(0, 80))
  }
  t.is((await setStatus({ id: theirs.datasetIds[0] }, 'disable', [foreign])).status, 404)
  t.deepEqual(await states(), ['available', 'available'])
  // Whichever way round two name the same documents, neither waits for the other for ever.
  const many = await Promise.all(Array.from({ length: 8 }, (_, n) => setStatus(dataset, n % 2 ? 'disable' : 'enable', n % 3 ? ids : [...ids].reverse())))
  t.deepEqual(many.map(({ status }) => status), Array<number>(8).fill(200))
})

const zip = async (dataset: { id: string }, document_ids: unknown): Promise<Response> => app.fetch(`/v1/datasets/${dataset.id}/documents/download-zip`, { token, json: { document_ids } })
const unzipped = async (response: Response): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer()))).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))

test.serial('files of documents are downloaded as one archive', async (t) => {
  const dataset = await newDataset()
  const at = async (name: string, text: string): Promise<string> => (await add(dataset, name, text, { duplicate: false })).id
  const filed = async (name: string, text: string): Promise<string> => (await placed(dataset, await addFile(dataset, name, text, { indexing_technique: 'economy', process_rule: automatic, duplicate: false }))).id
  const ids = [
    await filed('a.txt', 'one'), await filed('A.TXT', 'two'), await filed('a.txt', 'three'), await filed('a (1).txt', 'four'), await at('../../etc/passwd', 'five'), await at('..', 'six'), await at('知识', 'seven'),
    await filed('page.html', '<script>alert(1)</script><p>x'),
  ]
  const answer = await zip(dataset, [...ids, ids[0]])
  t.is(answer.status, 200)
  const headers = ['content-type', 'x-content-type-options', 'content-security-policy', 'cache-control'].map((name) => answer.headers.get(name))
  t.deepEqual(headers, ['application/zip', 'nosniff', "sandbox; default-src 'none'; frame-ancestors 'none'", 'private, no-store'])
  t.regex(answer.headers.get('content-disposition') ?? '', /^attachment; filename="[0-9a-f]{32}\.zip"$/)
  const files = await unzipped(answer)
  t.deepEqual(Object.values(files), ['one', 'two', 'three', 'four', 'five', 'six', 'seven', '<script>alert(1)</script><p>x'])
  t.deepEqual(Object.keys(files), ['a.txt', 'A (1).TXT', 'a (2).txt', 'a (1) (1).txt', '_.._etc_passwd.txt', 'file.txt', '知识.txt', 'page.html'])
  t.deepEqual(Object.values(await unzipped(await zip(dataset, [ids[2], ids[0]]))), ['three', 'one'], 'in the order that was asked for')

  const other = await newDataset()
  const stranger = await add(other, 'stranger', 'x')
  for (const id of [randomUUID(), stranger.id, foreign]) {
    const gone = await zip(dataset, [ids[0], id])
    t.deepEqual([gone.status, await gone.json()], [404, { code: 'not_found', message: 'Document not found.', status: 404 }])
  }
  for (const list of [undefined, [], ['x'], [null], Array.from({ length: 101 }, () => randomUUID())]) t.is((await zip(dataset, list)).status, 400, JSON.stringify(list))
  t.is((await zip({ id: theirs.datasetIds[0] }, [foreign])).status, 404)

  // As where a disk was lost, or a part of it.
  const [row] = await app.resolve(database).query<{ storage_key: string }>('SELECT f.storage_key FROM documents d JOIN upload_files f ON f.id = d.upload_file_id WHERE d.id = $1', [ids[0]])
  const key = row?.storage_key ?? ''
  await truncate(join(app.dataDir, 'storage', key), 1)
  await t.throwsAsync(async () => (await zip(dataset, ids)).arrayBuffer(), undefined, 'half an archive does not look like a whole one')
  await app.resolve(storage).delete(key)
  const lost = await zip(dataset, ids)
  t.like({ status: lost.status, body: await lost.json() as object }, { status: 404, body: { code: 'not_found' } })
  t.is((await zip(dataset, ids.slice(1))).status, 200)
})

test.serial('an archive is read as fast as it is taken, and where nobody takes it, no file stays open', async (t) => {
  const dataset = await newDataset()
  const ids = [(await add(dataset, 'one', 'x')).id, (await add(dataset, 'two', 'x')).id]
  // Bytes that do not get fewer by packing.
  const bytes = randomBytes(8 * 1024 * 1024)
  const rows = await app.resolve(database).query<{ storage_key: string }>(
    'UPDATE upload_files f SET size = $2 FROM documents d WHERE d.upload_file_id = f.id AND d.dataset_id = $1 RETURNING f.storage_key', [dataset.id, bytes.length])
  for (const { storage_key: key } of rows) await app.resolve(storage).put(key, bytes)
  const files = unzipSync(new Uint8Array(await (await zip(dataset, ids)).arrayBuffer()))
  t.deepEqual(Object.keys(files), ['one.txt', 'two.txt'])
  for (const one of Object.values(files)) t.true(bytes.equals(one))

  if (!existsSync('/proc/self/fdinfo')) return
  /** How far each stored file that is open has been read. */
  const open = (): number[] => readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      if (!readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(app.dataDir, 'storage/uploads'))) return []
      return Number(/pos:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1])
    } catch { return [] }
  })
  t.deepEqual(open(), [])
  const reader = (await zip(dataset, ids)).body?.getReader()
  await reader?.read()
  await sleep(300)
  const [read = 0, ...others] = open()
  t.true(read > 0 && read < bytes.length, `${read} bytes were read ahead`)
  t.deepEqual(others, [])
  await reader?.cancel()
  for (let tries = 0; open().length > 0 && tries < 100; tries += 1) await sleep(20)
  t.deepEqual(open(), [])
})

test.serial('the console: documents are listed, read, renamed, switched, downloaded and deleted', async (t) => {
  const dataset = await newDataset()
  const console = async (method: string, path: string, json?: object): Promise<Answer> => {
    const response = await app.fetch(`/console/api/datasets/${path}`, { method, headers: session, ...json ? { json } : {} })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
  }
  const at = `${dataset.id as string}/documents`
  const places: Place[] = []
  for (const [name, text] of [['beta', 'one\ntwo'], ['Alpha', 'a longer text'], ['gamma', 'x']] as const) places.push(await add(dataset, name, text, { process_rule: bySeparator('\n') }))
  const [beta, alpha, gamma] = places as [Place, Place, Place]
  await app.resolve(database).query('UPDATE document_segments SET hit_count = 3 WHERE document_id = $1', [beta.id])
  const names = async (query: string): Promise<string[]> => (await console('GET', `${at}?${query}`)).body.data.map((one: any) => one.name)
  t.deepEqual(await names(''), ['gamma', 'Alpha', 'beta'])
  for (const [sort, order] of Object.entries({
    '': ['gamma', 'Alpha', 'beta'], '-created_at': ['gamma', 'Alpha', 'beta'], created_at: ['beta', 'Alpha', 'gamma'], name: ['Alpha', 'beta', 'gamma'], '-name': ['gamma', 'beta', 'Alpha'],
    '-hit_count': ['beta', 'gamma', 'Alpha'], hit_count: ['Alpha', 'gamma', 'beta'], '-word_count': ['Alpha', 'beta', 'gamma'], word_count: ['gamma', 'beta', 'Alpha'],
  })) {
    t.deepEqual(await names(`sort=${sort}`), order, sort)
    t.deepEqual([...await names(`sort=${sort}&limit=2`), ...await names(`sort=${sort}&limit=2&page=2`)], order, sort)
  }
  t.deepEqual([await names('keyword=LPH'), await names('status=error'), await names('status=available&page=2')], [['Alpha'], [], []])
  t.is((await console('GET', `${at}?sort=id;drop`)).status, 400)
  t.like((await console('GET', `${at}?limit=2&fetch=true`)).body, { total: 3, has_more: true, limit: 2, page: 1 })
  t.like((await console('GET', `${at}?sort=created_at`)).body.data[0], { id: beta.id, hit_count: 6, completed_segments: 2, total_segments: 2 })

  t.deepEqual((await console('GET', `${at}/${beta.id}`)).body, await read(beta))
  t.deepEqual(Object.keys((await console('GET', `${at}/${beta.id}?metadata=only`)).body), ['id', 'doc_type', 'doc_metadata'])
  t.like(await console('GET', `${at}/${beta.id}?metadata=x`), { status: 400, body: { code: 'invalid_metadata' } })
  t.like((await console('GET', `${dataset.id as string}/batch/${beta.batch}/indexing-status`)).body.data, [{ id: beta.id, indexing_status: 'completed' }])
  t.like(await console('GET', `${dataset.id as string}/batch/${'0'.repeat(20)}/indexing-status`), { status: 404, body: { message: 'Documents not found.' } })

  t.like(await console('POST', `${at}/${beta.id}/rename`, { name: ' a/b ' }), { status: 200, body: { id: beta.id, name: 'a/b', total_segments: 2 } })
  t.is((await console('POST', `${at}/${beta.id}/rename`, { name: '' })).status, 400)
  const { body: { url } } = await console('GET', `${at}/${beta.id}/download`)
  const served = await fetch(String(url).replace(/^https?:\/\/[^/]+/, app.url))
  t.deepEqual([served.status, await served.text()], [200, 'one\ntwo'])
  t.regex(served.headers.get('content-disposition') ?? '', /"a_b\.txt"/)
  const archive = await app.fetch(`/console/api/datasets/${at}/download-zip`, { headers: session, json: { document_ids: [beta.id, gamma.id] } })
  t.deepEqual(await unzipped(archive), { 'a_b.txt': 'one\ntwo', 'gamma.txt': 'x' })

  const batch = (action: string, ...ids: string[]): Promise<Answer> => console('PATCH', `${at}/status/${action}/batch?${ids.map((id) => `document_id=${id}`).join('&')}`)
  t.like(await batch('disable', beta.id, gamma.id), { status: 200, body: { result: 'success' } })
  t.deepEqual(await names('status=disabled'), ['gamma', 'a/b'])
  t.like(await batch('explode', beta.id), { status: 400, body: { code: 'invalid_action' } })
  t.is((await batch('enable')).status, 400)
  await batch('archive', gamma.id)

  const remove = (...ids: string[]): Promise<Answer> => console('DELETE', `${at}?${ids.map((id) => `document_id=${id}`).join('&')}`)
  t.like(await remove(beta.id, gamma.id), { status: 403, body: { code: 'archived_document_immutable' } })
  t.like(await console('POST', `${at}/${gamma.id}/rename`, { name: 'x' }), { status: 403 })
  t.is((await remove(beta.id, randomUUID())).status, 404)
  t.is((await remove(beta.id, foreign)).status, 404)
  t.is((await remove()).status, 400)
  t.is((await names('')).length, 3)
  await batch('un_archive', gamma.id)
  const files = (await stored()).length
  t.is((await remove(beta.id, gamma.id, beta.id)).status, 204)
  t.is((await console('DELETE', `${at}/${alpha.id}`)).status, 204)
  t.is((await console('DELETE', `${at}/${alpha.id}`)).status, 404)
  await app.runJobs()
  t.deepEqual([await names(''), (await stored()).length], [[], files - 3])
  t.deepEqual(await app.resolve(database).query('SELECT 1 FROM text_index_segments WHERE document_id = ANY ($1::uuid[])', [places.map(({ id }) => id)]), [])
  t.is((await console('GET', `${theirs.datasetIds[0]}/documents`)).status, 404)
})
