/** How a key is recognised: peppers, keys made elsewhere, one read at a time, and what is believed after the cache forgot. */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { database } from '../core/index.ts'
import type { Cache, Database, Logger, RateLimiter } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { flights } from '../plugins/api-keys/services/flights.ts'
import { lookup } from '../plugins/api-keys/services/lookup.ts'
import { peppers } from '../plugins/api-keys/services/peppers.ts'
import { newToken } from '../plugins/api-keys/services/token.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { memoryCache } from '../plugins/platform/services/memory-cache.ts'

const [active, before, lost] = ['the pepper of today, for these tests', 'the pepper of last year, for these tests', 'a pepper that nobody kept, of these tests']
const under = (pepper: string, token: string): string => createHmac('sha256', pepper).update(token).digest('hex')
const idOf = (pepper: string): string => createHash('sha256').update('pepper id').update(pepper).digest('hex').slice(0, 8)
const WINDOW = 60_000

/** A cache whose calls are listed, and which can be emptied as a Redis is. */
const watched = () => {
  const calls: string[] = []
  let inner = memoryCache({ maxEntries: 1_000, maxBytes: 1_000_000 })
  let run = 0
  const port: Cache = {
    get: (key) => { calls.push('get'); return inner.get(key) },
    set: async (key, value, { generation, ...options }) => {
      calls.push('set')
      const [of, mark] = generation?.split(' ') ?? []
      // A mark from before it was emptied is one that it does not know.
      return (mark === undefined || of === String(run)) && inner.set(key, value, { ...options, ...mark === undefined ? {} : { generation: mark } })
    },
    seal: (key, value, ttl) => { calls.push('seal'); return inner.seal(key, value, ttl) },
    drop: (what) => inner.drop(what),
    generation: async (key, tags) => `${run} ${await inner.generation(key, tags)}`,
  }
  const empty = (): void => {
    inner = memoryCache({ maxEntries: 1_000, maxBytes: 1_000_000 })
    run += 1
  }
  return { port, calls, empty }
}
const { port, calls, empty } = watched()
const lines: { fields: object | string; message: string | undefined }[] = []
const write = (fields: object | string, message?: string): void => { lines.push({ fields, message }) }
const log: Logger = { debug: () => undefined, info: () => undefined, warn: write, error: write, child: () => log }
const taken = new Map<string, number>()
const limiter: RateLimiter = {
  take: async (key, limit) => {
    taken.set(key, (taken.get(key) ?? 0) + 1)
    return (taken.get(key) ?? 0) > limit ? WINDOW : 0
  },
}

const owner = { email: 'ada@example.org', name: 'Ada', password: 'correct horse 42' }
const make = async () => {
  const app = await testApp({
    config: {
      server: { keyPepper: active, keyPeppersBefore: [before] },
      plugins: { bootstrap: null, 'api-keys': { limit: 100, legacyPrefixes: ['dataset-'], legacyMisses: 5 } },
    },
    fakes: { cache: port, logger: log, rateLimiter: limiter },
  })
  const { workspaceId, accountId } = await app.resolve(accounts).setup(owner) ?? { workspaceId: '', accountId: '' }
  const db = app.resolve(database)
  const key = () => app.resolve(apiKeys).create({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId })
  /** A key as it lies there that was made under this pepper. */
  const lay = async (token: string, pepper: string): Promise<string> => {
    const id = randomUUID()
    await db.query(
      `INSERT INTO api_tokens (id, workspace_id, type, prefix, last4, token_hash, pepper_id, created_by, created_at) VALUES ($1, $2, 'dataset', 'datas', 'xxxx', $3, $4, $5, now())`,
      [id, workspaceId, under(pepper, token), idOf(pepper), accountId])
    return id
  }
  const ask = (token: string) => app.fetch('/v1/whoami', { token })
  const status = async (token: string): Promise<number> => (await ask(token)).status
  return { app, db, workspaceId, key, lay, ask, status }
}
let world: Awaited<ReturnType<typeof make>>
test.before(async () => { world = await make() })
test.after.always(() => world.app.close())

