import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import test from 'ava'
import { database, queue, storage } from '../core/index.ts'
import type { Contract, Port } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { appFilesContract } from '../plugins/apps/contracts/app-files.ts'
import { endUsersContract } from '../plugins/apps/contracts/end-users.ts'
import { appErrors } from '../plugins/apps/errors.ts'
import { sweepAppFiles } from '../plugins/apps/jobs/sweep-app-files.ts'
import { appFiles, endUsers } from '../plugins/apps/ports.ts'
import type { AppFiles, EndUser, EndUsers, FileInput, FileRules } from '../plugins/apps/ports.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { makeWorkspace } from './support/world.ts'
import type { Workspace } from './support/world.ts'

let app: TestApp
let ours: Workspace
let theirs: Workspace
interface OneApp { readonly id: string; readonly workspaceId: string; readonly token: string }
let first: OneApp, second: OneApp, foreign: OneApp
/** Ids of files that some message has. */
const referenced = new Set<string>()

const newApp = async ({ workspaceId, accountId }: Workspace, name: string): Promise<OneApp> => {
  const id = randomUUID()
  await app.resolve(database).query(
    `INSERT INTO apps (id, workspace_id, name, mode, enable_site, enable_api, created_by, created_at, updated_by, updated_at)
     VALUES ($1, $2, $3, 'chat', true, true, $4, now(), $4, now())`, [id, workspaceId, name, accountId])
  const { token } = await app.resolve(apiKeys).create({ type: 'app', workspaceId, appId: id, datasetId: null, createdBy: accountId })
  return { id, workspaceId, token }
}
test.before(async () => {
  app = await testApp({
    config: { plugins: { apps: { files: { imageMb: 0.01, documentMb: 0.02 } } } },
    fakes: { fileReferences: new Map([['test', { has: async (_app: unknown, id: string) => referenced.has(id) }]]) },
  })
  ours = await makeWorkspace(app, 'ours')
  theirs = await makeWorkspace(app, 'theirs')
  first = await newApp(ours, 'first')
  second = await newApp(ours, 'second')
  foreign = await newApp(theirs, 'foreign')
})
test.after.always(() => app.close())

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const HTML = '<!doctype html><script>alert(1)</script>'
interface Answer { readonly status: number; readonly body: any; readonly headers: Headers; readonly bytes: Buffer }
const answerOf = async (response: Response): Promise<Answer> => {
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: response.status, headers: response.headers, bytes, body: isJson ? JSON.parse(bytes.toString()) as unknown : undefined }
}
const send = async ({ token }: OneApp, name: string, content: string | Buffer, fields: Record<string, string> = { user: 'ada' }, field = 'file'): Promise<Answer> => {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.set(key, value)
  form.append(field, new Blob([content]), name)
  return answerOf(await app.fetch('/v1/files/upload', { method: 'POST', token, body: form }))
}
const get = async (path: string, token?: string, headers: Record<string, string> = {}): Promise<Answer> =>
  answerOf(await app.fetch(path, { headers, ...token === undefined ? {} : { token } }))

test('a file that is sent is told as the wire has it, and belongs to whoever sent it', async (t) => {
  const { status, body } = await send(first, 'Größe.PNG', PNG)
  t.is(status, 201)
  const known = await get(`/v1/end-users/${String(body.created_by)}`, first.token)
  t.is(known.status, 200)
  t.like(known.body, { id: body.created_by, tenant_id: ours.workspaceId, app_id: first.id, type: 'service-api', external_user_id: 'ada', session_id: 'ada', name: null, is_anonymous: false })
  t.is(new Date(known.body.created_at as string).toISOString(), known.body.created_at)
  t.like(body, { name: 'Größe.PNG', size: PNG.length, extension: 'png', mime_type: 'image/png', reference: null, preview_url: null, tenant_id: ours.workspaceId })
  t.true(Math.abs(Number(body.created_at) - Date.now() / 1000) < 60)
  t.is((await get(new URL(body.source_url as string).pathname + new URL(body.source_url as string).search)).bytes.compare(PNG), 0)
})

