/**
 * Several processes of one deployment: the main job on PostgreSQL alone and on PostgreSQL with Redis, a rolling restart under load, and a
 * few schedules of faults (`npm run test:faults` does hundreds).
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Redis } from 'ioredis'
import pg from 'pg'
import { build } from './faults/build.ts'
import type { Build } from './faults/build.ts'
import { check } from './faults/checker.ts'
import { createFleet } from './faults/fleet.ts'
import type { Fleet, FleetOptions, Member } from './faults/fleet.ts'
import { createHistory } from './faults/history.ts'
import { operate, quiesce } from './faults/load.ts'
import type { Operation } from './faults/plugin.ts'
import { tables } from './faults/trial.ts'
import { trials } from './faults/trials.ts'
import { balancer } from './support/balancer.ts'
import { client } from './support/client.ts'
import { bootstrapKey, inTurn, mainJob } from './support/main-job.ts'
import { scratch } from './support/scratch.ts'
import { postgresPrograms, redisProgram } from './support/services.ts'

const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl } = process.env

interface Place extends Fleet { readonly database: string; readonly redis: string; readonly folder: string; close(): Promise<void> }
/** A fleet on a database of its own, with what it keeps in Redis under a name of its own. */
const fleetOn = async (built: Build, { size, withRedis, config = {} }: Pick<FleetOptions, 'size'> & { withRedis: boolean; config?: object }): Promise<Place> => {
  const name = `mortise_fleet_${process.pid}_${Date.now()}`
  const asAdmin = async (sql: string): Promise<void> => {
    const admin = new pg.Client({ connectionString: databaseUrl })
    await admin.connect()
    try { await admin.query(sql) } finally { await admin.end() }
  }
  await asAdmin(`CREATE DATABASE ${name}`)
  const place = await scratch()
  const database = Object.assign(new URL(databaseUrl as string), { pathname: `/${name}` }).href
  const redis = redisUrl ?? ''
  const prefixed = { cache: { layered: { prefix: name } }, queue: { bull: { prefix: name, poll: 500 } }, signal: { redis: { prefix: name } } }
  const fleet = await createFleet({
    scratch: place, program: built.program, size, env: { DATABASE_URL: database, ...withRedis ? { REDIS_URL: redis } : {} },
    config: { ...withRedis ? { adapters: prefixed } : {}, ...config },
  })
  const close = async (): Promise<void> => {
    await fleet.stop()
    await place.dispose()
    await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    if (withRedis) await forget(redis, name)
  }
  try { await fleet.start() } catch (error) {
    await close()
    throw error
  }
  return { ...fleet, database, redis, folder: place.folder, close }
}
const forget = async (url: string, prefix: string): Promise<void> => {
  const redis = new Redis(url)
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) if (keys.length > 0) await redis.del(keys)
  redis.disconnect()
}
const keyOf = async ({ folder }: Place): Promise<string> => bootstrapKey(await readFile(join(folder, 'data/bootstrap.txt'), 'utf8'))

if (databaseUrl !== undefined && redisUrl !== undefined) {
  let built: Build
  test.before(async () => { built = await build() })
  test.after.always(() => built.dispose())

  test.serial('from document to answer on PostgreSQL alone, by DATABASE_URL alone', async (t) => {
    const fleet = await fleetOn(built, { size: { all: 1 }, withRedis: false })
    t.teardown(fleet.close)
    await mainJob(t, client((fleet.of('all')[0] as Member).url, await keyOf(fleet)))
  })

  test.serial('from document to answer on PostgreSQL and Redis, with two web, two worker processes and a scheduler', async (t) => {
    const fleet = await fleetOn(built, { size: { web: 2, worker: 2, scheduler: 1 }, withRedis: true })
    t.teardown(fleet.close)
    const key = await keyOf(fleet)
    await mainJob(t, inTurn(fleet.of('web').map(({ url }) => client(url, key))))
  })

  test.serial('a rolling restart under load: no request fails, no job is lost', async (t) => {
    const fleet = await fleetOn(built, {
      size: { web: 2, worker: 2 }, withRedis: true, config: { plugins: { [built.file('plugin')]: {} }, server: { noticeMs: 1_000, drainMs: 5_000 } },
    })
    t.teardown(fleet.close)
    const front = await balancer()
    t.teardown(front.close)
    for (const { url } of fleet.of('web')) front.add(url)
    for (const { url } of fleet.of('web')) await front.until(url, true)
    const api = client(front.url, await keyOf(fleet))
    const { body: dataset } = await api.send('POST', '/v1/datasets', { name: 'Read all the time', indexing_technique: 'economy' })

    const history = createHistory<Operation>()
    const answers: Record<string, number> = {}
    let rolling = true
    const reader = async (): Promise<void> => {
      while (rolling) {
        const status = await api.send('GET', `/v1/datasets/${dataset.id as string}`).then((answer) => String(answer.status), String)
        answers[status] = (answers[status] ?? 0) + 1
        await sleep(5)
      }
    }
    const writer = async (number: number): Promise<void> => {
      for (let count = 1; rolling; count++) {
        await operate({ op: `${number}.${count}`, takes: count % 10 === 0 ? 500 : 0 }, front.url, history)
        await sleep(20)
      }
    }
    const load = [reader(), reader(), writer(1), writer(2)]
    for (const old of [...fleet.members]) {
      const next = await fleet.add(old.role)
      next.start()
      await next.started()
      if (old.role === 'web') {
        front.add(next.url)
        await front.until(next.url, true)
      }
      t.is(await old.stop(), 0, old.output())
      front.remove(old.url)
    }
    await sleep(500)
    rolling = false
    await Promise.all(load)
    const { failed, problem } = await quiesce(front.url)
    t.is(problem, undefined)
    t.deepEqual(Object.keys(answers), ['200'])
    const asked = history.events.filter((event) => event.type === 'answered')
    t.deepEqual(asked.filter(({ outcome }) => outcome !== 'ok'), [])
    t.true(asked.length > 200 && (answers['200'] ?? 0) > 500, `${asked.length} writes, ${answers['200'] ?? 0} reads`)
    t.log(`${asked.length} writes, ${answers['200'] ?? 0} reads, 0 failed`)
    t.deepEqual(check({ events: history.events, failed, ...await tables(fleet.database) }), [])
  })

  // These want services that can be killed.
  if (postgresPrograms() !== undefined && redisProgram() !== undefined) {
    test.serial('under faults no job is lost and no effect is doubled, on Bull', async (t) => {
      const { summary, violations } = await trials({ queue: 'bull', seeds: [1, 2, 7, 9] })
      t.deepEqual(violations, [])
      t.true(summary.schedules === 4 && (summary.operations['ok'] ?? 0) > 100 && summary.effects > 100, JSON.stringify(summary))
    })

    test.serial('a queue that is made the simple way is caught, by the same schedules', async (t) => {
      const { summary } = await trials({ queue: 'naive', seeds: [1, 2] })
      for (const law of ['phantom', 'lost', 'doubled']) t.true((summary.violations[law] ?? 0) > 0, `${law}: ${JSON.stringify(summary)}`)
    })
  }
} else {
  test.skip('a fleet needs TEST_DATABASE_URL and TEST_REDIS_URL', (t) => { t.pass() })
}
