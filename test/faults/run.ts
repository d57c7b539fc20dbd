/** Many schedules from the command line: `npm run test:faults -- --schedules 200 --seed 1 --queue bull`. Ends with 1 where something does not hold. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeSchedule } from './schedule.ts'
import type { Family } from './schedule.ts'
import { trials } from './trials.ts'
import type { QueueKind } from './trials.ts'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, queue: { type: 'string', default: 'bull' },
    web: { type: 'string', default: '2' }, worker: { type: 'string', default: '2' }, scheduler: { type: 'string', default: '1' }, out: { type: 'string' }, families: { type: 'string' }, hold: { type: 'boolean', default: false },
  },
})
if (!['bull', 'embedded', 'naive'].includes(values.queue)) throw new Error('--queue is bull, embedded or naive')
const [first, number] = [Number(values.seed), Number(values.schedules)]
const folder = values.out ?? await mkdtemp(join(tmpdir(), 'mortise-faults-'))
// An interrupt ends this process like any other end, and what it has started ends with it.
process.once('SIGINT', () => process.exit(130))
console.log(`histories: ${folder}`)

const { summary, violations } = await trials({
  queue: values.queue as QueueKind, seeds: Array.from({ length: number }, (_, index) => first + index),
  web: Number(values.web), worker: Number(values.worker), scheduler: Number(values.scheduler), folder, hold: values.hold,
  ...values.families === undefined ? {} : { families: values.families.split(',') as Family[] },
  tell: (schedule, { events, effects, violations: found }, seconds) => {
    const asked = events.filter(({ type }) => type === 'invoked').length
    console.log(`${schedule.seed}  ${asked} operations, ${effects.length} effects, ${seconds.toFixed(1)} s  [${describeSchedule(schedule)}]  ${found.length === 0 ? 'ok' : `${found.length} VIOLATIONS`}`)
    for (const { law, message } of found.slice(0, 10)) console.log(`    ${law}: ${message}`)
  },
})
console.log(JSON.stringify(summary, null, 2))
process.exit(violations.length > 0 ? 1 : 0)
