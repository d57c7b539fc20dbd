import { AsyncLocalStorage } from 'node:async_hooks'
import { createCipheriv, createDecipheriv, createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { embeddedQueue } from '../plugins/platform/adapters/queue-embedded.ts'
import { localVault } from '../plugins/platform/adapters/vault-local.ts'
import { memoryRateLimiter } from '../plugins/platform/adapters/rate-limiter-memory.ts'
import apiKeysPlugin from '../plugins/api-keys/index.ts'
import authPlugin from '../plugins/auth/index.ts'
import * as suites from '../plugins/platform/contracts/index.ts'
import platformPlugin from '../plugins/platform/index.ts'
import { cache, database, defineAdapter, definePlugin, queue, StorageNotFound } from '../core/index.ts'
import type { Cache, Contract, Database, HttpClient, JobRunner, Json, Plugin, Port, Queue, RateLimiter, Signal, Storage, Uses, Vault } from '../core/index.ts'
import * as kernelPorts from '../core/ports.ts'
import { testApp, testPort as runSuite } from '../core/testing.ts'
import type { TestAppOptions } from '../core/testing.ts'
import { memoryCache } from '../plugins/platform/services/memory-cache.ts'
import { readAllowed } from '../plugins/platform/services/outbound-addresses.ts'
import { guardedClient } from '../plugins/platform/services/outbound-client.ts'
import { alone } from './support/alone.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { ownS3 } from './support/s3-server.ts'
import type { OwnS3 } from './support/s3-server.ts'

const { cacheContract, databaseContract, httpClientContract, queueContract, queueProbes, rateLimiterContract, signalContract, storageContract, vaultContract } = suites

// Only `platform`: the laws of its ports need nothing else.
const where = process.env['TEST_DATABASE_URL'] === undefined ? 'embedded' : 'postgres'
const onCache = (name: string) => ({ ...alone, adapters: { ...alone.adapters, cache: { [name]: {} } } })

/** Ports and adapters whose laws are tested here: what the configuration of a suite names, or else its own name. */
const tested = new Set<string>()
const testPort = <T, U extends Uses>(register: typeof test.serial, contract: Contract<T, U>, options: TestAppOptions & { readonly name: string }): void => {
  const chosen = Object.entries(options.config?.adapters?.[contract.port.id] ?? {})
  for (const [instance, settings] of chosen) tested.add(`${contract.port.id} ${(settings['$adapter'] ?? instance) as string}`)
  if (chosen.length === 0) tested.add(options.name.split(' ').slice(0, 2).join(' '))
  runSuite(register, contract, options)
}

testPort(test.serial, cacheContract, { name: 'cache memory', config: onCache('memory') })
testPort(test.serial, cacheContract, { name: 'cache none', config: onCache('none') })
testPort(test.serial, signalContract, { name: 'signal memory', config: alone })
testPort(test.serial, rateLimiterContract, { name: 'rateLimiter memory', config: alone })
const url = process.env['TEST_REDIS_URL']
if (url !== undefined) {
  const prefix = `test-${randomUUID()}`
  const on = (port: string, name: string, options: object) => ({ ...alone, adapters: { ...alone.adapters, [port]: { [name]: { ...options, prefix } } } })
  testPort(test.serial, cacheContract, { name: 'cache redis', config: on('cache', 'redis', { url }) })
  testPort(test.serial, cacheContract, { name: 'cache layered', config: on('cache', 'layered', { redis: url }) })
  testPort(test.serial, signalContract, { name: 'signal redis', config: on('signal', 'redis', { url }) })
  testPort(test.serial, rateLimiterContract, { name: 'rateLimiter redis', config: on('rateLimiter', 'redis', { url }) })
}
testPort(test.serial, storageContract, { name: 'storage local', config: alone })
const bucket: Record<string, unknown> = {}
let s3: OwnS3 | undefined
test.before(async () => {
  s3 = await ownS3()
  Object.assign(bucket, s3.options)
})
test.after.always(() => s3?.remove())
testPort(test.serial, storageContract, { name: 'storage s3', config: { ...alone, adapters: { ...alone.adapters, storage: { s3: bucket } } } })
testPort(test.serial, databaseContract, { name: `database ${where}`, config: alone })
testPort(test.serial, queueContract, { name: `queue embedded on ${where}`, config: alone, plugins: [queueProbes] })
const redis = process.env['TEST_REDIS_URL']
if (redis !== undefined) {
  const bull = { bull: { redis, prefix: `test-${randomUUID()}` } }
  testPort(test.serial, queueContract, { name: `queue bull on ${where}`, config: { ...alone, adapters: { ...alone.adapters, queue: bull } }, plugins: [queueProbes] })
}

testPort(test.serial, httpClientContract, { name: 'httpClient guarded', config: alone })
testPort(test.serial, vaultContract, { name: 'vault local', config: alone })
testPort(test.serial, suites.loggerContract, { name: 'logger pino', config: alone })
const chain = { traffic: {}, 'request-id': {}, 'security-headers': {}, cors: { origins: ['https://elsewhere.example.org'] }, compression: {} }
testPort(test.serial, suites.middlewareContract, { name: 'middleware', config: { ...alone, adapters: { ...alone.adapters, middleware: chain } } })
testPort(test.serial, suites.commandContract, { name: 'command', config: { adapters: { command: { jobs: {}, 'explain-key': {} } } } })
testPort(test.serial, suites.authenticatorContract, {
  name: 'authenticator', config: { adapters: { authenticator: { session: {}, 'api-key': {} } } },
})
// The other adapter of the database is the one that these tests do not run on.
if (where !== 'embedded') testPort(test.serial, databaseContract, { name: 'database embedded', config: { ...alone, adapters: { ...alone.adapters, database: { embedded: {} } } } })

const isPort = (value: object): value is Port<unknown> => (value as { kind?: unknown }).kind === 'port'
test('every port of the kernel has laws, and every adapter that we bring is tested by them', (t) => {
  const ports = Object.values<object>(kernelPorts).filter(isPort).map(({ id }) => id)
  t.true(ports.length >= 9)
  const withLaws = new Set(Object.values(suites).flatMap((one) => typeof one === 'object' && 'laws' in one ? [one.port.id] : []))
  t.deepEqual(ports.filter((id) => !withLaws.has(id)), [], 'a suite of laws is missing')
  const brought = ([platformPlugin, authPlugin, apiKeysPlugin] as readonly Plugin[]).flatMap(({ adapters = [] }) => adapters)
    .filter(({ port }) => ports.includes(port.id)).map(({ port, name }) => `${port.id} ${name}`)
  const needs: Record<string, string | undefined> = {
    ...Object.fromEntries(['cache redis', 'cache layered', 'signal redis', 'rateLimiter redis', 'queue bull'].map((name) => [name, process.env['TEST_REDIS_URL']])),
    'database postgres': process.env['TEST_DATABASE_URL'],
  }
  t.deepEqual(Object.keys(needs).filter((name) => !brought.includes(name)), [], 'there is no such adapter any more')
  const missing = (tests: ReadonlySet<string>): string[] => brought.filter((name) => !tests.has(name) && !(name in needs && needs[name] === undefined))
  t.deepEqual(missing(tested), [], 'nothing tests it against the laws of its port')
  t.deepEqual(missing(new Set([...tested].filter((name) => name !== 'storage local'))), ['storage local'], 'it would be noticed')
})

const without = <T extends object>(options: T, name: keyof T): T => Object.fromEntries(Object.entries(options).filter(([key]) => key !== name)) as T
const sharing = (): Cache => {
  const good = memoryCache({ maxEntries: 1_000, maxBytes: 1e8 })
  const values = new Map<string, Json>()
  return {
    ...good,
    set: async (key, value, options) => {
      const written = await good.set(key, value, options)
      if (written) values.set(key, value)
      return written
    },
    seal: async (key, value, ttl) => { values.set(key, value); await good.seal(key, value, ttl) },
    get: async (key) => await good.get(key) === undefined ? undefined : values.get(key),
  }
}
const caches: Record<string, [expected: string[], make: (good: Cache) => Cache]> = {
  'ignores ifAbsent': [['forgets an entry'], (good) => ({ ...good, set: (key, value, options) => good.set(key, value, without(options, 'ifAbsent')) })],
  'takes a tag for a prefix': [['drops exactly the'], (good) => {
    const tags = new Set<string>()
    return {
      ...good,
      set: async (key, value, options) => { for (const tag of options.tags ?? []) tags.add(tag); return good.set(key, value, options) },
      drop: async (what) => {
        if ('key' in what) await good.drop(what)
        else for (const tag of tags) if (tag.startsWith(what.tag)) await good.drop({ tag })
      },
    }
  }],
  'takes keys regardless of case': [['gives what was', 'drops exactly the'], (good) => ({
    ...good, get: (key) => good.get(key.toLowerCase()), set: (key, ...rest) => good.set(key.toLowerCase(), ...rest),
    drop: (what) => good.drop('key' in what ? { key: what.key.toLowerCase() } : what),
  })],
  'shares its values': [['copies values in'], sharing],
  'ignores generations': [['lets no fill', 'gives a sealed'], (good) => ({ ...good, set: (key, value, options) => good.set(key, value, without(options, 'generation')) })],
  'sees only drops by key': [['lets no fill'], (good) => ({
    ...good, set: (key, value, options) => good.set(key, value, options.generation === undefined ? options : without(options, 'tags')) })],
  'drops too much': [['drops exactly the', 'lets no fill', 'gives a sealed'], (good) => ({
    ...good, drop: async (what) => { for (const name of Object.values(what)) { await good.drop({ key: name }); await good.drop({ tag: name }) } } })],
  'lets a seal be overwritten': [['gives a sealed'], (good) => ({ ...good, seal: async (key, value, ttl) => { await good.set(key, value, { ttl }) } })],
  'takes any lifetime': [['refuses a lifetime'], (good) => ({
    ...good, set: (key, value, options) => good.set(key, value, { ...options, ttl: options.ttl > 0 ? options.ttl : 1 }),
    seal: (key, value, ttl) => good.seal(key, value, ttl > 0 ? ttl : 1) })],
  'keeps everything for ever': [['forgets an entry', 'refuses a lifetime', 'gives a sealed'], (good) => ({
    ...good, set: (key, value, options) => good.set(key, value, { ...options, ttl: 1e9 }), seal: (key, value) => good.seal(key, value, 1e9) })],
}
for (const [fault, [expected, make]] of Object.entries(caches)) {
  test(`the cache suite catches a cache that ${fault}`, async (t) => {
    t.deepEqual(await brokenLaws(cacheContract, memoryCache({ maxEntries: 1_000, maxBytes: 1e8 })), [])
    t.deepEqual(await brokenLaws(cacheContract, make(memoryCache({ maxEntries: 1_000, maxBytes: 1e8 }))), expected)
  })
}

test('the rateLimiter suite catches whoever counts wrongly', async (t) => {
  const good = (): RateLimiter => memoryRateLimiter.create({}, {}) as RateLimiter
  t.deepEqual(await brokenLaws(rateLimiterContract, good()), [])
  const faults: Record<string, [expected: string[], make: (good: RateLimiter) => RateLimiter['take']]> = {
    'gives all': [['gives as many', 'counts each key', 'gives no more', 'has room again', 'holds uses'], () => async () => 0],
    'gives one too many': [['gives as many', 'counts each key', 'gives no more', 'has room again'], ({ take }) => (key, limit, ms) => take(key, limit + 1, ms)],
    'takes keys regardless of case': [['counts each key'], ({ take }) => (key, limit, ms) => take(key.toLowerCase(), limit, ms)],
    'cuts long keys': [['counts each key'], ({ take }) => (key, limit, ms) => take(key.slice(0, 1_000), limit, ms)],
    'says seconds': [['has room again'], ({ take }) => async (key, limit, ms) => await take(key, limit, ms) / 1_000],
    'waits longer than a window': [['gives as many', 'has room again'], ({ take }) => async (key, limit, ms) => await take(key, limit, ms) * 3],
    'never forgets': [['has room again'], ({ take }) => (key, limit, ms) => take(key, limit, ms === 1_000 ? 60_000 : ms)],
    'counts for each limit anew': [['holds uses'], ({ take }) => (key, limit, ms) => take(`${limit} ${key}`, limit, ms)],
    'counts all windows in one': [['holds uses'], ({ take }) => (key, limit) => take(key, limit, 60_000)],
    'looks before it counts': [['gives no more'], ({ take }) => {
      const used = new Map<string, number>()
      return async (key, limit, ms) => {
        const before = used.get(`${key} ${ms}`) ?? 0
        if (before >= limit) return take(key, limit, ms)
        await new Promise(setImmediate)
        used.set(`${key} ${ms}`, before + 1)
        await take(key, limit, ms)
        return 0
      }
    }],
  }
  for (const [fault, [expected, make]] of Object.entries(faults)) {
    const broken = await brokenLaws(rateLimiterContract, { take: make(good()) })
    for (const law of expected) t.true(broken.some((one) => one.startsWith(law)), `${fault}: ${law} of ${broken.join(', ')}`)
  }
})

test('the signal and storage suites catch sharing, guessing and half-written files', async (t) => {
  const listeners = new Map<string, Set<(message: Json) => void>>()
  const shared: Signal = {
    publish: async (channel, message) => { for (const listen of listeners.get(channel) ?? []) try { listen(message) } catch { /* the next one */ } },
    subscribe: async (channel, listener) => {
      const one = (message: Json): void => { listener(message) }
      listeners.set(channel, (listeners.get(channel) ?? new Set()).add(one))
      return async () => { listeners.get(channel)?.delete(one) }
    },
  }
  t.deepEqual(await brokenLaws(signalContract, shared), ['gives each listener'])
  const copying: Signal = { ...shared, subscribe: (channel, listener) => shared.subscribe(channel, (message) => { listener(structuredClone(message)) }) }
  t.deepEqual(await brokenLaws(signalContract, copying), [])
  const hasty: Signal = { ...copying, publish: async (channel, message) => { setTimeout(() => void copying.publish(channel, message), Math.random() * 20) } }
  t.deepEqual(await brokenLaws(signalContract, hasty), ['carries any message', 'carries a large'])
  const forgetful: Signal = {
    ...copying,
    subscribe: async (channel, listener) => {
      await copying.subscribe(channel, listener)
      return async () => { listeners.delete(channel) }
    },
  }
  t.deepEqual(await brokenLaws(signalContract, forgetful), ['carries any message', 'ends one subscription'])

  const files = new Map<string, Buffer>()
  const careless: Storage = {
    put: async (key, body) => {
      files.set(key, Buffer.alloc(0))
      for await (const part of Buffer.isBuffer(body) ? [body] : body) files.set(key, Buffer.concat([files.get(key) ?? Buffer.alloc(0), part as Buffer]))
      return { size: files.get(key)?.length ?? 0 }
    },
    get: async (key) => {
      const file = files.get(key)
      if (!file) throw new StorageNotFound(key)
      return Readable.from([file])
    },
    size: async (key) => files.get(key)?.length,
    delete: async (key) => { files.delete(key) },
  }
  t.deepEqual(await brokenLaws(storageContract, careless), ['gives back the', 'keeps what was', 'takes keys of', 'refuses keys that'])
  t.is((await buffer(await careless.get([...files.keys()][0] as string))).length > 0, true)
})

const guarding = { allow: [], timeoutMs: 2_000, maxBytes: 1_000_000, maxRedirects: 5 }
const anywhere = ['0.0.0.0/0', '::/0'].map((entry) => readAllowed(entry)).filter((one) => one !== undefined)
const clients: Record<string, [law: string, make: (good: HttpClient) => Partial<HttpClient>]> = {
  'lets everybody in': ['refuses addresses that', () => guardedClient({ ...guarding, allow: anywhere })],
  'looks at addresses as they are written': ['refuses addresses that', ({ send, check }) => {
    const refused = (url: string) => ['localhost', '127.0.0.1', '10.0.0.1'].includes(new URL(url).hostname)
    return { check: async (url) => { if (refused(url)) await check(url) }, send: (request) => send(refused(request.url) ? request : { ...request, trusts: request.url }) }
  }],
  'guards requests, and not what is only checked': ['refuses addresses that', () => ({ check: async () => undefined })],
  'takes a password in an address': ['refuses what is', ({ send, check }) => {
    const plain = (url: string): string => url.replace(/\/\/[^/]*@/, '//')
    return { send: (request) => send({ ...request, url: plain(request.url) }), check: (url) => check(plain(url)) }
  }],
  'remembers whom it once trusted': ['trusts an origin', ({ send }) => {
    const known = new Set<string>()
    return { send: (request) => {
      if (request.trusts !== undefined) known.add(request.trusts)
      return send(known.has(request.url) ? { ...request, trusts: request.url } : request)
    } }
  }],
  'trusts a host and not its origin': ['trusts an origin', ({ send }) => ({
    send: (request) => send(request.trusts !== undefined && new URL(request.url).hostname === new URL(request.trusts).hostname ? { ...request, trusts: request.url } : request),
  })],
  'does not look at redirects': ['follows redirects, and', () => guardedClient({ ...guarding, allow: anywhere })],
  'follows for ever': ['ends a chain', () => guardedClient({ ...guarding, maxRedirects: 60 })],
  'fails where the status is an error': ['gives status, headers', ({ send }) => ({ send: async (request) => {
    const answer = await send(request)
    if (answer.status >= 400) throw new Error('that went wrong')
    return answer
  } })],
  'sends a body as a text': ['sends method, headers,', ({ send }) => ({ send: ({ body, ...request }) => send({ ...request, ...body === undefined ? {} : { json: String(body) } }) })],
  'waits for the end of an answer': ['passes an answer', ({ send }) => ({ send: async (request) => {
    const answer = await send(request)
    return { ...answer, body: Readable.from([await buffer(answer.body)]) }
  } })],
  'has time of its own': ['waits no longer', ({ send }) => ({ send: (request) => send(without(request, 'timeout')) })],
  'reads all': ['reads no more', ({ send }) => ({ send: (request) => send(without(request, 'maxBytes')) })],
  'hears no signal': ['stops when it', ({ send }) => ({ send: (request) => send(without(request, 'signal')) })],
  'ends a text where the answer broke off': ['fails where an', ({ send }) => ({ send: async (request) => {
    const answer = await send(request)
    return { ...answer, text: () => answer.text().catch(() => '') }
  } })],
  'makes headers fit': ['sends no header', ({ send }) => ({ send: ({ headers = {}, ...request }) => send({
    ...request, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/[^a-z-]/g, '') || 'x', value.replace(/[^ -~]/g, '')])),
  }) })],
  'tells where it was': ['tells in no', ({ send }) => ({ send: (request) => send(request).catch((error: unknown) => { throw new Error(`${request.url}: ${String(error)}`) }) })],
}
test('the httpClient suite catches whoever goes where it may not, or takes what it should not', async (t) => {
  t.deepEqual(Object.keys(httpClientContract.laws).filter((law) => !Object.values(clients).some(([begin]) => law.startsWith(begin))), [], 'each law has its fault')
  for (const [fault, [law, make]] of Object.entries(clients)) {
    const good = guardedClient(guarding)
    t.is((await brokenLaws(httpClientContract, { ...good, ...make(good) }, {}, law)).length, 1, fault)
    await good.close()
  }
})