/** The statements of `work` about keys, accounts and workspaces, and how many of them look for a secret. */
const watch = async <T>(work: () => Promise<T>): Promise<{ result: T; reads: number; statements: readonly string[] }> => {
  const seen: string[] = []
  const held = world.db as { query: Database['query'] }
  const { query } = held
  held.query = ((sql: string, values?: readonly unknown[]) => { if (/api_tokens|accounts|workspaces/.test(sql)) seen.push(sql); return query(sql, values) })
  try {
    const result = await work()
    return { result, reads: seen.filter((sql) => /previous_hash = \$1/.test(sql) && !/SKIP LOCKED/.test(sql)).length, statements: seen }
  } finally { held.query = query }
}

test('a flight answers those who were there before it began; one at a time; a failure reaches those who share it; nothing is left', async (t) => {
  const step = fc.oneof({ weight: 3, arbitrary: fc.record({ ask: fc.nat(2) }) }, { weight: 2, arbitrary: fc.record({ end: fc.nat(2), fails: fc.boolean() }) })
  const holds = async (make: () => ReturnType<typeof flights<number>>, steps: readonly ({ ask: number } | { end: number; fails: boolean })[]): Promise<void> => {
    const it = make()
    let clock = 0
    const running = new Map<string, { began: number; end(fails: boolean): void }>()
    const outcomes: Promise<void>[] = []
    const failed = new Map<number, boolean>()
    const settle = () => new Promise((done) => { setImmediate(done) })
    for (const step of steps) {
      if ('ask' in step) {
        const [key, asked] = [String(step.ask), clock += 1]
        const answer = it.ask(key, () => new Promise((done, fail) => {
          if (running.has(key)) fail(new Error('two at once'))
          const began = clock += 1
          running.set(key, { began, end: (fails) => { running.delete(key); failed.set(began, fails); if (fails) fail(new Error(String(began))); else done(began) } })
        }))
        outcomes.push(answer.then((began) => [began, false] as const, (error: unknown) => [Number((error as Error).message), true] as const).then(([began, fails]) => {
          if (!(began > asked)) throw new Error(`asked at ${asked}, answered by what began at ${began}`)
          if (failed.get(began) !== fails) throw new Error('the failure of another flight')
        }))
      } else running.get(String(step.end))?.end(step.fails)
      await settle()
    }
    while (running.size > 0) {
      for (const { end } of running.values()) end(false)
      await settle()
    }
    await Promise.all(outcomes)
    if (it.size !== 0) throw new Error('something is left over')
  }
  const property = (make: () => ReturnType<typeof flights<number>>) => fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) => holds(make, steps)), { numRuns: 200 })
  await t.notThrowsAsync(property(flights))
  // The usual way, and one that shares nothing.
  await t.throwsAsync(property(() => {
    const all = new Map<string, Promise<number>>()
    return {
      get size() { return all.size },
      ask: (key, read) => {
        const answer = all.get(key) ?? read(false).finally(() => all.delete(key))
        all.set(key, answer)
        return answer
      },
    }
  }), { message: /Property failed/ })
  await t.throwsAsync(property(() => ({ size: 0, ask: (_key, read) => read(false) })), { message: /Property failed/ })
})

test.serial('a request with a cached key issues no query for authentication, and a stampede on a cold one reads it once', async (t) => {
  const { app, key, status } = world
  const [warm, cold] = [await key(), await key()]
  t.is(await status(warm.token), 200)
  const recognise = app.resolve(lookup)
  calls.length = 0
  const { statements } = await watch(() => recognise.find(warm.token))
  t.deepEqual([statements, [...calls]], [[], ['get']], 'neither of keys nor of accounts')
  const { statements: ofRequest } = await watch(() => status(warm.token))
  t.deepEqual(ofRequest.filter((sql) => /token_hash|previous_hash/.test(sql)), [])
  const { result, reads } = await watch(() => Promise.all(Array.from({ length: 50 }, () => status(cold.token))))
  t.deepEqual([new Set(result), reads], [new Set([200]), 1])
  const { reads: none } = await watch(() => Promise.all(Array.from({ length: 20 }, () => status(newToken('dataset', false)))))
  t.is(none, 20 * 2, 'each unknown one once under each pepper')
})

test.serial('a malformed key reaches neither cache nor database', async (t) => {
  const token = newToken('dataset', false)
  calls.length = 0
  const { statements } = await watch(async () => {
    for (const wrong of ['x', 'app-', `ds-${'x'.repeat(30)}`, `dataset-${'x'.repeat(15)}`, `dataset-${'x'.repeat(129)}`, `dataset-${'x'.repeat(20)}.`, `${token} `, `dataset-${'é'.repeat(20)}`]) {
      t.is((await world.app.fetch('/v1/whoami', { headers: { authorization: `Bearer ${encodeURI(wrong)}` } })).status, 401, wrong)
    }
  })
  t.deepEqual([statements, calls, taken.size], [[], [], 0])
})

