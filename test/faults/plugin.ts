/**
 * What the faults are tried on: an operation writes a row and enqueues a job in one transaction, and the job has an effect, once.
 * How the job behaves on its way there comes with the operation.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import Joi from 'joi'
import { database, definePlugin, errors, job, queue, route } from '../../core/index.ts'
import type { EnqueueOptions, JobCall } from '../../core/index.ts'

export interface Operation extends EnqueueOptions {
  readonly op: string
  /** The transaction is rolled back at its end. */
  readonly rollBack?: boolean
  /** Milliseconds between the enqueuing and the end of the transaction. */
  readonly lingers?: number
  /** Milliseconds that a run takes before the effect. */
  readonly takes?: number
  /** Goes on to its end also where its signal aborts. */
  readonly deaf?: boolean
  /** So many runs throw before one has its effect. */
  readonly fails?: number
  /** Throws after the effect. */
  readonly stumbles?: boolean
  /** Never has an effect, and fails for good. */
  readonly doomed?: boolean
}
const operation = Joi.object<Operation>({
  op: Joi.string().required(), rollBack: Joi.boolean(), lingers: Joi.number(), takes: Joi.number(), deaf: Joi.boolean(), fails: Joi.number(),
  stumbles: Joi.boolean(), doomed: Joi.boolean(), delay: Joi.number(), priority: Joi.number(), key: Joi.string(), group: Joi.string(),
})

/** Milliseconds pass, or the signal aborts. */
const wait = (ms: number, signal?: AbortSignal): Promise<void> => sleep(ms, undefined, signal ? { signal } : {})

const run = job('faults.run', {
  payload: operation, retries: 8, concurrency: 8, uses: { db: database },
  handle: async (call: JobCall<Operation>, { db }) => {
    const { op, key, takes = 0, deaf = false, fails = 0, stumbles = false } = call.payload
    if (takes > 0) {
      await wait(takes / 2, deaf ? undefined : call.signal)
      await call.progress({ half: op })
      await wait(takes / 2, deaf ? undefined : call.signal)
    }
    if (call.attempt <= fails) throw new Error(`run ${call.attempt} of ${op} fails, as it was told`)
    await call.once(async () => {
      await db.query('UPDATE faults_ops SET covered_by = $1 WHERE covered_by IS NULL AND (id = $2 OR key = $3)', [call.id, op, key ?? null])
      await db.query('INSERT INTO faults_effects VALUES ($1, $2, $3, $4, clock_timestamp())', [op, call.id, call.attempt, process.env['FAULTS_MEMBER'] ?? ''])
    })
    if (stumbles) throw new Error(`${op} throws after its effect, as it was told`)
  },
})
const doom = job('faults.doom', { payload: operation, retries: 0, handle: ({ payload }) => { throw new Error(`${payload.op} fails for good, as it was told`) } })

const open = { surface: 'root', credential: 'none', access: 'public', resource: 'none' } as const
const operate = route({
  ...open, method: 'POST', path: '/faults/ops', summary: 'Does one operation', body: operation, reply: Joi.object<{ op: string }>({ op: Joi.string() }),
  uses: { db: database, jobs: queue },
  handle: async ({ body }, { db, jobs }) => {
    const { op, delay = 0, priority = 0, key, group, lingers = 0 } = body
    await db.transaction(async () => {
      await db.query(`INSERT INTO faults_ops (id, key, due_at) VALUES ($1, $2, now() + $3 * interval '1 ms')`, [op, key ?? null, delay])
      await jobs.enqueue(body.doomed ? doom : run, body, { delay, priority, ...(key === undefined ? {} : { key }), ...(group === undefined ? {} : { group }) })
      if (lingers > 0) await wait(lingers)
      if (body.rollBack) throw errors.conflict('It was told to roll back.')
    })
    return { op }
  },
})

export interface QueueState {
  readonly waiting: number
  readonly active: number
  /** The operations whose jobs failed for good, and why. */
  readonly failed: readonly { readonly op: string; readonly error: string }[]
}
const look = route({
  ...open, method: 'GET', path: '/faults/queue', summary: 'Shows the queue', uses: { jobs: queue },
  reply: Joi.object<QueueState>({ waiting: Joi.number(), active: Joi.number(), failed: Joi.array().items(Joi.object({ op: Joi.string(), error: Joi.string().allow('') })) }),
  handle: async (_, { jobs }) => {
    const { waiting, active } = await jobs.counts()
    const failed = await jobs.find({ state: 'failed', limit: 100_000 })
    return { waiting, active, failed: failed.map(({ payload, error = '' }) => ({ op: (payload as Operation).op, error })) }
  },
})

export default definePlugin({
  name: 'faults', kernel: '^1', routes: [operate, look], jobs: [run, doom], migrations: new URL('./migrations/', import.meta.url),
})
