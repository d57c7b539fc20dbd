/**
 * What a job costs with many others waiting, on both queues side by side: jobs per second, and milliseconds from enqueuing to the start.
 *
 *   node --import=@oxc-node/core/register test/bench/queue.ts --database postgres://… --redis redis://… [--waiting 10000] [--jobs 500]
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import Joi from 'joi'
import { database, definePlugin, job, queue } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp } from '../../core/testing.ts'
import { alone } from '../support/alone.ts'

const { values } = parseArgs({ options: {
  database: { type: 'string' }, redis: { type: 'string' }, waiting: { type: 'string', default: '10000' }, jobs: { type: 'string', default: '500' },
} })
const [waiting, count] = [Number(values.waiting), Number(values.jobs)]

let begun: (at: number) => void = () => undefined
const payload = Joi.object<{ at: number }>({ at: Joi.number().required() })
const handle = ({ payload: { at } }: { payload: { at: number } }): void => { begun(at) }
const work = job('bench.work', { payload, concurrency: 4, retries: 0, handle })
const bench = definePlugin({ name: 'bench', kernel: '^1', jobs: [work] })

interface Result { readonly perSecond: number; readonly p50: number; readonly p95: number }

/** Jobs that wait for an hour do not count as a backlog: these are due, of a hundred groups, and of a lower priority than what is measured. */
const fill = async (app: TestApp): Promise<void> => {
  const [db, jobs] = [app.resolve(database), app.resolve(queue)]
  for (let made = 0; made < waiting; made += 500) {
    await db.transaction(async () => {
      for (let index = made; index < Math.min(made + 500, waiting); index += 1) await jobs.enqueue(work, { at: 0 }, { group: `g${index % 100}`, priority: -1 })
    })
  }
  await db.query('ANALYZE pgboss.job')
}

const measure = async (chosen: Readonly<Record<string, Record<string, unknown>>>): Promise<Result> => {
  const config = { ...alone, adapters: { ...alone.adapters, queue: chosen } }
  const app = await testApp({ config, plugins: [bench], only: ['web'] })
  try {
    await fill(app)
    const { jobs } = app.kernel.container.deps({ jobs: queue })
    const served = { backlog: 0, from: 0 }
    const waits: number[] = []
    // The backlog itself, for a while: jobs per second.
    const enough = Math.min(waiting, count)
    const throughput = new Promise<number>((done) => {
      begun = (at) => {
        if (at > 0) { waits.push(performance.now() - at); return }
        served.backlog += 1
        if (served.backlog === 1) served.from = performance.now()
        if (served.backlog === enough) done((enough - 1) * 1000 / (performance.now() - served.from))
      }
    })
    await jobs.work([{ job: work, run: async ({ payload: given }) => { handle({ payload: given as { at: number } }) } }])
    const perSecond = await throughput
    // One job of a higher priority at a time, while the others are still being worked on.
    for (let index = 0; index < 50; index += 1) {
      const before = waits.length
      await jobs.enqueue(work, { at: performance.now() }, { group: 'urgent', priority: 1 })
      while (waits.length === before) await new Promise((done) => { setTimeout(done, 2) })
    }
    waits.sort((a, b) => a - b)
    return { perSecond, p50: waits[25] ?? 0, p95: waits[47] ?? 0 }
  } finally { await app.close() }
}

if (values.database !== undefined) process.env['TEST_DATABASE_URL'] = values.database
const on = values.database === undefined ? 'the embedded database' : 'PostgreSQL'
console.log(`${waiting} jobs waiting, on ${on}`)
const show = (name: string, { perSecond, p50, p95 }: Result): void => {
  console.log(`${name.padEnd(10)}${perSecond.toFixed(0).padStart(6)} jobs/s   enqueued → begun: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
}
const embedded = await measure({ embedded: {} })
show('embedded', embedded)
if (values.redis !== undefined) {
  const [prefix, client] = [`bench-${randomUUID()}`, new Redis(values.redis)]
  const bull = await measure({ bull: { redis: values.redis, prefix } })
  for await (const keys of client.scanStream({ match: `${prefix}:*` })) if ((keys as string[]).length > 0) await client.del(keys as string[])
  client.disconnect()
  show('bull', bull)
  console.log(`ratio     ${(bull.perSecond / embedded.perSecond).toFixed(1).padStart(6)} in jobs/s     ${(embedded.p50 / bull.p50).toFixed(1)} in time to the start`)
}
