/** What the adapters of `platform` promise beyond the laws of their ports. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import test from 'ava'
import fc from 'fast-check'
import { DataTypes } from 'sequelize'
import { database, definePlugin, reply, route } from '../core/index.ts'
import type { Cache, Json } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import { localStorage } from '../plugins/platform/adapters/storage-local.ts'
import { traffic } from '../plugins/platform/ports.ts'
import { FolderInUse, lockFolder } from '../plugins/platform/services/folder-lock.ts'
import { memoryCache } from '../plugins/platform/services/memory-cache.ts'
import { openDatabase } from '../plugins/platform/services/sequelize-database.ts'
import { alone } from './support/alone.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const newFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'mortise-platform-'))
/** Runs a module's text in a process of its own. */
const run = (code: string) => spawn(process.execPath, ['--import=@oxc-node/core/register', '--input-type=module', '-e', code], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
const holder = (folder: string) => run(`
  import { lockFolder } from './plugins/platform/services/folder-lock.ts'
  try { await lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000) } catch (error) { console.log(error.name, error.message) }`)
const says = async (child: ReturnType<typeof run>): Promise<string> => String((await once(child.stdout, 'data'))[0])

test('a folder has one holder, also when many ask at once, and a killed one is not waited for', async (t) => {
  const base = await newFolder()
  t.teardown(() => rm(base, { recursive: true, force: true }))
  // The second is too long for the path of a socket.
  for (const folder of [join(base, 'run'), join(base, 'x'.repeat(120), 'run')]) {
    const children = Array.from({ length: 4 }, () => holder(folder))
    const answers = await Promise.all(children.map(says))
    t.is(answers.filter((answer) => answer === 'held\n').length, 1, answers.join())
    const winner = children[answers.indexOf('held\n')]
    for (const answer of answers) t.regex(answer, new RegExp(`held|in use by process ${winner?.pid ?? ''}`))
    t.is((await stat(folder)).mode & 0o777, 0o700)
    await t.throwsAsync(lockFolder(folder), { instanceOf: FolderInUse })
    winner?.kill('SIGKILL')
    if (winner) await once(winner, 'exit')
    const lock = await lockFolder(folder)
    await t.throwsAsync(lockFolder(folder), { message: new RegExp(`process ${process.pid}$`) })
    await lock.release()
    await (await lockFolder(folder)).release()
    t.is((await readdir(folder)).length, 1, 'nothing is left but the number of the last holder')
  }
})

test('a process that starts on a shared folder leaves the files that others are writing, and sweeps out what is old', async (t) => {
  const dataDir = await newFolder()
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const open = () => localStorage.create({ server: { dataDir } } as never, {})
  const [store, incoming] = [await open(), join(dataDir, 'storage/~incoming')]
  await writeFile(join(incoming, 'old'), 'half')
  await utimes(join(incoming, 'old'), 0, 0)
  const body = new PassThrough()
  const put = store.put('uploads/a', body)
  body.write('first ')
  while ((await readdir(incoming)).length < 2) await sleep(10)
  await open()
  t.is((await readdir(incoming)).length, 1)
  body.end('second')
  t.deepEqual(await put, { size: 12 })
  t.is(await text(await store.get('uploads/a')), 'first second')
})

test.serial('a database whose thread dies is told by readiness, and does not keep the server from stopping', async (t) => {
  const threads: Worker[] = []
  const notice = (thread: Worker): void => { threads.push(thread) }
  process.on('worker', notice)
  const app = await testApp({ config: { ...alone, adapters: { ...alone.adapters, database: { embedded: {} } } } }).finally(() => process.off('worker', notice))
  t.teardown(() => app.close())
  // As Node tells of an error that the thread did not catch.
  threads[0]?.emit('error', new Error('unreachable executed'))
  await threads[0]?.terminate()
  const answer = await app.fetch('/readyz')
  t.is(answer.status, 503)
  t.not((await answer.json() as { checks: Record<string, string> }).checks['database'], 'ok')
})

test.serial('a database that cannot be reached, or a folder that is none, is one clear error', async (t) => {
  const error = await t.throwsAsync(testApp({ config: { ...alone, adapters: { ...alone.adapters, database: { postgres: { url: 'postgres://me:hidden@127.0.0.1:1/shop' } } } } }))
  t.like(error, { name: 'StartupError', exitCode: 1 })
  t.regex(error.message, /^adapters\.database\.postgres: cannot reach PostgreSQL at 127\.0\.0\.1:1, database "shop", user "me": .*ECONNREFUSED.*\n.*DATABASE_URL/)
  t.false(error.message.includes('hidden'))
  const file = await t.throwsAsync(testApp({ config: { ...alone, adapters: { ...alone.adapters, database: { embedded: { dataDir: '/dev/null/x' } } } } }))
  t.regex(file.message, /^adapters\.database\.embedded: the data folder \/dev\/null\/x cannot be used: .*\n.*DATA_DIR/)
})

test.serial('models keep to the transaction in whatever they start by themselves, and a lost connection is replaced', async (t) => {
  const app = await testApp({ config: alone })
  t.teardown(app.close)
  const db = app.resolve(database)
  await db.query('CREATE TABLE platform_things (id int PRIMARY KEY, name text)')
  const things = db.define<{ id: number; name: string }>('platform_things', { id: { type: DataTypes.INTEGER, primaryKey: true }, name: DataTypes.TEXT })
  await t.throwsAsync(db.transaction(async () => {
    const [, made] = await things.findOrCreate({ where: { id: 1 }, defaults: { id: 1, name: 'one' } })
    t.true(made)
    await things.bulkCreate([{ id: 2, name: 'two' }, { id: 3, name: 'three' }])
    await things.upsert({ id: 3, name: 'drei' })
    t.is(await things.count(), 3)
    throw new Error('undo')
  }), { message: 'undo' })
  t.is(await things.count(), 0)
  await t.throwsAsync(db.transaction(async () => { await db.transaction(async () => { throw new Error('inner') }).catch(() => undefined) }), { message: /rolled back/ })
  if (!db.exclusive) {
    await t.throwsAsync(db.query('SELECT pg_terminate_backend(pg_backend_pid())'))
    await t.throwsAsync(db.transaction(async () => { await db.query('SELECT pg_terminate_backend(pg_backend_pid())') }))
  }
  t.deepEqual(await db.query('SELECT count(*) FROM platform_things'), [{ count: '0' }])
})

const open = { method: 'GET', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'A test' } as const
const site = definePlugin({
  name: 'site', kernel: '^1',
  routes: [
    route({ ...open, path: '/long', handle: () => ({ text: 'long '.repeat(1_000) }) }),
    route({ ...open, path: '/events', reply: reply.events, handle: async function* () { yield { data: { text: 'long '.repeat(1_000) } } } }),
  ],
})

test.serial('middleware: request ids, security headers, cross-origin rules, compression', async (t) => {
  const app = await testApp({
    config: { ...alone, adapters: { ...alone.adapters, middleware: { compression: {}, cors: { origins: ['https://a.example/'] }, 'security-headers': {}, 'request-id': {} } } },
    plugins: [site],
  })
  t.teardown(app.close)
  const head = async (path: string, headers: Record<string, string>, method = 'GET'): Promise<Headers> => (await app.fetch(path, { headers, method })).headers

  t.is((await head('/healthz', { 'x-request-id': 'client-Chosen_1' })).get('x-request-id'), 'client-Chosen_1')
  for (const bad of ['short', 'x'.repeat(65), 'a b c d e f', '<script>1</script>']) t.regex((await head('/healthz', { 'x-request-id': bad })).get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)

  for (const path of ['/healthz', '/nowhere']) {
    const seen = await head(path, {})
    t.is(seen.get('content-security-policy'), `default-src 'none';frame-ancestors 'none'`)
    t.is(seen.get('x-content-type-options'), 'nosniff')
    t.is(seen.get('x-frame-options'), 'DENY')
    t.is(seen.get('referrer-policy'), 'no-referrer')
    t.is(seen.get('access-control-allow-origin'), null)
  }
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  for (const [path, method, extra] of [['/healthz', 'GET', {}], ['/nowhere', 'GET', {}], ['/healthz', 'OPTIONS', preflight]] as const) {
    const seen = await head(path, { origin: 'https://a.example', ...extra }, method)
    t.is(seen.get('access-control-allow-origin'), 'https://a.example')
    t.is(seen.get('access-control-allow-credentials'), 'true')
    t.is(seen.get('x-content-type-options'), 'nosniff')
    t.truthy(seen.get('x-request-id'))
    t.regex(seen.get('vary') ?? '', /Origin/)
    for (const other of ['https://b.example', 'https://a.example.evil.example', 'http://a.example', 'null']) {
      t.is((await head(path, { origin: other, ...extra }, method)).get('access-control-allow-origin'), null)
    }
  }
  t.is((await head('/long', { 'accept-encoding': 'gzip' })).get('content-encoding'), 'gzip')
  t.is((await head('/healthz', { 'accept-encoding': 'gzip' })).get('content-encoding'), null)
  t.is((await head('/events', { 'accept-encoding': 'gzip' })).get('content-encoding'), null)
})

test.serial('background work rests while requests are answered, but not for ever, and not for a stream that has begun', async (t) => {
  let [answer, more] = [(): void => undefined, (): void => undefined]
  const busy = definePlugin({
    name: 'busy', kernel: '^1',
    routes: [
      route({ ...open, path: '/slow', handle: async () => { await new Promise<void>((resolve) => { answer = resolve }); return { text: 'done' } } }),
      route({ ...open, path: '/stream', reply: reply.events, handle: async function* () { yield { data: { text: 'one' } }; await new Promise<void>((resolve) => { more = resolve }) } }),
    ],
  })
  const app = await testApp({ config: { ...alone, adapters: { ...alone.adapters, middleware: { traffic: {} } } }, plugins: [busy] })
  t.teardown(app.close)
  const { gap } = app.resolve(traffic)
  const rested = async (limit: number): Promise<number> => {
    const begin = performance.now()
    await gap(limit)
    return performance.now() - begin
  }
  t.true(await rested(10_000) < 5_000, 'nobody is there')
  const slow = app.fetch('/slow')
  while (await rested(5) < 4) await sleep(5)
  t.true(await rested(200) >= 199, 'not for ever')
  setTimeout(() => { answer() }, 200)
  const short = await rested(10_000)
  t.true(short > 100 && short < 5_000, String(short))
  t.is((await slow).status, 200)
  const stream = await app.fetch('/stream')
  t.true(await rested(10_000) < 5_000, 'a stream')
  more()
  t.is(stream.status, 200)
})

test('the log blanks out secrets in fields, in texts and in errors', async (t) => {
  const child = run(`
    import { pinoLogger } from './plugins/platform/adapters/logger-pino.ts'
    const log = await pinoLogger.create({}, { level: 'info' })
    log.debug('not shown')
    log.info({ password: 'hidden', user: { name: 'ann', api_key: 'hidden', Authorization: 'hidden', list: [{ refreshToken: 'hidden' }], cookie: { a: 'hidden' } }, tokens: 12 }, 'shown')
    log.child({ request: 'r1', secretKey: 'hidden' }).warn('Authorization: Bearer hidden-hidden-1234')
    log.error({ err: Object.assign(new Error('outer', { cause: new Error('sent Bearer hidden.hidden') }), { code: 'E1', sql: 'hidden', config: { headers: { authorization: 'hidden' } } }) }, 'failed')`)
  const output = await text(child.stdout)
  t.false(output.includes('hidden'), output)
  const lines = output.trim().split('\n').map((line) => JSON.parse(line))
  t.is(lines.length, 3)
  t.like(lines[0], { level: 'info', msg: 'shown', tokens: 12, password: '[redacted]', user: { name: 'ann' } })
  t.like(lines[1], { level: 'warn', request: 'r1' })
  t.like(lines[2], { level: 'error', err: { message: 'outer', code: 'E1' } })
  t.regex(lines[2].err.cause.stack, /platform|eval|Error: sent/)
})

/** The cache as its port describes it, in the plainest way. */
const plainCache = (): Cache => {
  const entries = new Map<string, { value: Json; tags: readonly string[]; sealed: boolean }>()
  const drops: string[] = []
  return {
    get: async (key) => entries.get(key)?.value,
    set: async (key, value, { tags = [], ifAbsent, generation }) => {
      const since = generation === undefined ? [] : drops.slice(Number(generation))
      if (entries.get(key)?.sealed || ifAbsent && entries.has(key) || since.some((drop) => drop === `key ${key}` || tags.some((tag) => drop === `tag ${tag}`))) return false
      entries.set(key, { value, tags, sealed: false })
      return true
    },
    seal: async (key, value) => { drops.push(`key ${key}`); entries.set(key, { value, tags: [], sealed: true }) },
    drop: async (what) => {
      drops.push('key' in what ? `key ${what.key}` : `tag ${what.tag}`)
      for (const [key, { tags }] of entries) if ('key' in what ? key === what.key : tags.includes(what.tag)) entries.delete(key)
    },
    generation: async () => String(drops.length),
  }
}
test('the memory cache does what a plain one does, until it is full; then it forgets ordinary entries and no seals', async (t) => {
  const name = fc.constantFrom('a', 'b', 'c', 'key a', '')
  const tags = fc.array(fc.constantFrom('a', 's', 't', ''), { maxLength: 3 })
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), key: name, value: fc.jsonValue(), tags, ifAbsent: fc.boolean(), mark: fc.option(fc.nat(9)) }),
    fc.record({ do: fc.constant('seal' as const), key: name, value: fc.jsonValue() }),
    fc.record({ do: fc.constant('drop' as const), what: fc.oneof(fc.record({ key: name }), fc.record({ tag: fc.constantFrom('a', 's', 't', '') })) }),
    fc.record({ do: fc.constant('mark' as const), key: name }),
    fc.record({ do: fc.constant('get' as const), key: name }),
  )
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const both = [memoryCache({ maxEntries: 1_000, maxBytes: 1e6 }), plainCache()].map((cache) => ({ cache, marks: [] as string[] }))
    for (const one of steps) {
      const [seen, wanted] = await Promise.all(both.map(async ({ cache, marks }) => {
        if (one.do === 'set') {
          const generation = one.mark === null ? undefined : marks.at(one.mark - marks.length)
          return cache.set(one.key, one.value as Json, { ttl: 1e6, tags: one.tags, ifAbsent: one.ifAbsent, ...generation === undefined ? {} : { generation } })
        }
        if (one.do === 'seal') return cache.seal(one.key, one.value as Json, 1e6)
        if (one.do === 'drop') return cache.drop(one.what)
        if (one.do === 'mark') { marks.push(await cache.generation(one.key)); return undefined }
        return cache.get(one.key)
      }))
      t.deepEqual(JSON.stringify(seen), JSON.stringify(wanted))
    }
  }), { numRuns: 300 })

  const small = memoryCache({ maxEntries: 100, maxBytes: 1e6 })
  await small.seal('sealed', true, 1e6)
  const early = await small.generation('x')
  for (let index = 0; index < 1_000; index += 1) {
    await small.set(`entry ${index}`, 'x'.repeat(1_000), { ttl: 1e6, tags: ['all'] })
    await small.drop({ key: `other ${index}` })
  }
  const left = await Promise.all(Array.from({ length: 1_000 }, (_, index) => small.get(`entry ${index}`)))
  t.is(left.filter((value) => value !== undefined).length, 100)
  t.true(await small.get('sealed'))
  t.false(await small.set('x', 1, { ttl: 1e6, generation: early }), 'of a mark that is too old to judge nothing good is assumed')
  await small.drop({ tag: 'all' })
  t.is(await small.get('entry 999'), undefined)
  await t.throwsAsync(small.set('x', 1, { ttl: 0 }), { instanceOf: RangeError })
})

test('a server that ends a connection in the moment in which it stands takes nobody down', async (t) => {
  const message = (type: string, ...parts: (string | number[])[]): Buffer => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const ready = [message('R', [0, 0, 0, 0]), message('Z', 'I')]
  const stopping = message('E', 'SFATAL\0', 'C57P01\0', 'Mterminating connection due to administrator command\0', '\0')
  const server = createServer((socket) => { socket.on('error', () => undefined).once('data', () => socket.end(Buffer.concat([...ready, stopping]))) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent }
  const db = openDatabase(
    { host: '127.0.0.1', port: (server.address() as AddressInfo).port, database: 'x', username: 'x', password: 'x', dialectOptions: { ssl: false } }, { exclusive: false, prepares: true, strict: true, log: silent })
  t.teardown(() => db.close())
  await t.throwsAsync(db.query('SELECT 1'), { message: /does not answer/ })
})
