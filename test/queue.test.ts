/** What the queues promise beyond the laws of their port: outages, orphans, several processes, and the command that looks at jobs. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import Joi from 'joi'
import pg from 'pg'
import { run } from '../core/cli.ts'
import { command, database, definePlugin, job, queue } from '../core/index.ts'
import type { JobCall } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { alone } from './support/alone.ts'
import { root } from './support/processes.ts'
import { scratch } from './support/scratch.ts'
import { redis, redisProgram } from './support/services.ts'
import type { RedisService } from './support/services.ts'

type Call = JobCall<{ name: string }>
const runs: Call[] = []
let handle: (call: Call) => unknown = () => undefined
const payload = Joi.object<{ name: string }>({ name: Joi.string().default('by cron') })
const work = job('acme.work', { payload, retries: 0, handle: async (call) => { runs.push(call); await handle(call) } })
const tick = job('acme.tick', { payload, cron: '* * * * *', handle: (call) => { runs.push(call) } })
const acme = definePlugin({ name: 'acme', kernel: '^1', jobs: [work, tick] })

const of = (name: string): Call[] => runs.filter((call) => call.payload.name === name)
const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 30_000; !await holds();) await (Date.now() < end ? sleep(20) : Promise.reject(new Error(`in vain we waited until ${what}`)))
}
/** Waits for so many runs of the job with this name, and gives the last of them. */
const ran = async (name: string, times = 1): Promise<Call> => {
  await until(`${name} ran ${times} times`, () => of(name).length >= times)
  return of(name)[times - 1] as Call
}
/** Holds each job until it is opened. */
const gate = () => {
  let open = (): void => undefined
  const opened = new Promise<void>((done) => { open = done })
  return { open, opened }
}
const hang = (call: Call): Promise<void> => new Promise((_, fail) => { call.signal.addEventListener('abort', () => { fail(call.signal.reason as Error) }) })

const start = async (t: ExecutionContext, adapters: object, options: TestAppOptions = {}): Promise<TestApp> => {
  const app = await testApp({ plugins: [acme], ...options, config: { ...alone, adapters: { ...alone.adapters, ...adapters } } })
  t.teardown(() => app.close())
  return app
}
/** For several servers: a database that is no server's own. */
const sharedDatabase = async (t: ExecutionContext, url: string): Promise<object> => {
  const [name, own] = [`mortise_test_${randomUUID().replaceAll('-', '')}`, new URL(url)]
  const asAdmin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try { await client.query(sql) } finally { await client.end() }
  }
  await asAdmin(`CREATE DATABASE ${name}`)
  t.teardown(() => asAdmin(`DROP DATABASE ${name} WITH (FORCE)`))
  own.pathname = `/${name}`
  return { postgres: { url: own.href } }
}

test.serial('jobs: cron, orphans, a lost lease, and a drain that does not wait for ever', async (t) => {
  const app = await start(t, { queue: { embedded: { lease: 1_000 } } }, { only: ['worker', 'scheduler', 'web'] })
  const [db, jobs] = [app.resolve(database), app.resolve(queue)]
  await ran('by cron')

  // As if another process had begun it an hour ago and died.
  await jobs.enqueue(work, { name: 'orphan' }, { delay: 3_600_000 })
  await db.query(`UPDATE pgboss.job SET state = 'active', started_on = now() - interval '1 hour' WHERE name = 'acme.work'`)
  t.is((await ran('orphan')).attempt, 2)

  handle = (call) => call.attempt === 1 ? hang(call) : undefined
  await jobs.enqueue(work, { name: 'lost' })
  const { signal: lost } = await ran('lost')
  await sleep(1_500)
  t.false(lost.aborted, 'its lease was renewed')
  await db.query(`UPDATE pgboss.job SET state = 'retry' WHERE name = 'acme.work'`)
  t.is((await ran('lost', 2)).attempt, 2)
  t.regex(String(lost.reason), /lease/)
  await app.runJobs()

  // As if it had been stopped, its job had been given away, and it woke up again: whatever it does then comes to nothing.
  const { open, opened } = gate()
  const said: string[] = []
  handle = async (call) => {
    if (call.attempt > 1) return hang(call)
    await opened
    await call.progress('late')
    await call.once(async () => { await db.query('CREATE TABLE platform_late (id int)') }).catch((error: unknown) => { said.push(String(error)); throw error })
  }
  const id = await jobs.enqueue(work, { name: 'sleeper' })
  await ran('sleeper')
  await db.query(`UPDATE pgboss.job SET output = '{"claim": "another"}', started_on = now() WHERE id = $1`, [id])
  open()
  await until('the sleeper has tried', () => said.length > 0)
  await sleep(50)
  t.regex(said.join(), /LeaseLost/)
  t.like((await jobs.find({ id }))[0], { state: 'active', attempts: 1, progress: undefined, error: undefined })
  t.deepEqual(await db.query(`SELECT to_regclass('platform_late') AS late`), [{ late: null }])

  const { signal: drained } = await ran('sleeper', 2)
  const started = Date.now()
  await jobs.drain(100)
  t.true(Date.now() - started < 5_000)
  t.regex(String(drained.reason), /stopping/)
  t.like((await jobs.find({ id }))[0], { state: 'waiting', attempts: 1 }, 'it starts anew as if this run had not been')
  await t.throwsAsync(jobs.enqueue(job('nobody.knows', { payload, handle: () => undefined }), { name: 'x' }), { message: /would never run/ })
})

