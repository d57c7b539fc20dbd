/** Keys under faults: a deployment with one of the caches, and many schedules on it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Violation } from './checker.ts'
import { play } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import type { Member } from './fleet.ts'
import { createHistory } from './history.ts'
import { doing, stepsOf } from './history.ts'
import { checkKeys } from './keys-checker.ts'
import type { KeyLaw, Step } from './keys-checker.ts'
import { addMember, makeDataset, makeKey, setUp, signIn } from './keys-console.ts'
import { clients } from './keys-load.ts'
import type { KeyWorld, LiveKey, Maker } from './keys-load.ts'
import type { KeyAnswer, KeyEvent, KeyOperation } from './keys-operations.ts'
import { random } from './random.ts'
import type { Schedule } from './schedule.ts'
import { count, series } from './series.ts'
import type { Course, Load, SeriesOptions } from './series.ts'

export type CacheKind = 'layered' | 'redis' | 'naive-delete' | 'naive-lease'
export interface KeyTrial {
  readonly events: readonly KeyEvent[]
  readonly violations: readonly Violation<KeyLaw>[]
  readonly counts: KeyCounts
}
export interface KeyCounts {
  /** What was taken from keys and acknowledged, by kind. */
  readonly taken: Readonly<Record<string, number>>
  /** By outcome. */
  readonly uses: Readonly<Record<string, number>>
  /** Uses while their key was being changed. */
  readonly raced: number
}
export interface KeyTrialsOptions extends SeriesOptions<KeyTrial> {
  readonly cache: CacheKind
  /** How many processes. */
  readonly web?: number
}
export interface KeySummary extends Course, KeyCounts { readonly revokes: number }

/** Milliseconds of load after everything is healed; more, up to the longest, until there were so many changes. */
const AFTERWARDS = { ms: 400, longest: 10_000, changes: 12 }
/** Milliseconds for a fleet to serve again while clients go on. */
const PATIENCE = 120_000
const OWNER = 'owner'
const caches = {
  layered: { layered: { redis: '${REDIS_URL}' } }, redis: { redis: { url: '${REDIS_URL}' } },
  'naive-delete': { 'naive-delete': { redis: '${REDIS_URL}' } }, 'naive-lease': { 'naive-lease': { redis: '${REDIS_URL}' } },
} as const satisfies Record<CacheKind, object>

const prepare = async ({ seed }: Schedule, { fleet, database }: Deployment, more: Pick<KeyWorld, 'history' | 'graves'>): Promise<KeyWorld> => {
  for (const member of fleet.members) await member.started(PATIENCE)
  const { url } = fleet.of('web')[0] as Member
  const join = async (name: string, accountId: string): Promise<Maker> => ({ name, accountId, session: await signIn(url, name), removed: false })
  const owner = await join(OWNER, '')
  const makers: Maker[] = []
  for (const name of [`maker-${seed}-a`, `maker-${seed}-b`]) makers.push(await join(name, await addMember(database, name)))
  const rootToken = await makeKey(url, owner.session)
  const datasets: string[] = []
  for (let number = 1; number <= 5; number++) datasets.push(await makeDataset(url, rootToken, `${seed}.${number}`))
  return { ...more, seed, fleet, owner, makers, rootToken, datasets, deleted: new Set(), keys: [] }
}

const tryKeys = async (schedule: Schedule, deployment: Deployment, more: Pick<KeyWorld, 'history' | 'graves'>): Promise<{ trial: KeyTrial; keys: readonly LiveKey[] }> => {
  const { history } = more
  const world = await prepare(schedule, deployment, more)
  const work = clients(world)
  const dice = random(schedule.seed)
  for (let number = 0; number < 12; number++) await work.make(dice)
  const stop = new AbortController()
  const working = work.run(stop.signal)
  await Promise.all([play(schedule, deployment, history), sleep(schedule.length)])
  const broken = await deployment.heal(PATIENCE)
  await sleep(100)
  history.add({ type: 'healed', problems: broken })
  const [begin, { ms, longest, changes }] = [performance.now(), AFTERWARDS]
  do await sleep(ms); while (work.changed < changes && performance.now() < begin + longest)
  stop.abort()
  await working
  history.add({ type: 'healed', problems: await work.sweep() })
  const events = history.cut()
  return { trial: { events, violations: checkKeys(events), counts: countsOf(events) }, keys: world.keys }
}

const countsOf = (events: readonly KeyEvent[]): KeyCounts => {
  const [taken, uses] = [{} as Record<string, number>, {} as Record<string, number>]
  const steps = [...stepsOf(events).values()]
  const changes = new Map<string, Step[]>()
  for (const step of steps) {
    const { operation, outcome } = step
    if (operation.do === 'use') count(uses, outcome)
    else if (operation.do !== 'make' && outcome === 'ok') count(taken, operation.do)
    if ('key' in operation && operation.do !== 'use' && operation.do !== 'make') changes.set(operation.key, [...changes.get(operation.key) ?? [], step])
  }
  // Where no answer came, the race is taken to have ended with the client's patience.
  const raced = steps.filter(doing('use')).filter((use) => changes.get(use.operation.key)?.some(({ start, end }) => start < use.end && use.start < Math.min(end, start + 6_000))).length
  return { taken, uses, raced }
}

export const keyTrials = async ({ cache, web = 3, ...options }: KeyTrialsOptions): Promise<{ summary: KeySummary; violations: readonly Violation<KeyLaw>[] }> => {
  const history = createHistory<KeyOperation, KeyAnswer>()
  const all: KeyEvent[] = []
  const graves: LiveKey[] = []
  let isSetUp = false
  const load: Load<KeyTrial> = {
    history, size: { web }, withRedis: true,
    config: (built) => ({
      plugins: { ...cache.startsWith('naive') ? { [built.file('naive-caches')]: {} } : {}, bootstrap: null, 'api-keys': { limit: 100_000 } },
      adapters: { cache: caches[cache], keyScope: { grants: {} } }, server: { host: '127.0.0.1', drainMs: 3_000 },
    }),
    tryOut: async (schedule, deployment) => {
      if (!isSetUp) await setUp((deployment.fleet.of('web')[0] as Member).url, OWNER)
      isSetUp = true
      const { trial, keys } = await tryKeys(schedule, deployment, { history, graves })
      all.push(...trial.events)
      graves.push(...keys.filter(({ dead }) => dead))
      return trial
    },
    // A key that was used in a later schedule than the one in which it ended.
    lookBack: async () => checkKeys(all),
  }
  const { course, violations } = await series(load, options)
  const counts = countsOf(all)
  return { summary: { ...course, ...counts, revokes: Object.values(counts.taken).reduce((sum, one) => sum + one, 0) }, violations: violations as readonly Violation<KeyLaw>[] }
}