test('the vault suite catches whoever opens for everybody, changes nothing, or notices nothing', async (t) => {
  const good = await localVault.create({ server: { secretKey: 'a secret key that only tests would use' } } as never, { secretKeysBefore: [] })
  t.deepEqual(await brokenLaws(vaultContract, good), [])
  const key = createHash('sha256').update('a key').digest()
  const unauthenticated: Vault = {
    seal: async (secret) => {
      const nonce = createHash('md5').update(randomUUID()).digest()
      return Buffer.concat([nonce, createCipheriv('aes-256-ctr', key, nonce).update(secret, 'utf8')]).toString('base64url')
    },
    open: async (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      return createDecipheriv('aes-256-ctr', key, bytes.subarray(0, 16)).update(bytes.subarray(16), undefined, 'utf8')
    },
  }
  const constant: Vault = {
    seal: async (secret, owner) => {
      const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12)).setAAD(Buffer.from(owner))
      return Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('hex')
    },
    open: async (sealed, owner) => {
      const bytes = Buffer.from(/^(?:[0-9a-f]{2}){16,}$/.exec(sealed)?.[0] ?? '', 'hex')
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 }).setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-16))
      return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
    },
  }
  t.deepEqual(await brokenLaws(vaultContract, constant), ['shows nothing of'])
  const faults: Record<string, [expected: string[], vault: Partial<Vault>]> = {
    'ignores the owner': [['opens for its owner alone'], { seal: (secret) => good.seal(secret, ''), open: (sealed) => good.open(sealed, '') }],
    'takes owners regardless of case': [['opens for its owner alone'], { seal: (secret, owner) => good.seal(secret, owner.toLowerCase()), open: (sealed, owner) => good.open(sealed, owner.toLowerCase()) }],
    'only encodes': [['shows nothing of a'], {
      seal: async (secret, owner) => `${Buffer.from(secret).toString('base64url')}.${await good.seal(secret, owner)}`, open: (sealed, owner) => good.open(sealed.slice(sealed.indexOf('.') + 1), owner),
    }],
    'authenticates nothing': [['opens for its owner alone', 'opens nothing that was'], unauthenticated],
    'trims what it is given': [['opens nothing that was'], { open: (sealed, owner) => good.open(sealed.trim(), owner) }],
    'loses the end of a long secret': [['gives back what was'], { seal: (secret, owner) => good.seal(secret.slice(0, 4_096), owner) }],
  }
  for (const [fault, [expected, vault]] of Object.entries(faults)) {
    const broken = await brokenLaws(vaultContract, { ...good, ...vault })
    for (const law of expected) t.true(broken.some((one) => law.startsWith(one)), `${fault}: ${law} of ${broken.join(', ')}`)
  }
})