test.serial('mortise jobs: what failed for good is listed, shown, tried again and removed', async (t) => {
  const place = await scratch()
  t.teardown(() => place.dispose())
  const app = await start(t, { database: { embedded: {} } }, { dataDir: place.folder })
  const mortise = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', '']
    const code = await run(['jobs', ...argv], {
      root, env: { MORTISE_PROFILE: 'test', DATA_DIR: place.folder }, out: (text) => { out += text }, err: (text) => { err += text } })
    return { code, out, err }
  }
  /** Without a process of its own, which would have to open the folder each time. */
  const ask = async (words: string[], flags: Record<string, string> = {}): Promise<string> =>
    (await app.kernel.container.deps({ all: command }).all.get('jobs')?.run(words, flags) ?? []).join('\n')
  handle = () => { throw new Error('no \u001b[31msuch thing\nsecond line') }
  const jobs = app.resolve(queue)
  const ids = [await jobs.enqueue(work, { name: 'x' }), await jobs.enqueue(work, { name: 'y' }), await jobs.enqueue(work, { name: 'z' })] as const
  const later = await jobs.enqueue(tick, { name: 'later' }, { delay: 3_600_000 })
  await until('all failed', async () => (await jobs.counts()).failed === 3)
  await jobs.drain(0)

  const listed = await ask([])
  t.regex(listed, /^1 waiting, 0 active, 3 failed\n\nID +NAME +ATTEMPTS +CREATED +ERROR\n/)
  // Nothing that a terminal would obey.
  for (const id of ids) t.regex(listed, new RegExp(`^${id} +acme\\.work +1 +20\\S+Z +no .\\[31msuch thing$`, 'm'))
  t.false(/second line/.test(listed) || listed.includes('\u001b'))
  t.regex(await ask([], { state: 'waiting' }), new RegExp(`^${later} +acme\\.tick +0`, 'm'))
  t.notRegex(await ask([], { name: 'acme.tick' }), /acme\.work/)
  t.is((await ask([], { limit: '2' })).match(/acme\.work/g)?.length, 2)
  t.regex(await ask(['show', ids[0]]), /^state +failed$[^]*second line[^]*\{ name: 'x' \}/m)
  t.is(await ask(['retry', ids[0]]), `${ids[0]} will run again`)
  t.is(await ask(['discard', ids[1]]), `${ids[1]} is removed`)
  for (const [words, flags, exitCode, message] of [
    [['retry', ids[0]], {}, 1, /has not failed for good: it is waiting/], [['discard', ids[1]], {}, 1, /there is no such job/], [['show', 'x'], {}, 1, /no such job/],
    [[], { state: 'lost' }, 2, /one of waiting, active, failed/], [[], { limit: 'x' }, 2, /a number/], [['mend'], {}, 2, /show, retry or discard/], [['retry'], {}, 2, /id.*or all/],
  ] as const) t.like(await t.throwsAsync(ask([...words], flags), { name: 'StartupError', message }), { exitCode })

  // The folder has one user at a time; with a process of its own the command says so, or sees the same.
  const busy = await mortise()
  t.is(busy.code, 1)
  t.regex(busy.err, /in use/)
  await app.close()
  t.like(await mortise('retry', 'all'), { code: 0, out: `${ids[2]} acme.work will run again\n`, err: '' })
  t.like(await mortise('discard', 'all', '--name', 'acme.work'), { code: 0, out: 'no job has failed for good\n', err: '' })
})

