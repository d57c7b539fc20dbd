/** Apps that answer under faults: several processes on PostgreSQL and Redis, or one on the embedded database, and many schedules on them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeApp, surely } from './chat-api.ts'
import { checkChat } from './chat-checker.ts'
import type { ChatEvidence, ChatLaw } from './chat-checker.ts'
import { chatClients } from './chat-load.ts'
import type { AppKind, ChatAnswer, ChatHistory, ChatOperation, Told } from './chat-operations.ts'
import type { Violation } from './checker.ts'
import { play } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import type { Place } from './documents-trials.ts'
import type { Member } from './fleet.ts'
import { createHistory, doing, stepsOf } from './history.ts'
import { setUp, signIn } from './keys-console.ts'
import type { Family, Schedule } from './schedule.ts'
import { count, series } from './series.ts'
import type { Course, Load, SeriesOptions } from './series.ts'

export interface ChatTrial extends ChatEvidence { readonly violations: readonly Violation<ChatLaw>[] }
export interface ChatTrialsOptions extends SeriesOptions<ChatTrial> { readonly on: Place; readonly web?: number; /** Milliseconds of one schedule. */ readonly length?: number }
export interface ChatSummary extends Course {
  /** By how they ended for the client. */
  readonly asked: Readonly<Record<string, number>>
  readonly stops: Readonly<Record<string, number>>
  /** At rest, by their states. */
  readonly messages: Readonly<Record<string, number>>
}
/** Short, so that what a process left behind is taken up while one waits. */
const LEASE = 3_000
/** Milliseconds for a fleet to serve again, and for all answers to have ended. */
const PATIENCE = { heal: 120_000, rest: 60_000 }
const OWNER = 'owner'
/** What is done to processes is what leaves answers in the middle. */
const MOSTLY: readonly Family[] = ['process', 'process', 'process']

const doorsOf = ({ fleet }: Deployment): readonly Member[] => [...fleet.of('web'), ...fleet.of('all')]
const look = async (deployment: Deployment, seed: number): Promise<Told> => await surely((doorsOf(deployment)[0] as Member).url, 'GET', `/faults/chat-told?seed=${seed}`, {}) as Told

/** Waits until nothing goes on. Whoever goes on for ever is told by what is written down. */
const rest = async (url: string): Promise<void> => {
  for (const last = performance.now() + PATIENCE.rest; performance.now() < last;) {
    if (((await surely(url, 'GET', '/faults/chat-rest', {})) as { running: number }).running === 0) return
    await sleep(100)
  }
}
const tryChat = async (schedule: Schedule, deployment: Deployment, history: ChatHistory, keys: Readonly<Record<AppKind, string>>): Promise<ChatTrial> => {
  for (const member of deployment.fleet.members) await member.started(PATIENCE.heal)
  const doors = doorsOf(deployment)
  const clients = chatClients({ seed: schedule.seed, doors, history, keys, clients: doors.length > 1 ? 10 : 6 })
  const stop = new AbortController()
  const working = clients.run(stop.signal)
  await Promise.all([play(schedule, deployment, history), sleep(schedule.length)])
  const broken = await deployment.heal(PATIENCE.heal)
  stop.abort()
  await working
  await rest((doors[0] as Member).url)
  history.add({ type: 'healed', problems: broken })
  await clients.sweep()
  const evidence: ChatEvidence = { events: history.cut(), told: await look(deployment, schedule.seed), leaseMs: LEASE }
  return { ...evidence, violations: checkChat(evidence) }
}

export const chatTrials = async ({ on, web = 3, length = on === 'postgres' ? 5_000 : 9_000, ...options }: ChatTrialsOptions): Promise<{ summary: ChatSummary; violations: readonly Violation<ChatLaw>[] }> => {
  const history = createHistory<ChatOperation, ChatAnswer>()
  const before: { readonly seed: number; readonly trial: ChatTrial }[] = []
  const seen = { asked: {} as Record<string, number>, stops: {} as Record<string, number>, messages: {} as Record<string, number> }
  let keys: Readonly<Record<AppKind, string>> | undefined
  const onServers = on === 'postgres'
  const load: Load<ChatTrial> = {
    history, size: onServers ? { web } : { all: 1 }, withPostgres: onServers, withRedis: onServers, length,
    config: (built) => ({
      plugins: { [built.file('chat-plugin')]: {}, bootstrap: null, runs: { beatMs: 300, leaseMs: LEASE }, chat: { pingMs: 500 } },
      adapters: { modelProvider: { toy: {} } }, server: { host: '127.0.0.1', drainMs: 1_500 },
    }),
    tryOut: async (schedule, deployment) => {
      if (!keys) {
        const { url } = doorsOf(deployment)[0] as Member
        await setUp(url, OWNER)
        const session = await signIn(url, OWNER)
        keys = { free: await makeApp(url, session, 'free', 0), limited: await makeApp(url, session, 'limited', 1) }
        await surely(url, 'GET', '/faults/chat-watch', {})
      }
      const trial = await tryChat(schedule, deployment, history, keys)
      before.push({ seed: schedule.seed, trial })
      const steps = [...stepsOf(trial.events).values()]
      for (const { operation: { by }, answer } of steps.filter(doing('ask'))) count(seen.asked, `${by} ${answer?.end ?? 'unknown'}${answer?.code === undefined ? '' : ` ${answer.code}`}`)
      for (const { operation: { foreign }, outcome } of steps.filter(doing('stop'))) count(seen.stops, `${foreign ? 'foreign' : 'own'} ${outcome}`)
      for (const { status } of trial.told.messages) count(seen.messages, status)
      return trial
    },
    // What changed after its schedule had been looked at.
    lookBack: async (deployment) => {
      const found: Violation<ChatLaw>[] = []
      for (const { seed, trial } of before) found.push(...checkChat({ ...trial, told: await look(deployment, seed) }))
      return found
    },
  }
  const { course, violations } = await series(load, { families: onServers ? [...MOSTLY, 'postgres', 'redis', 'clock'] : [...MOSTLY], ...options })
  return { summary: { ...course, ...seen }, violations: violations as readonly Violation<ChatLaw>[] }
}

/** Of one schedule, in a line. */
export const describeChat = ({ events, told: { messages } }: ChatTrial): string => {
  const steps = [...stepsOf(events).values()]
  const byStatus: Record<string, number> = {}
  for (const { status } of messages) count(byStatus, status)
  return `${steps.filter(doing('ask')).length} asked, ${steps.filter(doing('stop')).length} stops, ${Object.entries(byStatus).map(([status, many]) => `${many} ${status}`).join(', ')}`
}