const owner = (of: OneApp, user: string | undefined): Promise<EndUser> => app.resolve(endUsers).take(of, user)
const all: FileRules = { types: ['image', 'document', 'audio', 'video', 'custom'], extensions: [], methods: ['local_file', 'remote_url'], limit: 3 }
const images: FileRules = { ...all, types: ['image'] }
const uploaded = async (of: OneApp, name: string, content: string | Buffer, user = 'ada'): Promise<string> => {
  const { status, body } = await send(of, name, content, { user })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.id as string
}
const local = (type: FileInput['type'], id: string): FileInput => ({ type, transfer_method: 'local_file', upload_file_id: id })

test('what cannot be taken in is refused with what to do, and nothing of it is kept', async (t) => {
  const count = async () => (await app.resolve(database).query('SELECT id FROM app_files WHERE workspace_id = $1', [theirs.workspaceId])).length
  const before = await count()
  const refusals: [Answer, number, string][] = [
    [await answerOf(await app.fetch('/v1/files/upload', { method: 'POST', token: foreign.token, body: new FormData() })), 400, 'no_file_uploaded'],
    [await send(foreign, 'a.txt', 'a', {}, 'document'), 400, 'invalid_param'],
    [await send(foreign, '../a.txt', 'a'), 400, 'invalid_param'],
    [await send(foreign, 'a\\b.txt', 'a'), 400, 'invalid_param'],
    [await send(foreign, '\u202E', 'a'), 400, 'invalid_param'],
    [await send(foreign, 'a.png', Buffer.concat([PNG, Buffer.alloc(11_000)])), 413, 'file_too_large'],
    [await send(foreign, 'a.txt', 'a'.repeat(22_000)), 413, 'file_too_large'],
    [await send(foreign, 'a.txt', 'a', { user: 'x'.repeat(256) }), 400, 'invalid_param'],
    [await send(foreign, 'a.txt', 'a', { owner: 'x' }), 400, 'invalid_param'],
    [await answerOf(await app.fetch('/v1/files/upload', { token: foreign.token, json: {} })), 415, 'unsupported_media_type'],
  ]
  const form = new FormData()
  form.set('user', 'ada')
  refusals.push([await answerOf(await app.fetch('/v1/files/upload', { method: 'POST', token: foreign.token, body: form })), 400, 'no_file_uploaded'])
  for (const name of ['a.txt', 'b.txt']) form.append('file', new Blob(['a']), name)
  refusals.push([await answerOf(await app.fetch('/v1/files/upload', { method: 'POST', token: foreign.token, body: form })), 400, 'too_many_files'])
  for (const [{ status, body }, expected, code] of refusals) t.deepEqual([status, body.code], [expected, code], JSON.stringify(body))
  t.is(await count(), before)
  const kept = await app.resolve(database).query<{ storage_key: string }>('SELECT storage_key FROM app_files')
  t.is(new Set(kept.map(({ storage_key }) => storage_key)).size, kept.length)
})

test('a file is what its bytes are: a page that is called a picture is no picture', async (t) => {
  const cases: [name: string, content: string | Buffer, mediaType: string][] = [
    ['page.png', HTML, 'text/plain'], ['picture.txt', PNG, 'image/png'], ['page.html', HTML, 'text/html'], ['x.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'],
    ['bytes.png', Buffer.from([0, 1, 2, 3]), 'application/octet-stream'], ['a.pdf', '%PDF-1.7\n', 'application/pdf'], ['data.json', '{}', 'application/json'], ['empty.txt', '', 'text/plain'],
    ['noname', 'text', 'text/plain'], ['a.constructor', 'text', 'text/plain'],
  ]
  for (const [name, content, mediaType] of cases) {
    const { status, body } = await send(first, name, content)
    t.deepEqual([status, body.mime_type], [201, mediaType], name)
  }
  const page = await uploaded(first, 'page.png', HTML)
  await t.throwsAsync(app.resolve(appFiles).resolve(await owner(first, 'ada'), [local('image', page)], images), { message: /page\.png.*image.*document/ })
})