test.serial('the database and queue suites catch what escapes a transaction, a part of it that failed, or a plan that is kept too long', async (t) => {
  const outside = AsyncLocalStorage.snapshot()
  const app = await testApp({ config: alone, plugins: [queueProbes] })
  const [db, jobs] = [app.resolve(database), app.resolve(queue)]
  const inTransaction = new AsyncLocalStorage<true>()
  const forgiving: Database = { ...db, transaction: (work) => inTransaction.getStore() ? work() : inTransaction.run(true, () => db.transaction(work)) }
  t.deepEqual(await brokenLaws(databaseContract, forgiving), ['rolls back all'])
  const hasty: Database = { ...db, afterCommit: (work) => { void (async () => { await work() })().catch(() => undefined) } }
  t.deepEqual(await brokenLaws(databaseContract, hasty), ['runs afterCommit after'])
  const shapes = new Map<string, string>()
  const stubborn: Database = {
    ...db,
    query: async <R extends object>(sql: string, values?: readonly unknown[], options?: { readonly prepared?: boolean }) => {
      const rows = await db.query<R>(sql, values, options)
      const shape = options?.prepared && rows[0] ? Object.keys(rows[0]).join() : undefined
      if (shape !== undefined && shape !== (shapes.get(sql) ?? shape)) throw new Error('cached plan must not change result type')
      if (shape !== undefined) shapes.set(sql, shape)
      return rows
    },
  }
  t.deepEqual(await brokenLaws(databaseContract, stubborn), ['asks what is'])
  const escaping: Queue = {
    ...jobs,
    enqueue: async (job, payload, options) => {
      void outside(() => jobs.enqueue(job, payload, options))
      return randomUUID()
    },
  }
  t.deepEqual(await brokenLaws(queueContract, escaping, { db }, 'delivers a'), ['delivers a job'])
  const keyless: Queue = { ...jobs, enqueue: (job, payload, options = {}) => jobs.enqueue(job, payload, without(options, 'key')) }
  t.deepEqual(await brokenLaws(queueContract, keyless, { db }, 'lets a'), ['lets a delayed'])
  await app.close()
})

