/**
 * Every scoping strategy on every cache, by one table (`support/scope-suite.ts`): in one process, and in three that share PostgreSQL and
 * Redis, where each question goes to another process than the one that made the change. A strategy or a cache is added by one line.
 */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { Redis } from 'ioredis'
import pg from 'pg'
import { testApp } from '../core/testing.ts'
import { build } from './faults/build.ts'
import type { Build } from './faults/build.ts'
import { createFleet } from './faults/fleet.ts'
import desk from './support/plugins/desk.ts'
import keysByTag from './support/plugins/keys-by-tag.ts'
import { scopeSuite, strategies } from './support/scope-suite.ts'
import { scratch } from './support/scratch.ts'

const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redis } = process.env
const prefix = `mortise_scope_${process.pid}_${randomUUID().slice(0, 8)}`

type Choice = Record<string, Record<string, unknown>>
const alone: Record<string, Choice> = { none: { none: {} }, memory: { memory: {} } }
const shared: Record<string, Choice> = redis === undefined ? {} : { redis: { redis: { url: redis, prefix } }, layered: { layered: { redis, prefix } } }
const settings = (strategy: string, cache: Choice) => ({
  plugins: { bootstrap: null, 'api-keys': { limit: 100 } }, adapters: { cache, keyScope: { [strategy]: {} }, datasetLifecycle: { 'api-keys': {}, 'keys-by-tag': {} } },
})
test.after.always(async () => {
  if (redis === undefined) return
  const client = new Redis(redis)
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) if (keys.length > 0) await client.del(keys)
  client.disconnect()
})

for (const strategy of Object.keys(strategies)) {
  // Each pair once: what needs no Redis is tried where there is none.
  for (const [name, cache] of Object.entries(redis === undefined ? alone : shared)) {
    test.serial(`${strategy} × ${name}, in one process`, async (t) => {
      const app = await testApp({ plugins: [keysByTag, desk], only: ['web'], config: settings(strategy, cache) })
      t.teardown(app.close)
      await scopeSuite(t, strategy, [app.url])
    })
  }
}

if (databaseUrl !== undefined && redis !== undefined) {
  let built: Build
  test.before(async () => { built = await build() })
  test.after.always(() => built.dispose())
  const asAdmin = async (sql: string): Promise<void> => {
    const admin = new pg.Client({ connectionString: databaseUrl })
    await admin.connect()
    try { await admin.query(sql) } finally { await admin.end() }
  }
  for (const strategy of Object.keys(strategies)) {
    for (const [name, cache] of Object.entries({ none: alone['none'] as Choice, ...shared })) {
      test.serial(`${strategy} × ${name}, in three processes`, async (t) => {
        const [place, database] = [await scratch(), `mortise_scope_${randomUUID().replaceAll('-', '')}`]
        t.teardown(place.dispose)
        await asAdmin(`CREATE DATABASE ${database}`)
        t.teardown(() => asAdmin(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`))
        const { plugins, adapters } = settings(strategy, cache)
        const fleet = await createFleet({
          scratch: place, program: built.program, size: { web: 3 },
          env: { DATABASE_URL: Object.assign(new URL(databaseUrl), { pathname: `/${database}` }).href },
          config: {
            plugins: { ...plugins, [built.file('../support/plugins/keys-by-tag')]: {}, [built.file('../support/plugins/desk')]: {} },
            adapters: { ...adapters, queue: { embedded: {} }, signal: { memory: {} }, rateLimiter: { redis: { url: redis, prefix } } }, server: { host: '127.0.0.1' },
          },
        })
        t.teardown(fleet.stop)
        await fleet.start()
        await scopeSuite(t, strategy, fleet.of('web').map(({ url }) => url))
      })
    }
  }
}