test('those who are not named are one, and the same text is the same person; a text is taken as it is', async (t) => {
  const people = app.resolve(endUsers)
  const nobody = await people.take(first, undefined)
  t.deepEqual(await people.take(first, ''), nobody)
  t.like(nobody, { isAnonymous: true, sessionId: 'DEFAULT-USER' })
  const strange = `'; DROP TABLE end_users; -- ${'\u{1F600}'.repeat(200)}`
  const all = await Promise.all(Array.from({ length: 8 }, () => people.take(first, strange)))
  t.is(new Set(all.map(({ id }) => id)).size, 1)
  t.is((await people.take(first, 'a\0b')).sessionId, 'ab')
  t.is((await people.take(first, '\uD800')).sessionId, '\uFFFD')
  await t.throwsAsync(people.take(first, 'é'.repeat(256)), { message: /255/ })
  t.is((await people.take(first, 'é'.repeat(255))).sessionId.length, 255)
  const { id } = await people.take(second, 'somebody')
  for (const [token, path] of [[first.token, id], [foreign.token, id], [first.token, randomUUID()]] as const) {
    const { status, body } = await get(`/v1/end-users/${path}`, token)
    t.deepEqual([status, body.code], [404, 'end_user_not_found'])
  }
  t.is((await get('/v1/end-users/nonsense', first.token)).status, 404)
})

test('a file may be named by whoever sent it, with the app that it was sent to, and by nobody else; told alike', async (t) => {
  const files = app.resolve(appFiles)
  const id = await uploaded(first, 'a.png', PNG)
  const ada = await owner(first, 'ada')
  t.deepEqual(await files.resolve(ada, [local('image', id.toUpperCase())], images), [
    { type: 'image', transferMethod: 'local_file', url: null, uploadFileId: id, name: 'a.png', extension: 'png', mimeType: 'image/png', size: PNG.length },
  ])
  const told = new Set<string>()
  for (const [who, which] of [[await owner(first, 'eve'), id], [await owner(second, 'ada'), id], [await owner(foreign, 'ada'), id], [ada, randomUUID()], [ada, 'nonsense'], [ada, '\0']] as const) {
    const error = await t.throwsAsync(files.resolve(who, [local('image', which)], images))
    told.add(error.message.replace(JSON.stringify(which), 'ID'))
  }
  t.is(told.size, 1)
  t.regex([...told].join(), /belongs to the `user` who uploaded it/)
  t.is((await files.list(theirs.workspaceId, [id])).size, 0)
  t.is((await files.list(ours.workspaceId, [id])).get(id)?.name, 'a.png')
  await t.throwsAsync(files.read(theirs.workspaceId, id), { message: /no longer there/ })
})

