/** PostgreSQL and Redis that are not there yet, go away and come back; and processes that must not work side by side. */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { eventually } from '../plugins/platform/contracts/index.ts'
import { client } from './support/client.ts'
import { freePort, mortise, serving } from './support/processes.ts'
import type { Running } from './support/processes.ts'
import { scratch } from './support/scratch.ts'
import { postgres, postgresPrograms, redis, redisProgram } from './support/services.ts'
import type { Service } from './support/services.ts'

const SECRET_KEY = 'a secret key that only tests would use'
interface Server extends Running { readonly url: string; readonly dataDir: string }
interface Ready { readonly status: number; readonly state: string; readonly checks: Readonly<Record<string, string>> }

const ready = async ({ url }: Server): Promise<Ready> => {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, ...await answer.json() as Omit<Ready, 'status'> }
}
const until = async (server: Server, what: string, holds: (now: Ready) => boolean): Promise<Ready> => {
  for (let tries = 0; tries < 300; tries++) {
    if (server.child.exitCode !== null) throw new Error(`it ended: ${server.output()}`)
    const now = await ready(server).catch(() => undefined)
    if (now && holds(now)) return now
    await sleep(100)
  }
  throw new Error(`in vain we waited until ${what}: ${JSON.stringify(await ready(server))} ${server.output()}`)
}

/** Services of their own, and what starts servers on them. */
const house = async (t: ExecutionContext, config = '') => {
  const place = await scratch()
  t.teardown(() => place.dispose())
  const file = join(place.folder, 'own.yaml')
  await writeFile(file, config)
  return {
    place,
    start: async (env: Record<string, string>, within: readonly string[] = []): Promise<Server> => {
      const [port, dataDir] = [await freePort(), join(place.folder, randomUUID())]
      const server = mortise(['start'], { SECRET_KEY, PORT: String(port), DATA_DIR: dataDir, MORTISE_CONFIG: file, ...env }, undefined, within)
      place.adopt(server.child)
      return { ...server, url: `http://127.0.0.1:${port}`, dataDir }
    },
  }
}
const running = async (service: Service): Promise<Service> => { await service.start(); return service }
const setUp = async ({ url }: Server): Promise<ReturnType<typeof client>> => {
  const answer = await fetch(`${url}/console/api/setup`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'o@example.org', name: 'O', password: 'correct horse 42' }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return client(url)
}

/** Runs a program with process numbers of its own, where this user may. */
const container = ['unshare', '--pid', '--fork', '--kill-child'] as const
const canHave = (...programs: (string | undefined)[]) => programs.includes(undefined) ? test.skip : test.serial

canHave(postgresPrograms())('PostgreSQL that is not there yet, goes away and comes back: it is said, and the server lives on', async (t) => {
  const { place, start } = await house(t, 'server: {bootstrap: false}')
  const pg = await postgres(place)
  const server = await start({ DATABASE_URL: pg.url })
  const waiting = await until(server, 'it says what it waits for', ({ checks }) => checks['database'] !== undefined)
  t.like(waiting, { status: 503, state: 'starting' })
  t.regex(waiting.checks['database'] ?? '', /^cannot reach PostgreSQL at 127\.0\.0\.1:\d+, .*ECONNREFUSED/)
  // What a process prints arrives a moment after it was printed.
  await eventually(() => server.output().includes('waiting 60 s'), 'it prints what it waits for')
  t.regex(server.output(), /waiting 60 s at most: adapters\.database\.postgres: cannot reach/)
  await pg.start()
  await serving(server.url, server)
  const api = await setUp(server)

  await pg.kill()
  const lost = await until(server, 'it says that the database is away', ({ state }) => state === 'degraded')
  t.regex(lost.checks['database'] ?? '', /does not answer/)
  t.like(await api.send('POST', '/console/api/login', { email: 'o@example.org', password: 'eA==' }), { status: 503, body: { code: 'service_unavailable', status: 503 } })
  await pg.start()
  await serving(server.url, server)
  t.is((await api.send('POST', '/console/api/login', { email: 'o@example.org', password: Buffer.from('correct horse 42').toString('base64') })).status, 200)
  t.notRegex(server.output(), /nobody caught/)
  server.child.kill('SIGTERM')
  t.is(await server.exit, 0)
})

