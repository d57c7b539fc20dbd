/**
 * Tickets: what Bull carries from one process to another. A ticket says no more than that a job waits; whether it still does is decided by
 * its row. So a ticket may get lost, come twice or come from an old snapshot of Redis without harm.
 */
import Bull from 'bull'
import type { Redis } from 'ioredis'
import type { Logger } from '../../../core/index.ts'
import type { JobAddress } from './boss-jobs.ts'
import { bullPriority, bullTurns } from './bull-turns.ts'
import type { Turn } from './bull-turns.ts'
import type { DueJobs, WaitingJob } from './job-due.ts'
import type { RedisServer } from './redis.ts'

export interface Ticket extends Turn { readonly id: string }
export interface BullTickets {
  readonly queue: (name: string) => Bull.Queue<Ticket>
  /** These may wait now. Makes their tickets soon, or leaves it to a sweep where Redis is away. Call it outside of transactions. */
  announce(jobs: readonly JobAddress[]): void
  /** Makes the tickets that are missing. */
  add(jobs: readonly WaitingJob[]): Promise<void>
  served(name: string, ticket: Ticket): void
  /** Waits for what was announced. */
  flush(): Promise<void>
  close(): Promise<void>
}
interface Options {
  /** Its client is the one for commands. */
  readonly server: RedisServer
  readonly prefix: string
  readonly names: readonly string[]
  readonly due: DueJobs
  readonly log: Logger
}

/** Announced jobs that are kept in mind at a time. The others are found by a sweep. */
const MOST = 10_000
/** Milliseconds: a connection that answers nothing for so long is replaced; Bull asks every 5 s at least. */
const SILENCE = 15_000
/** What waits for an answer waits until Redis is back. */
export const forCommands = { maxRetriesPerRequest: null, socketTimeout: SILENCE }
/** Where Bull waits for something to happen it also refuses to ask whether Redis is ready. */
const forWaiting = { ...forCommands, enableReadyCheck: false }
/** A ticket that was taken by a worker that then lost its connection, or died, comes again within some 15 s. */
const settings = { lockDuration: 10_000, maxStalledCount: 1_000, stalledInterval: 2_500, guardInterval: 1_000, retryProcessDelay: 1_000 }

/** The library forgets to stop the timer of `socketTimeout` when a connection closes, and it would end the next one, which answers. */
const ownTimer = (client: Redis): Redis => client.on('close', () => {
  const watched = client as unknown as { socketTimeoutTimer: NodeJS.Timeout | undefined }
  clearTimeout(watched.socketTimeoutTimer)
  watched.socketTimeoutTimer = undefined
})

export const bullTickets = ({ server, prefix, names, due, log }: Options): BullTickets => {
  const client = ownTimer(server.client)
  const subscriber = server.connect({ ...forWaiting, socketTimeout: undefined })
  const known = new Set(names)
  const queues = new Map<string, Bull.Queue<Ticket>>()
  const pending = new Map<string, JobAddress>()
  const turns = bullTurns(client, prefix)
  let flushing: Promise<void> | undefined
  let open = true

  /** An outage is told by the connection itself; what else there is, once until the next. */
  const told = new Set<string>()
  let outages = 0
  client.on('close', () => { outages += 1; told.clear() })
  const tell = ({ message }: Error): void => {
    const before = outages
    // The first sign of an outage comes before it is known to be one.
    setTimeout(() => {
      if (!open || client.status !== 'ready' || outages !== before || /Connection is closed|Missing (key|lock)|^LOADING/.test(message) || told.has(message)) return
      told.add(message)
      log.warn(`Bull met an error: ${message}; the jobs are safe in the database`)
    }, 1_000).unref()
  }
  // Each queue listens to both.
  for (const one of [client, subscriber]) one.setMaxListeners(0)

  const queue = (name: string): Bull.Queue<Ticket> => {
    const made = queues.get(name) ?? new Bull<Ticket>(name, {
      prefix, settings, createClient: (type) => type === 'client' ? client : type === 'subscriber' ? subscriber : ownTimer(server.connect(forWaiting)),
    })
    if (!queues.has(name)) {
      queues.set(name, made)
      made.on('error', tell)
      // It only names the connection, and nobody catches it when the connection ends first.
      Object.assign(made, { setWorkerName: async () => undefined })
    }
    return made
  }

  const addOne = async ({ name, id, group, priority, due: moment, dueIn }: WaitingJob): Promise<void> => {
    if (!known.has(name)) return
    // One for each time that the job goes to the queue. One that Bull delays is another than one that is due, since Bull's delays follow the clocks of processes.
    const jobId = `${id}.${moment}${dueIn > 0 ? '.later' : ''}`
    const turn = await turns.next(name, priority, group, queue(name).toKey(jobId))
    if (!turn) return
    await queue(name).add({ id, ...turn }, {
      jobId, priority: bullPriority(turn), removeOnComplete: true, removeOnFail: true, ...dueIn > 0 ? { delay: dueIn + 1 } : {},
    })
  }
  const add = async (jobs: readonly WaitingJob[]): Promise<void> => { await Promise.all(jobs.map(addOne)) }
  // One after another, so that tickets are made in the order in which jobs were announced.
  const flush = async (): Promise<void> => {
    try {
      while (pending.size > 0) {
        const batch = [...pending.values()]
        pending.clear()
        await add(await due.these(batch))
      }
    } catch (error) { tell(error as Error) }
    flushing = undefined
  }

  return {
    queue, add,
    announce: (jobs) => {
      if (!open || client.status !== 'ready') return
      for (const job of jobs) if (pending.size < MOST) pending.set(job.id, job)
      flushing ??= new Promise<void>((done) => { setImmediate(done) }).then(flush)
    },
    served: (name, ticket) => { turns.served(name, ticket).catch(tell) },
    flush: async () => { await flushing },
    close: async () => {
      open = false
      await Promise.all([...queues.values()].map((one) => one.close(true).catch(() => undefined)))
    },
  }
}
