/**
 * What it costs to recognise a key: microseconds of CPU in process, beside one HMAC of its secret; and the queries that a request issues
 * over HTTP. It fails where a cached key costs 50 µs or more, a malformed one 10 µs or any I/O.
 *
 *   node --import=@oxc-node/core/register test/bench/auth.ts [--redis redis://…] [--rounds 15] [--calls 5000]
 */
import { createHmac, randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import type Koa from 'koa'
import { authenticator, cache, database } from '../../core/index.ts'
import type { Authenticator, Cache, Database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp } from '../../core/testing.ts'
import { apiKeys } from '../../plugins/api-keys/ports.ts'
import { accounts } from '../../plugins/auth/ports.ts'

const { values } = parseArgs({ options: { redis: { type: 'string' }, rounds: { type: 'string', default: '15' }, calls: { type: 'string', default: '5000' } } })
const [rounds, calls] = [Number(values.rounds), Number(values.calls)]

/** Microseconds of CPU that one call takes: the median of the rounds. */
const cost = async (work: () => unknown): Promise<number> => {
  const seen: number[] = []
  for (let round = -3; round < rounds; round += 1) {
    const before = process.cpuUsage()
    for (let call = 0; call < calls; call += 1) await work()
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) seen.push((user + system) / calls)
  }
  return seen.sort((a, b) => a - b)[rounds >> 1] ?? NaN
}
/** As far as authentication looks at it. */
const asking = (token: string): Koa.Context =>
  ({ req: { headersDistinct: { authorization: [`Bearer ${token}`] } }, state: { clientAddress: '127.0.0.1' } }) as unknown as Koa.Context

interface Place { readonly app: TestApp; readonly token: string; readonly bound: string; readonly authenticate: (ctx: Koa.Context) => Promise<unknown> }
const open = async (chosen: Readonly<Record<string, Record<string, unknown>>>): Promise<Place> => {
  const app = await testApp({ only: ['web'], config: { plugins: { bootstrap: null }, adapters: { cache: chosen } } })
  const made = await app.resolve(accounts).setup({ email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' })
  if (!made) throw new Error('the database was not empty')
  const key = async (limits: object) => (await app.resolve(apiKeys).create({ type: 'dataset', workspaceId: made.workspaceId, datasetId: null, createdBy: made.accountId, ...limits })).token
  const { all } = app.kernel.container.deps({ all: authenticator }) as unknown as { all: ReadonlyMap<string, Authenticator> }
  const it = [...all.values()].find(({ serves }) => serves.includes('dataset'))
  if (!it) throw new Error('nobody takes API keys')
  return {
    app, token: await key({}), bound: await key({ allowedIps: ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8'] }),
    authenticate: (ctx) => it.authenticate(ctx, 'dataset').catch((error: unknown) => error),
  }
}

/** How often `work` asks the cache, and what it asks the database. */
const spied = async (app: TestApp, work: () => Promise<unknown>): Promise<{ cacheCalls: number; statements: string[] }> => {
  const [held, db] = [app.resolve(cache) as { get: Cache['get'] }, app.resolve(database) as { query: Database['query'] }]
  const { get } = held
  const { query } = db
  const statements: string[] = []
  let cacheCalls = 0
  held.get = (key) => { cacheCalls += 1; return get(key) }
  db.query = ((sql: string, given?: readonly unknown[]) => { statements.push(sql); return query(sql, given) })
  try { await work() } finally { Object.assign(held, { get }); Object.assign(db, { query }) }
  return { cacheCalls, statements }
}

const failures: string[] = []
const show = (what: string, micros: number, plain: number, most = Infinity): void => {
  console.log(`${what.padEnd(44)}${micros.toFixed(1).padStart(7)} µs${(micros / plain).toFixed(1).padStart(8)} ×${most === Infinity ? '' : `     target < ${most} µs`}`)
  if (micros >= most) failures.push(`${what} takes ${micros.toFixed(1)} µs`)
}

const { app, token, bound, authenticate } = await open({ memory: {} })
try {
  const plain = await cost(() => createHmac('sha256', 'a key of thirty-two characters..').update(token).digest('hex'))
  console.log(`CPU a call, median of ${rounds} × ${calls}`)
  show('HMAC-SHA-256 of the secret', plain, plain)
  await authenticate(asking(token))
  await authenticate(asking(bound))
  const [known, limited, malformed] = [asking(token), asking(bound), asking(`${token.slice(0, -1)}!`)]
  const mistyped = asking(token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a'))
  // Every so often its record is read again: that belongs to the cost of a cached key.
  show('a cached key, cache memory', await cost(() => authenticate(known)), plain, 50)
  show('… with allowed addresses', await cost(() => authenticate(limited)), plain)
  show('a malformed key', await cost(() => authenticate(malformed)), plain, 10)
  show('a key with a wrong checksum', await cost(() => authenticate(mistyped)), plain, 10)
  const offline = await spied(app, async () => { await authenticate(malformed); await authenticate(mistyped) })
  console.log(`a malformed key: ${offline.cacheCalls} calls to the cache, ${offline.statements.length} to the database`)
  if (offline.cacheCalls + offline.statements.length > 0) failures.push('a malformed key is asked about')

  const ask = () => app.fetch('/v1/datasets', { token })
  await ask()
  const { statements } = await spied(app, async () => { for (let n = 0; n < 100; n += 1) await (await ask()).text() })
  // When keys were last used is written now and then, whoever asks.
  const ofKeys = statements.filter((sql) => /api_tokens|accounts|workspaces/.test(sql) && !/^\s*UPDATE/.test(sql))
  console.log(`100 requests over HTTP with a cached key: ${ofKeys.length} queries of keys, accounts or workspaces, ${statements.length} in all`)
  if (ofKeys.length > 0) failures.push('a request with a cached key is authenticated by the database')

  if (values.redis !== undefined) {
    const [prefix, client] = [`bench-${randomUUID()}`, new Redis(values.redis)]
    for (const [name, chosen] of [['layered, as held in memory', { layered: { redis: values.redis, prefix } }], ['redis, a round trip', { redis: { url: values.redis, prefix } }]] as const) {
      const other = await open(chosen)
      try {
        await other.authenticate(asking(other.token))
        const ctx = asking(other.token)
        show(`a cached key, cache ${name}`, await cost(() => other.authenticate(ctx)), plain)
      } finally { await other.app.close() }
    }
    for await (const keys of client.scanStream({ match: `${prefix}:*` })) if ((keys as string[]).length > 0) await client.del(keys as string[])
    client.disconnect()
  }
} finally { await app.close() }
if (failures.length > 0) {
  console.error(failures.join('\n'))
  process.exitCode = 1
}