canHave(postgresPrograms())('a second process does not start beside one that has the cache to itself, and is told what to use', async (t) => {
  const { place, start } = await house(t)
  const { url } = await running(await postgres(place))
  const first = await start({ DATABASE_URL: url })
  await serving(first.url, first)
  const second = await start({ DATABASE_URL: url })
  t.is(await second.exit, 1)
  t.regex(second.output(), new RegExp(`adapters\\.cache\\.memory: serves one process only, and process ${first.child.pid ?? ''} on .* works on this database too\\n +.*REDIS_URL`))
  if (spawnSync(container[0], [...container.slice(1), 'true']).status === 0) {
    const contained = await start({ DATABASE_URL: url }, container)
    t.is(await contained.exit, 1, 'a container in which nobody has the number of the first')
    t.regex(contained.output(), /serves one process only/)
  }
  await writeFile(join(place.folder, 'own.yaml'), 'adapters: {cache: {none: }}')
  const modest = await start({ DATABASE_URL: url })
  t.is(await modest.exit, 1, 'nor one that could share, beside one that cannot')
  first.child.kill('SIGKILL')
  await first.exit
  const [third, fourth] = [await start({ DATABASE_URL: url }), await start({ DATABASE_URL: url })]
  await serving(third.url, third)
  await serving(fourth.url, fourth)
  for (const one of [third, fourth]) one.child.kill('SIGTERM')
  t.deepEqual(await Promise.all([third.exit, fourth.exit]), [0, 0])
})

canHave(postgresPrograms())('a process that stood still while another took its place says so', async (t) => {
  const { place, start } = await house(t)
  const { url } = await running(await postgres(place))
  const first = await start({ DATABASE_URL: url })
  await serving(first.url, first)
  first.child.kill('SIGSTOP')
  const second = await start({ DATABASE_URL: url })
  await serving(second.url, second)
  first.child.kill('SIGCONT')
  await until(first, 'it says so', () => /stood still, and another began/.test(first.output()))
  t.regex(first.output(), new RegExp(`serves one process only, and process ${second.child.pid ?? ''} on .*REDIS_URL`))
})

canHave(postgresPrograms(), redisProgram())('Redis that is not there yet, goes away and comes back: keys, jobs and reading go on', async (t) => {
  const { place, start } = await house(t)
  const pg = await running(await postgres(place))
  const cache = await redis(place)
  const server = await start({ DATABASE_URL: pg.url, REDIS_URL: cache.url })
  const without = await until(server, 'it serves without Redis', ({ state }) => state === 'degraded')
  t.is(without.status, 503)
  for (const check of ['cache', 'queue', 'signal']) t.regex(without.checks[check] ?? '', /^Redis at 127\.0\.0\.1:\d+/, check)
  t.is(without.checks['database'], 'ok')
  const key = /dataset-[A-Za-z0-9]+/.exec(await readFile(join(server.dataDir, 'bootstrap.txt'), 'utf8'))?.[0]
  const api = client(server.url, key)
  const { status, body: dataset } = await api.send('POST', '/v1/datasets', { name: 'Made without Redis' })
  t.is(status, 200)
  const document = async (name: string): Promise<string> =>
    (await api.send('POST', `/v1/datasets/${dataset.id as string}/document/create-by-text`, { name, text: `The text of ${name}.`, indexing_technique: 'economy', process_rule: { mode: 'automatic' } })).body.batch as string
  const early = await document('early')
  await cache.start()
  await serving(server.url, server)
  t.like((await api.indexed(dataset.id as string, early))[0], { indexing_status: 'completed' })

  await cache.kill()
  await until(server, 'it says that Redis is away', ({ state }) => state === 'degraded')
  const began = performance.now()
  t.is((await api.send('GET', '/v1/datasets')).status, 200, 'the database decides')
  t.true(performance.now() - began < 3_000, 'nobody waits for Redis')
  const late = await document('late')
  await cache.start()
  await serving(server.url, server)
  t.like((await api.indexed(dataset.id as string, late))[0], { indexing_status: 'completed' })
  t.like((await api.indexed(dataset.id as string, await document('after')))[0], { indexing_status: 'completed' })
  t.notRegex(server.output(), /nobody caught/)
  server.child.kill('SIGTERM')
  t.is(await server.exit, 0)
})