test('a place takes the kinds, endings, ways and numbers that it says', async (t) => {
  const files = app.resolve(appFiles)
  const ada = await owner(first, 'ada')
  const [picture, page, archive] = [await uploaded(first, 'a.png', PNG), await uploaded(first, 'a.txt', 'text'), await uploaded(first, 'a.zip', Buffer.from('504b0506000000000000000000000000000000000000', 'hex'))]
  const kinds = async (given: readonly FileInput[], rules: FileRules) => (await files.resolve(ada, given, rules)).map(({ type }) => type)
  t.deepEqual(await kinds([local('image', picture), local('document', page), local('custom', archive)], all), ['image', 'document', 'custom'])
  t.deepEqual(await kinds([local('custom', picture)], images), ['image'])
  t.deepEqual(await kinds([local('document', page)], { ...all, types: ['custom'], extensions: ['.TXT'] }), ['custom'])
  t.deepEqual(await kinds([local('image', picture)], { types: [], extensions: [], methods: [], limit: 1 }), ['image'])
  const elsewhere = (url: string, type: FileInput['type'] = 'image'): FileInput => ({ type, transfer_method: 'remote_url', url })
  t.like((await files.resolve(ada, [elsewhere('https://8.8.8.8/x/B%20c.JPG?size=1#top')], images))[0] ?? {}, { type: 'image', transferMethod: 'remote_url', url: 'https://8.8.8.8/x/B%20c.JPG?size=1#top', name: 'B c.JPG', extension: 'jpg', mimeType: 'image/jpeg', uploadFileId: null, size: null })
  const refusals: [given: unknown, rules: FileRules, message: RegExp][] = [
    [[local('image', picture), local('image', picture)], { ...images, limit: 1 }, /2 files.*Send one/],
    [[local('document', page)], images, /a\.txt.*document.*Send one of: image/],
    [[local('document', picture)], all, /a\.png.*said to be of the type document.*type image/],
    [[local('custom', archive)], { ...all, types: ['custom'], extensions: ['pdf'] }, /\.pdf/],
    [[local('image', picture)], { ...images, methods: ['remote_url'] }, /local_file is not taken here.*remote_url/],
    [local('image', picture), images, /single one into a list/],
    ['x', images, /list/], [[null], images, /File 1/], [['x'], images, /File 1/],
    [[{ type: 'picture', transfer_method: 'local_file', upload_file_id: picture }], all, /type must be one of/],
    [[{ type: 'image', transfer_method: 'magic' }], all, /transfer_method must be one of/],
    [[{ type: 'image', transfer_method: 'local_file' }], all, /upload_file_id must be text/],
    [[{ type: 'image', transfer_method: 'remote_url', url: 7 }], all, /url must be text/],
    ...['http://127.0.0.1/a.png', 'http://169.254.169.254/a.png', 'http://[::1]/a.png', 'http://0x7f.1/a.png', 'file:///etc/passwd', 'gopher://8.8.8.8/', 'javascript:alert(1)', 'nonsense', 'http://user:pass@8.8.8.8/a.png']
      .map((url): [unknown, FileRules, RegExp] => [[elsewhere(url)], images, /File 1: url/]),
    [[elsewhere('https://8.8.8.8/a.pdf')], { ...all, types: ['image', 'document'] }, /a\.pdf.*image.*document/],
  ]
  for (const [given, rules, message] of refusals) {
    const error = await t.throwsAsync(files.resolve(ada, given as readonly FileInput[], rules), { message }, JSON.stringify(given))
    t.like(error, { status: 400, code: 'invalid_param', params: 'files' })
  }
})

