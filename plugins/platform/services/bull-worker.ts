/** Runs the jobs whose tickets Bull brings, and sweeps for those that have none. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobRunner, Logger } from '../../../core/index.ts'
import type { BossJobs, ClaimedJob, JobAddress } from './boss-jobs.ts'
import type { BullTickets, Ticket } from './bull-tickets.ts'
import type { DueJobs, WaitingJob } from './job-due.ts'
import type { JobRuns } from './job-runs.ts'

export interface BullWorker {
  /** Looks for jobs without a ticket: enqueued while Redis was away, by the scheduler, or by a process that died; or Redis lost them. */
  sweep(): Promise<void>
  /** Takes no more. */
  close(): Promise<void>
}
interface Options {
  readonly runners: readonly JobRunner[]
  readonly jobs: BossJobs
  readonly runs: JobRuns
  readonly tickets: BullTickets
  readonly due: DueJobs
  readonly log: Logger
  /** Milliseconds between two sweeps. */
  readonly poll: number
}

/** With fewer tickets than this a queue gets those of the jobs that are next; otherwise there is time for a round over all. */
const ENOUGH = 100
const PAGE = 200
/** Milliseconds that Bull may take to let go of a connection, where Redis does not answer. */
const PATIENCE = 1_000
const START = { due: '0', id: '00000000-0000-0000-0000-000000000000' }

export const startBullWorker = ({ runners, jobs, runs, tickets, due, log, poll }: Options): BullWorker => {
  const beginning = new Set<Promise<unknown>>()
  const dropped: JobAddress[] = []
  let open = true
  const isOpen = (): boolean => open
  let troubled = false

  /** While the database is away the ticket is held. */
  const claim = async (address: JobAddress): Promise<ClaimedJob | undefined> => {
    while (isOpen()) {
      try {
        const job = await jobs.claim(address)
        troubled = false
        if (!job || isOpen()) return job
        await jobs.putBack([job])
      } catch (error) {
        if (!troubled) log.error({ err: error }, 'no job could be taken; it is tried again')
        troubled = true
        await sleep(PATIENCE)
      }
    }
    dropped.push(address)
    return undefined
  }
  /** A ticket that came before its time, by another clock, comes again. What is not due soon is found by a sweep. */
  const lookAgain = async (address: JobAddress): Promise<void> => {
    const [job] = await due.these([address])
    if (job && job.dueIn < poll) setTimeout(() => { tickets.announce([address]) }, Math.max(0, job.dueIn) + 50).unref()
  }
  const serve = async (runner: JobRunner, ticket: Ticket): Promise<void> => {
    const address = { name: runner.job.name, id: ticket.id }
    const claiming = claim(address)
    beginning.add(claiming)
    const job = await claiming.finally(() => { beginning.delete(claiming) })
    tickets.served(runner.job.name, ticket)
    await (job ? runs.begin(runner, job) : lookAgain(address).catch(() => undefined))
  }

  /** How far the present round over all jobs of a name has come, where one page does not hold them. */
  const rounds = new Map<string, Pick<WaitingJob, 'due' | 'id'>>()
  const sweepOne = async (name: string): Promise<void> => {
    const page = await due.after(name, rounds.get(name) ?? START, PAGE)
    const last = page.at(-1)
    if (last && page.length === PAGE) rounds.set(name, last)
    else rounds.delete(name)
    // Those that are next come first. Their order matters, and where all fit on a page the page has it not.
    if (page.length > 0 && await tickets.queue(name).getWaitingCount() < ENOUGH) await tickets.add(await due.next(name, ENOUGH))
    await tickets.add(page)
  }
  let sweeping: Promise<void> | undefined
  let blind = false
  const sweepAll = async (): Promise<void> => {
    try {
      for (const { job } of runners) if (open) await sweepOne(job.name)
      blind = false
    } catch (error) {
      if (open && !blind) log.warn({ err: error }, 'waiting jobs could not be looked for; it is tried again')
      blind = true
    }
    sweeping = undefined
  }
  const sweep = (): Promise<void> => sweeping ??= sweepAll()

  for (const runner of runners) {
    const { name, concurrency } = runner.job
    const bull = tickets.queue(name)
    bull.on('drained', () => { if (rounds.has(name)) void sweep() })
    bull.process(concurrency, async ({ data }) => {
      // Empty where Redis forgot it between two steps of taking it. Its job gets another.
      if ((data as Partial<Ticket>).id !== undefined) await serve(runner, data)
    }).catch((error: unknown) => { if (open) log.error({ err: error, job: name }, 'Bull takes no jobs of this name any more; restart the process') })
  }
  const timer = setInterval(() => { void sweep() }, poll).unref()
  void sweep()

  const close = async (): Promise<void> => {
    open = false
    clearInterval(timer)
    await Promise.race([Promise.all(runners.map(({ job }) => tickets.queue(job.name).pause(true, true))).catch(() => undefined), sleep(PATIENCE)])
    await Promise.all(beginning)
    // Bull lets go of a ticket a moment after it was dropped.
    if (dropped.length > 0) await sleep(50)
    tickets.announce(dropped)
  }
  let closed: Promise<void> | undefined
  return { sweep, close: () => closed ??= close() }
}