type Call = Parameters<JobRunner['run']>[0]
interface QueueFault { readonly law: string; readonly queue?: (good: Queue) => Partial<Queue>; readonly call?: (good: Call, db: Database) => Partial<Call> }
const queueFaults: Record<string, QueueFault> = {
  'waits as long each time': { law: 'waits longer', queue: ({ find }) => ({
    find: async (filter) => (await find(filter)).map((info) => ({ ...info, dueAt: new Date(Number(info.createdAt) + 1_000) })) }) },
  'keeps progress to itself': { law: 'shows a', call: () => ({ progress: async () => undefined }) },
  'lists jobs of any state': { law: 'shows a', queue: ({ find }) => ({ find: (filter = {}) => find(without(filter, 'state')) }) },
  'forgets errors': { law: 'keeps what', queue: ({ find }) => ({ find: async (filter) => (await find(filter)).map((info) => ({ ...info, error: undefined })) }) },
  'only says that it retries': { law: 'keeps what', queue: () => ({ retry: async () => true }) },
  'only says that it discards': { law: 'keeps what', queue: () => ({ discard: async () => true }) },
  'retries what does not exist': { law: 'keeps what', queue: ({ retry }) => ({ retry: async (id) => await retry(id) || true }) },
  'runs once without a transaction': { law: 'ends a', call: () => ({ once: (work) => work() }) },
  'ends a job after the transaction of once': { law: 'ends a', call: (_, db) => ({ once: (work) => db.transaction(work) }) },
  'aborts a job that tells how far it is while it ends': { law: 'ends a', call: () => ({ signal: AbortSignal.abort() }) },
  'ends a job after what was to be done with it': { law: 'leaves nothing', call: ({ once }) => ({
    once: async (work) => {
      const result = await work()
      await once(async () => undefined)
      return result
    } }) },
  // The last: it drains.
  'lets anyone end a job': { law: 'puts back', call: (_, db) => ({ once: (work) => db.transaction(work) }) },
}
test.serial('the queue suite catches queues that say what is not so, and effects that are not of one piece with the end of their job', async (t) => {
  let fault: QueueFault | undefined
  const careless = defineAdapter(queue, 'careless', {
    uses: embeddedQueue.uses,
    create: async (deps, options) => {
      const good = await embeddedQueue.create(deps, { poll: 1_000, lease: 60_000, ...options })
      return { ...good, work: (runners) => good.work(runners.map(({ job, run }) => ({ job, run: (call) => run({ ...call, ...fault?.call?.(call, deps.db) }) }))) }
    },
    dispose: (value) => embeddedQueue.dispose?.(value),
  })
  const acme = definePlugin({ name: 'acme', kernel: '^1', adapters: [careless] })
  const app = await testApp({ config: { ...alone, adapters: { ...alone.adapters, queue: { careless: {} } } }, plugins: [acme, queueProbes] })
  t.teardown(() => app.close())
  const [db, jobs] = [app.resolve(database), app.resolve(queue)]
  for (const [name, planted] of Object.entries(queueFaults)) {
    fault = planted
    t.is((await brokenLaws(queueContract, { ...jobs, ...planted.queue?.(jobs) }, { db }, planted.law)).length, 1, name)
  }
})

test.serial('a third-party adapter that breaks a law is told which', async (t) => {
  const acme = definePlugin({ name: 'acme', kernel: '^1', adapters: [defineAdapter(cache, 'acme', { create: sharing })] })
  const runs: [string, () => Promise<void>][] = []
  runSuite((name, run) => runs.push([name, run]), cacheContract, { config: onCache('acme'), plugins: [acme] })
  const said: string[] = []
  for (const [, run] of runs) await run().catch((error: unknown) => said.push((error as Error).message))
  t.is(said.length, 1)
  t.regex(said[0] ?? '', /breaks the law "copies values in and out" of the port "cache": a change after set\(\) came through/)
})
