/**
 * Many schedules from the command line: `npm run test:faults -- --schedules 200 --seed 1 --queue bull`, or `--load keys --cache layered`,
 * or `--load documents --on postgres`, or `--load chat --on postgres`.
 * Ends with 1 where something does not hold.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chatTrials, describeChat } from './chat-trials.ts'
import type { Violation } from './checker.ts'
import { describeDocuments, documentTrials } from './documents-trials.ts'
import type { Place } from './documents-trials.ts'
import { keyTrials } from './keys-trials.ts'
import type { CacheKind } from './keys-trials.ts'
import { describeSchedule } from './schedule.ts'
import type { Family, Schedule } from './schedule.ts'
import { trials } from './trials.ts'
import type { QueueKind } from './trials.ts'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, load: { type: 'string', default: 'jobs' },
    queue: { type: 'string', default: 'bull' }, cache: { type: 'string', default: 'layered' }, on: { type: 'string', default: 'postgres' },
    web: { type: 'string' }, worker: { type: 'string', default: '2' }, scheduler: { type: 'string', default: '1' },
    out: { type: 'string' }, families: { type: 'string' }, hold: { type: 'boolean', default: false },
  },
})
const oneOf = (option: 'load' | 'queue' | 'cache' | 'on', ...words: string[]): void => {
  if (!words.includes(values[option])) throw new Error(`--${option} is one of ${words.join(', ')}`)
}
oneOf('load', 'jobs', 'keys', 'documents', 'chat')
oneOf('queue', 'bull', 'embedded', 'naive')
oneOf('cache', 'layered', 'redis', 'naive-delete', 'naive-lease')
oneOf('on', 'postgres', 'embedded')
const [first, number] = [Number(values.seed), Number(values.schedules)]
const folder = values.out ?? await mkdtemp(join(tmpdir(), 'mortise-faults-'))
// An interrupt ends this process like any other end, and what it has started ends with it.
process.once('SIGINT', () => process.exit(130))
console.log(`histories: ${folder}`)

const tell = (schedule: Schedule, what: string, seconds: number, found: readonly Violation<string>[]): void => {
  console.log(`${schedule.seed}  ${what}, ${seconds.toFixed(1)} s  [${describeSchedule(schedule)}]  ${found.length === 0 ? 'ok' : `${found.length} VIOLATIONS`}`)
  for (const { law, message } of found.slice(0, 10)) console.log(`    ${law}: ${message}`)
}
const options = {
  seeds: Array.from({ length: number }, (_, index) => first + index), folder, hold: values.hold, ...values.web === undefined ? {} : { web: Number(values.web) },
  ...values.families === undefined ? {} : { families: values.families.split(',') as Family[] },
}
const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, one) => all + one, 0)
const loads = {
  jobs: () => trials({
    ...options, queue: values.queue as QueueKind, worker: Number(values.worker), scheduler: Number(values.scheduler),
    tell: (schedule, { events, effects, violations: found }, seconds) => {
      tell(schedule, `${events.filter(({ type }) => type === 'invoked').length} operations, ${effects.length} effects`, seconds, found)
    },
  }),
  keys: () => keyTrials({
    ...options, cache: values.cache as CacheKind,
    tell: (schedule, { violations: found, counts: { taken, uses, raced } }, seconds) => {
      tell(schedule, `${sum(taken)} revokes, ${sum(uses)} uses, ${raced} raced`, seconds, found)
    },
  }),
  documents: () => documentTrials({
    ...options, on: values.on as Place, worker: Number(values.worker),
    tell: (schedule, trial, seconds) => { tell(schedule, describeDocuments(trial), seconds, trial.violations) },
  }),
  chat: () => chatTrials({
    ...options, on: values.on as Place,
    tell: (schedule, trial, seconds) => { tell(schedule, describeChat(trial), seconds, trial.violations) },
  }),
}
const { summary, violations } = await loads[values.load as keyof typeof loads]()
console.log(JSON.stringify(summary, null, 2))
process.exit(violations.length > 0 ? 1 : 0)