const shared = process.env['TEST_DATABASE_URL']
if (shared !== undefined) {
  test.serial('several processes: two schedulers enqueue each tick once, and what one puts back the other runs', async (t) => {
    const adapters = { database: await sharedDatabase(t, shared) }
    handle = hang
    const [ticks, minutes] = [of('by cron').length, () => Math.floor(Date.now() / 60_000)]
    const first = minutes()
    const [a, b] = [
      await start(t, adapters, { only: ['worker', 'scheduler'] }),
      await start(t, adapters, { only: ['scheduler'] }),
    ]
    await a.resolve(queue).enqueue(work, { name: 'moved' })
    await ran('moved')
    await ran('by cron', ticks + 1)
    await sleep(6_000)
    t.true(of('by cron').length - ticks <= minutes() - first + 1, 'one a minute')
    const c = await start(t, adapters, { only: ['worker'] })
    await a.resolve(queue).drain(10)
    t.is((await ran('moved', 2)).attempt, 1)
    handle = () => undefined
    await c.close()
    await b.resolve(queue).schedule([])
  })
}

/** Redis as one likes it, and a queue on it. */
const onRedis = async (t: ExecutionContext) => {
  const place = await scratch()
  t.teardown(() => place.dispose())
  const server = await redis(place)
  handle = () => undefined
  return { server, queue: { bull: { redis: server.url, poll: 500, lease: 2_000 } } }
}
const once = (t: ExecutionContext, names: readonly string[]): void => { for (const name of names) t.is(of(name).length, 1, `${name} ran once`) }
const named = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name} ${index}`)
const enqueueAll = async (app: TestApp, names: readonly string[]): Promise<void> => {
  for (const name of names) await app.resolve(queue).enqueue(work, { name })
}
const tickets = async (server: RedisService): Promise<number> => {
  const client = new Redis(server.url)
  try { return await client.llen('mortise:acme.work:wait') + await client.zcard('mortise:acme.work:delayed') } finally { client.disconnect() }
}
const checks = async (app: TestApp): Promise<string> => JSON.stringify(await (await app.fetch('/readyz')).json())

if (redisProgram() !== undefined) {
  test.serial('bull: Redis that is not there yet, goes away and comes back empty or old loses no job and doubles none', async (t) => {
    const { server, ...adapters } = await onRedis(t)
    const app = await start(t, adapters)
    const jobs = app.resolve(queue)
    t.regex(await checks(app), /degraded.*"queue":"Redis at 127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/)
    const early = named('early', 3)
    await enqueueAll(app, early)
    await server.start()
    await Promise.all(early.map((name) => ran(name)))
    await until('readiness tells that Redis is back', async () => /"queue":"ok"/.test(await checks(app)))

    // Killed while a job runs and others wait, some of them with a ticket and some without.
    const first = gate()
    handle = () => first.opened
    await enqueueAll(app, ['holder'])
    await ran('holder')
    const waiting = [named('before', 5), named('during', 5)] as const
    await enqueueAll(app, waiting[0])
    await until('there are tickets', async () => await tickets(server) === 5)
    await server.kill()
    await until('readiness tells that Redis is away', async () => /"queue":"Redis/.test(await checks(app)))
    await app.resolve(database).transaction(() => enqueueAll(app, waiting[1]))
    first.open()
    await server.start()
    await Promise.all([...waiting[0], ...waiting[1]].map((name) => ran(name)))

    // Emptied, with jobs that wait, one that is delayed and one that is tried again.
    const second = gate()
    handle = (call) => call.payload.name === 'holder 2' ? second.opened : undefined
    await enqueueAll(app, ['holder 2'])
    await ran('holder 2')
    const flushed = named('flushed', 150)
    await enqueueAll(app, flushed)
    await jobs.enqueue(work, { name: 'delayed' }, { delay: 1_000 })
    await until('there are tickets', async () => await tickets(server) === 151)
    await server.snapshot()
    await server.flush()
    second.open()
    await Promise.all([...flushed, 'delayed'].map((name) => ran(name)))

    // Back comes a snapshot with tickets of jobs that are done.
    await server.restore()
    await enqueueAll(app, ['after'])
    await ran('after')
    await until('the old tickets are gone', async () => await tickets(server) === 0)
    once(t, [...early, 'holder', ...waiting[0], ...waiting[1], 'holder 2', ...flushed, 'delayed', 'after'])
    t.deepEqual(await jobs.counts(), { waiting: 0, active: 0, failed: 0 })
  })

  test.serial('bull: a ticket of which Redis remembers only a part is made again', async (t) => {
    const { server, ...adapters } = await onRedis(t)
    await server.start()
    const app = await start(t, adapters)
    const { open, opened } = gate()
    handle = (call) => call.payload.name === 'holder of a part' ? opened : undefined
    await enqueueAll(app, ['holder of a part'])
    await ran('holder of a part')
    await enqueueAll(app, ['a part'])
    await until('there is a ticket', async () => await tickets(server) === 1)
    // As Bull leaves it, where Redis came back without a ticket that was being served: it writes down its end.
    const client = new Redis(server.url)
    t.teardown(() => { client.disconnect() })
    const [id = ''] = await client.lrange('mortise:acme.work:wait', 0, -1)
    await client.multi().del(`mortise:acme.work:${id}`).hset(`mortise:acme.work:${id}`, 'processedOn', 1).del('mortise:acme.work:wait', 'mortise:acme.work:priority').exec()
    open()
    await ran('a part')
    await app.runJobs()
    once(t, ['a part'])
  })

  test.serial('bull: clocks that are hours off hurry and delay nothing', async (t) => {
    const { server, ...adapters } = await onRedis(t)
    await server.start()
    const app = await start(t, adapters)
    const now = Date.now
    t.teardown(() => { Date.now = now })
    for (const hours of [-3, 3]) {
      const [name, begun] = [`${hours} hours`, performance.now()]
      Date.now = () => now() + hours * 3_600_000
      await app.resolve(queue).enqueue(work, { name }, { delay: 800 })
      await sleep(100)
      Date.now = now
      await ran(name)
      const waited = performance.now() - begun
      t.true(waited >= 800 && waited < 2_500, `${name}: ${waited} ms`)
    }
    await app.runJobs()
    t.is(runs.filter(({ payload: { name } }) => name.endsWith(' hours')).length, 2)
  })

  test.serial('a change of the queue leaves no job behind, in either direction', async (t) => {
    const { server, ...bull } = await onRedis(t)
    await server.start()
    const place = await scratch()
    t.teardown(() => place.dispose())
    const folder = { dataDir: place.folder }
    const on = (chosen: object, only: TestAppOptions['only']) => start(t, { database: { embedded: {} }, ...chosen }, { ...folder, ...only ? { only } : {} })
    const left = [named('to bull', 3), named('to embedded', 3)] as const
    const first = await on({ queue: { embedded: {} } }, ['web'])
    await enqueueAll(first, left[0])
    await first.close()
    const second = await on(bull, undefined)
    await Promise.all(left[0].map((name) => ran(name)))
    await second.resolve(queue).drain(100)
    await enqueueAll(second, left[1])
    await second.close()
    const third = await on({ queue: { embedded: {} } }, undefined)
    await Promise.all(left[1].map((name) => ran(name)))
    await third.runJobs()
    once(t, [...left[0], ...left[1]])
  })

  if (shared !== undefined) {
    test.serial('bull, several processes: groups take turns, and what one puts back the other runs soon', async (t) => {
      const { server, queue: bull } = await onRedis(t)
      await server.start()
      const adapters = { database: await sharedDatabase(t, shared), queue: { bull: { ...bull.bull, poll: 60_000 } } }
      const [web, worker] = [await start(t, adapters, { only: ['web'] }), await start(t, adapters, { only: ['worker'] })]
      const { open, opened } = gate()
      handle = (call) => call.payload.name === 'turns' ? opened : undefined
      await enqueueAll(web, ['turns'])
      await ran('turns')
      const before = runs.length
      for (const [from, name] of [[web, 'a1'], [web, 'a2'], [worker, 'a3'], [worker, 'b1'], [web, 'b2'], [web, 'c0']] as const) {
        await from.resolve(queue).enqueue(work, { name }, { group: name.charAt(0), priority: name === 'c0' ? 5 : 0 })
        await sleep(50)
      }
      open()
      await ran('a3')
      t.deepEqual(runs.slice(before).map((call) => call.payload.name), ['c0', 'a1', 'b1', 'a2', 'b2', 'a3'])

      handle = (call) => call.payload.name === 'handed on' && of('handed on').length === 1 ? hang(call) : undefined
      await enqueueAll(web, ['handed on', ...named('behind', 3)])
      await ran('handed on')
      const other = await start(t, { ...adapters, queue: { bull: { ...bull.bull, poll: 60_000 } } }, { only: ['worker'] })
      const draining = performance.now()
      await worker.resolve(queue).drain(100)
      const { attempt } = await ran('handed on', 2)
      await Promise.all(named('behind', 3).map((name) => ran(name)))
      t.is(attempt, 1, 'the run that was put back does not count')
      t.true(performance.now() - draining < 5_000, `it took ${performance.now() - draining} ms`)
      await Promise.all([worker.close(), other.close()])
    })
  }
}