test.serial('keys of an earlier pepper go on, new ones are made under the active one, and a start says which lie under none', async (t) => {
  const { app, db, workspaceId, key, lay, status } = world
  const [old, gone] = [newToken('dataset', false), newToken('dataset', false)]
  t.is(await status(old), 401)
  const id = await lay(old, before)
  await lay(gone, lost)
  empty()
  t.deepEqual([await status(old), await status(gone)], [200, 401])
  const { reads } = await watch(() => status(old))
  t.is(reads, 0, 'it is remembered under the pepper of its row, whatever is remembered under the active one')
  const { id: made, token } = await key()
  const [row] = await db.query<{ token_hash: string; pepper_id: string }>('SELECT token_hash, pepper_id FROM api_tokens WHERE id = $1', [made])
  t.deepEqual(row, { token_hash: under(active, token), pepper_id: idOf(active) })
  calls.length = 0
  await status(token)
  calls.length = 0
  t.is(await status(token), 200)
  t.deepEqual(calls, ['get'], 'one read of the cache under the active pepper')
  lines.length = 0
  await app.resolve(peppers).check()
  const [line] = lines
  t.deepEqual([lines.length, line?.fields], [1, { keys: 1, pepperIds: [idOf(lost)] }])
  t.regex(line?.message ?? '', /^1 API keys .*KEY_PEPPERS_BEFORE/)
  await app.resolve(apiKeys).remove(workspaceId, id)
  t.is(await status(old), 401, 'from the moment of the answer')
  await db.query('DELETE FROM api_tokens WHERE pepper_id = $1', [idOf(lost)])
})

test.serial('a key from elsewhere is taken under a legacy prefix, kept hashed, and who guesses such keys waits', async (t) => {
  const { app, db, workspaceId, lay, ask, status, key } = world
  const [known, other] = ['dataset-k2hDeS9fWc_QpZ7T', 'ds-k2hDeS9fWcQpZ7Tk2hDeS9f']
  const id = await lay(known, active)
  t.is(await status(known), 200)
  t.false(JSON.stringify(await db.query('SELECT t.*::text FROM api_tokens t')).includes(known))
  t.is(await status(other), 401, 'its prefix was not declared')
  taken.clear()
  const guess = (n: number): string => `dataset-guess${String(n).padStart(20, '0')}`
  for (let n = 0; n < 5; n += 1) t.is(await status(guess(n)), 401)
  for (let n = 0; n < 20; n += 1) t.is(await status(known), 200, 'a known key counts for nothing')
  t.is(await status(guess(6)), 429)
  calls.length = 0
  const { statements, result } = await watch(() => ask(guess(7)))
  t.is(result.status, 429)
  t.is(((await result.json()) as { code: string }).code, 'too_many_requests')
  t.true(Number(result.headers.get('retry-after')) > 50)
  t.deepEqual([statements, calls], [[], []])
  t.is(await status((await key()).token), 200, 'a key of our own is not hindered')
  t.is(await status(known), 429, 'it comes from such an address')
  t.is(taken.size, 1)
  await app.resolve(apiKeys).remove(workspaceId, id)
})

test.serial('what is read while a key is being changed is not remembered, though the cache has lost the seal', async (t) => {
  const { app, db, workspaceId, key, status } = world
  if (db.exclusive) {
    t.pass('nobody else can read meanwhile')
    return
  }
  for (const lose of [true, false]) {
    const { id, token } = await key()
    t.is(await status(token), 200)
    let meanwhile: number | undefined
    await db.transaction(async () => {
      await app.resolve(apiKeys).remove(workspaceId, id)
      // It was started again, or turned back.
      if (lose) empty()
      // Another request, outside of this transaction.
      meanwhile = await new Promise<number>((done) => { void fetch(`${app.url}/v1/whoami`, { headers: { authorization: `Bearer ${token}` } }).then(({ status: code }) => { done(code) }) })
    })
    t.is(meanwhile, 200, 'it is not committed yet')
    t.is(await status(token), 401, lose ? 'nothing of it was remembered' : 'its seal stands')
  }
})