test('a file is shown where a message of its app has it, or to whoever sent it; nothing in it could run', async (t) => {
  const preview = (id: string, of = first, query = '') => get(`/v1/files/${id}/preview${query}`, of.token)
  const picture = await uploaded(first, 'a.png', PNG)
  t.like((await preview(picture)).body, { code: 'file_not_found', status: 404 })
  t.is((await preview(picture, first, '?user=eve')).status, 404)
  t.is((await preview(picture, first, '?user=ada')).status, 200)
  referenced.add(picture)
  const shown = await preview(picture)
  t.deepEqual([shown.status, shown.bytes.compare(PNG), shown.headers.get('content-type'), shown.headers.get('content-length')], [200, 0, 'image/png', String(PNG.length)])
  t.like(Object.fromEntries(shown.headers), { 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'", 'cache-control': 'private, max-age=3600' })
  t.regex(shown.headers.get('content-disposition') ?? '', /^inline/)
  const saved = await preview(picture, first, '?as_attachment=true')
  t.is(saved.headers.get('content-type'), 'application/octet-stream')
  t.regex(saved.headers.get('content-disposition') ?? '', /^attachment; filename="a.png"/)
  // Another app, of this workspace and of another, and no file at all.
  const answers = [await preview(picture, second), await preview(picture, foreign), await preview(randomUUID(), foreign)]
  t.is(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size, 1)
  t.is(answers[0]?.status, 404)
  for (const [name, content] of [['a.html', HTML], ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'], ['a.xml', '<?xml version="1.0"?><x/>'], ['a.js', 'alert(1)'], ['b.png', HTML], ['a.xhtml', HTML], ['a.txt', HTML], ['a.pdf', '%PDF-1.7']] as const) {
    const id = await uploaded(first, name, content)
    referenced.add(id)
    const { status, headers } = await preview(id)
    t.is(status, 200)
    t.regex(headers.get('content-disposition') ?? '', /^attachment/, name)
    t.notRegex(headers.get('content-type') ?? '', /html|xml|svg|script/, name)
    t.is(headers.get('x-content-type-options'), 'nosniff')
  }
})

test('sound and film are served in pieces to whoever plays them', async (t) => {
  const sound = Buffer.concat([Buffer.from('524946462408000057415645666d74201000000001000100401f0000803e0000020010006461746100080000', 'hex'), Buffer.from(Array.from({ length: 3_000 }, (_, at) => at % 251))])
  const id = await uploaded(first, 'a.wav', sound)
  referenced.add(id)
  const part = (range: string) => get(`/v1/files/${id}/preview`, first.token, { range })
  t.is((await part('')).headers.get('accept-ranges'), 'bytes')
  for (const [range, from, to] of [['bytes=0-0', 0, 0], ['bytes=100-199', 100, 199], ['bytes=3000-', 3_000, sound.length - 1], ['bytes=-5', sound.length - 5, sound.length - 1], ['bytes=10-999999', 10, sound.length - 1]] as const) {
    const { status, headers, bytes } = await part(range)
    t.deepEqual([status, headers.get('content-range')], [206, `bytes ${from}-${to}/${sound.length}`], range)
    t.is(bytes.compare(sound.subarray(from, to + 1)), 0, range)
  }
  for (const range of ['bytes=9-1', 'bytes=99999-', 'bytes=-', 'bytes=0-1,3-4', 'items=0-1', `bytes=${'9'.repeat(400)}-`]) {
    const { status, bytes } = await part(range)
    t.deepEqual([status, bytes.length], [200, sound.length], range)
  }
})

test('a link serves one file for a while: changed in any letter it does not, nor when it is old or the file is gone', async (t) => {
  const id = await uploaded(first, 'a.png', PNG)
  const link = new URL(app.resolve(appFiles).link(ours.workspaceId, id))
  t.is(link.pathname, `/files/${id}/file-preview`)
  const path = link.pathname + link.search
  const { status, bytes, headers } = await get(path)
  t.deepEqual([status, bytes.compare(PNG), headers.get('cache-control'), headers.get('x-content-type-options')], [200, 0, 'private, no-store', 'nosniff'])
  const other = await uploaded(first, 'b.png', PNG)
  const changed = [path.replace(id, other), path.replace(ours.workspaceId, theirs.workspaceId), link.pathname, `${link.pathname}?sign=`]
  for (const name of ['timestamp', 'nonce', 'sign', 'workspace_id']) {
    const value = link.searchParams.get(name) ?? ''
    for (const at of [0, value.length - 1]) {
      const copy = new URL(link)
      copy.searchParams.set(name, value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1))
      changed.push(copy.pathname + copy.search)
    }
    const without = new URL(link)
    without.searchParams.delete(name)
    changed.push(without.pathname + without.search, `${path}&${name}=x`)
  }
  for (const one of changed) t.is((await get(one)).status, 403, one)
  await app.resolve(database).query('DELETE FROM app_files WHERE id = $1', [id])
  t.is((await get(path)).status, 404)
  const unknown = new URL(app.resolve(appFiles).link(ours.workspaceId, 'nonsense'))
  t.is((await get(unknown.pathname + unknown.search)).status, 404)
})

test('what no message has is gone after a day, and what an app was sent goes with it, out of storage too', async (t) => {
  const third = await newApp(ours, 'third')
  const db = app.resolve(database)
  const store = app.resolve(storage)
  const [kept, named, old] = [await uploaded(third, 'kept.txt', 'kept'), await uploaded(third, 'named.txt', 'named'), await uploaded(third, 'old.txt', 'old')]
  const keyOf = async (id: string) => (await db.query<{ storage_key: string }>('SELECT storage_key FROM app_files WHERE id = $1', [id]))[0]?.storage_key ?? ''
  const keys = [await keyOf(kept), await keyOf(named), await keyOf(old)]
  referenced.add(kept)
  await db.query(`UPDATE app_files SET checked_at = now() - interval '25 hours' WHERE app_id = $1`, [third.id])
  // Who names a file keeps it until the message is there.
  await app.resolve(appFiles).resolve(await owner(third, 'ada'), [local('document', named)], all)
  await app.resolve(queue).enqueue(sweepAppFiles, {})
  await app.runJobs()
  t.deepEqual(await Promise.all([kept, named, old].map(async (id) => await keyOf(id) !== '')), [true, true, false])
  t.deepEqual(await Promise.all(keys.map(async (key) => await store.size(key) !== undefined)), [true, true, false])
  await db.transaction(async () => {
    for (const one of [...app.container.resolve<ReadonlyMap<string, { deleting(app: OneApp): Promise<void> }>>('appLifecycle').values()]) await one.deleting(third)
    await db.query('DELETE FROM apps WHERE workspace_id = $1 AND id = $2', [third.workspaceId, third.id])
  })
  await app.runJobs()
  t.deepEqual(await Promise.all(keys.map((key) => store.size(key))), [undefined, undefined, undefined])
})

/** The running adapter keeps every law, each fault breaks the one that it is for, and no law is without a fault. */
const keeps = <T>(contract: Contract<T>, faults: (real: T) => Readonly<Record<string, Partial<T>>>): void => {
  test(`${contract.port.id}: the adapter keeps the laws, and each law catches a fault`, async (t) => {
    const deps = Object.fromEntries(Object.entries(contract.uses as Record<string, Port<unknown, false>>).map(([name, what]) => [name, app.resolve(what)]))
    const real = app.resolve(contract.port as Port<T, false>)
    for (const [law, check] of Object.entries(contract.laws)) await t.notThrowsAsync(async () => check(real, deps), law)
    const made = faults(real)
    t.deepEqual(Object.keys(contract.laws).filter((law) => !Object.keys(made).some((start) => law.startsWith(start))), [])
    for (const [law, fault] of Object.entries(made)) t.is((await brokenLaws(contract, { ...real, ...fault }, deps, law)).length, 1, law)
  })
}
keeps<EndUsers>(endUsersContract, (real) => {
  const [seen, homes] = [new Map<string, Promise<EndUser>>(), new Map<string, string>()]
  return {
    'calls the same': { take: (of, user) => real.take(of, user?.toLowerCase()) },
    'makes one of': { take: async (of, user) => ({ ...await real.take(of, user), id: randomUUID() }) },
    'knows nobody of': { take: (of, user = '') => { const one = seen.get(user) ?? real.take(of, user); seen.set(user, one); return one } },
    'takes all who': { take: (of, user) => real.take(of, user ?? 'nobody') },
    'takes any text': { take: (of, user) => real.take(of, user?.slice(0, 100)) },
    'lists those of': {
      take: async (of, user) => { const one = await real.take(of, user); homes.set(one.id, one.workspaceId); return one },
      list: (workspaceId, ids) => real.list(homes.get(ids[0] ?? '') ?? workspaceId, ids),
    },
  }
})
keeps<AppFiles>(appFilesContract, (real) => ({
  'gives whoever sent': { resolve: async (of, given, rules) => (await real.resolve(of, given, rules)).toReversed() },
  'tells a file': { resolve: (of, given, rules) => real.resolve(of, given, rules).catch(async (error: unknown) => {
    throw (await real.list(of.workspaceId, given.flatMap(({ upload_file_id = '' }) => upload_file_id.length === 36 ? [upload_file_id] : []))).size > 0 ? appErrors.inputInvalid('It is of somebody else.') : error
  }) },
  'takes what the': { resolve: (of, given, rules) => real.resolve(of, given, { ...rules, limit: 100 }) },
  'refuses what is': { resolve: async (of, given, rules) => Array.isArray(given) ? real.resolve(of, given, rules) : [] },
  'lists and reads': { read: (workspaceId, id) => real.read(workspaceId, id).catch(() => Readable.from([])) },
  'links to a': { link: (_workspaceId, id) => `https://example.org/${id}` },
}))
