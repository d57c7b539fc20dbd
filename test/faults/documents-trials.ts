/** Documents under faults: several processes on PostgreSQL, or one on the embedded database, and many schedules on them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Violation } from './checker.ts'
import { play } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import { makeDataset, rest, stored } from './documents-api.ts'
import type { Dataset } from './documents-api.ts'
import { doing, stepsOf } from './history.ts'
import { checkDocuments } from './documents-checker.ts'
import type { DocumentEvidence, DocumentLaw, StoredFile } from './documents-checker.ts'
import { documentClients } from './documents-load.ts'
import { versionsIn } from './documents-operations.ts'
import type { DocumentAnswer, DocumentHistory, DocumentOperation, Kind } from './documents-operations.ts'
import { unnamed } from './documents-stored.ts'
import type { Member } from './fleet.ts'
import { createHistory } from './history.ts'
import { makeKey, setUp, signIn } from './keys-console.ts'
import type { Family, Schedule } from './schedule.ts'
import { count, series } from './series.ts'
import type { Course, Load, SeriesOptions } from './series.ts'

export type Place = 'postgres' | 'embedded'
export interface DocumentTrial extends DocumentEvidence { readonly violations: readonly Violation<DocumentLaw>[] }
export interface DocumentTrialsOptions extends SeriesOptions<DocumentTrial> {
  readonly on: Place
  readonly web?: number
  readonly worker?: number
}
export interface DocumentSummary extends Course {
  /** By what was done and its outcome. */
  readonly operations: Readonly<Record<string, number>>
  /** At rest, by their states. */
  readonly documents: Readonly<Record<string, number>>
  readonly segments: number
  /** Files that a request left of which nobody heard. */
  readonly filesLeft: number
}
/** Milliseconds of load after everything is healed. */
const AFTERWARDS = 500
/** Milliseconds for a fleet to serve again while clients go on. */
const PATIENCE = 120_000
const OWNER = 'owner'
/** What is done to processes is what leaves documents in the middle. */
const MOSTLY: readonly Family[] = ['process', 'process', 'process']
/** The last one is deleted at some time. */
const DATASETS: readonly Kind[] = ['economy', 'vectors', 'children', 'pairs', 'vectors']

const doorsOf = ({ fleet }: Deployment): readonly Member[] => [...fleet.of('web'), ...fleet.of('all')]

/** What lies in storage, with what each file says. */
const filesIn = async (folder: string): Promise<StoredFile[]> => {
  const place = join(folder, 'data/storage/uploads')
  const names = await readdir(place).catch(() => [] as string[])
  return Promise.all(names.map(async (name) => ({ key: `uploads/${name}`, versions: versionsIn(await readFile(join(place, name), 'utf8')) })))
}
const lookAt = async (deployment: Deployment, datasets: readonly Dataset[], events: DocumentEvidence['events']): Promise<DocumentEvidence> => ({
  events, kinds: Object.fromEntries(datasets.map(({ id, kind }) => [id, kind])),
  stored: await stored((doorsOf(deployment)[0] as Member).url, datasets.map(({ id }) => id)), files: await filesIn(deployment.folder),
})

const tryDocuments = async (schedule: Schedule, deployment: Deployment, history: DocumentHistory, token: string): Promise<{ trial: DocumentTrial; datasets: readonly Dataset[] }> => {
  for (const member of deployment.fleet.members) await member.started(PATIENCE)
  const doors = doorsOf(deployment)
  const { url } = doors[0] as Member
  const datasets: Dataset[] = []
  for (const [index, kind] of DATASETS.entries()) datasets.push(await makeDataset(url, token, `${schedule.seed} ${index} ${kind}`, kind))
  const clients = documentClients({ seed: schedule.seed, doors, history, token, datasets, ...doors.length > 1 ? { writers: 6, readers: 4 } : { writers: 3, readers: 2 } })
  const stop = new AbortController()
  const working = clients.run(stop.signal)
  await Promise.all([play(schedule, deployment, history), sleep(schedule.length)])
  const broken = await deployment.heal(PATIENCE)
  await sleep(AFTERWARDS)
  stop.abort()
  await working
  const problem = await rest(url)
  history.add({ type: 'healed', problems: [...broken, ...problem === undefined ? [] : [problem], ...await clients.sweep()] })
  const evidence = await lookAt(deployment, datasets, history.cut())
  return { trial: { ...evidence, violations: checkDocuments(evidence) }, datasets }
}

export const documentTrials = async ({ on, web = 2, worker = 2, ...options }: DocumentTrialsOptions): Promise<{ summary: DocumentSummary; violations: readonly Violation<DocumentLaw>[] }> => {
  const history = createHistory<DocumentOperation, DocumentAnswer>()
  const before: { datasets: readonly Dataset[]; trial: DocumentTrial }[] = []
  const seen = { operations: {} as Record<string, number>, documents: {} as Record<string, number>, segments: 0, filesLeft: 0 }
  let token: string | undefined
  const onServers = on === 'postgres'
  const load: Load<DocumentTrial> = {
    history, size: onServers ? { web, worker, scheduler: 1 } : { all: 1 }, withPostgres: onServers, withRedis: onServers, length: 5_000,
    config: (built) => ({
      // Small batches and short leases, so that faults meet documents in the middle and what they leave is taken up while one waits.
      plugins: { [built.file('documents-plugin')]: {}, bootstrap: null, datasets: { batchSize: 4, patience: 2_000 } },
      adapters: { modelProvider: { toy: {} }, queue: onServers ? { bull: { lease: 2_000, poll: 500 } } : { embedded: { lease: 2_000, poll: 200 } } },
      server: { host: '127.0.0.1', drainMs: 3_000 },
    }),
    tryOut: async (schedule, deployment) => {
      if (token === undefined) {
        const { url } = doorsOf(deployment)[0] as Member
        await setUp(url, OWNER)
        token = await makeKey(url, await signIn(url, OWNER))
      }
      const { trial, datasets } = await tryDocuments(schedule, deployment, history, token)
      before.push({ datasets, trial })
      for (const { operation, outcome } of stepsOf(trial.events).values()) count(seen.operations, `${operation.do} ${outcome}`)
      for (const { indexing_status } of trial.stored.documents) count(seen.documents, indexing_status)
      seen.segments += trial.stored.segments.length
      seen.filesLeft += unnamed(trial).excused.length
      return trial
    },
    // What changed after its schedule had been looked at.
    lookBack: async (deployment) => {
      const found: Violation<DocumentLaw>[] = []
      for (const { datasets, trial } of before) found.push(...checkDocuments(await lookAt(deployment, datasets, trial.events)))
      return found
    },
  }
  const { course, violations } = await series(load, { families: onServers ? [...MOSTLY, 'postgres', 'redis', 'clock'] : [...MOSTLY, 'clock'], ...options })
  return { summary: { ...course, ...seen }, violations: violations as readonly Violation<DocumentLaw>[] }
}

/** Of one schedule, in a line. */
export const describeDocuments = ({ events, stored: { segments } }: DocumentTrial): string => {
  const steps = [...stepsOf(events).values()]
  const of = (some: readonly unknown[], what: string): string => `${some.length} ${what}`
  return [of(steps.filter(doing('write')), 'writes'), of(steps.filter(doing('delete')), 'deletes'), of(steps.filter(doing('retrieve')), 'searches'), of(segments, 'segments')].join(', ')
}
