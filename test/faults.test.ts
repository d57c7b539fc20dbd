/** The harness of faults would notice: each fault that is planted in a history is told, and a sound history has none. */
import test from 'ava'
import { check } from './faults/checker.ts'
import type { EffectRow, Evidence, OperationRow } from './faults/checker.ts'
import type { Event, Outcome } from './faults/history.ts'
import type { Operation } from './faults/plugin.ts'
import { describeSchedule, makeSchedule } from './faults/schedule.ts'
import type { Family } from './faults/schedule.ts'

const START = Date.UTC(2026, 0, 1)
const at = (ms: number): Date => new Date(START + ms)
/** An operation as a client saw it, from `begin` to `begin` + 10. */
const did = (op: string, outcome: Outcome, more: Partial<Operation> = {}, begin = 0): Event<Operation>[] => [
  { at: begin, type: 'invoked', id: op, operation: { op, ...more }, to: '' },
  { at: begin + 10, type: 'answered', id: op, outcome, detail: '' },
]
const row = (id: string, more: Partial<OperationRow> = {}): OperationRow => ({ id, key: null, due_at: at(0), covered_by: `job ${id}`, ...more })
const effect = (op: string, more: Partial<EffectRow> = {}): EffectRow => ({ op, job: `job ${op}`, attempt: 1, process: 'worker1', at: at(50), ...more })
const ended = (more: Partial<Extract<Event, { type: 'ended' }>>): Event<Operation> => ({ at: 100, type: 'ended', process: 'worker1', code: 0, signal: null, told: 'term', ...more })

const sound: Evidence = {
  events: [
    ...did('plain', 'ok'), ...did('rolled back', 'refused', { rollBack: true }), ...did('unknown, done', 'unknown'), ...did('unknown, not done', 'unknown'),
    ...did('first of a key', 'ok', { key: 'k', delay: 1_000 }), ...did('dropped', 'ok', { key: 'k' }, 20), ...did('later', 'ok', { key: 'k' }, 2_000),
    ...did('doomed', 'ok', { doomed: true }), ended({}), ended({ code: null, signal: 'SIGKILL', told: 'kill' }), { at: 200, type: 'healed', problems: [] },
  ],
  ops: [
    row('plain'), row('unknown, done'), row('first of a key', { key: 'k', due_at: at(1_000) }), row('dropped', { key: 'k', covered_by: 'job first of a key' }),
    row('later', { key: 'k' }), row('doomed', { covered_by: null }),
  ],
  effects: [effect('plain'), effect('unknown, done', { attempt: 3 }), effect('first of a key', { at: at(1_001) }), effect('later', { at: at(2_050) })],
  failed: [{ op: 'doomed', error: 'as it was told' }],
}
const without = <T extends { readonly id?: string; readonly op?: string }>(rows: readonly T[], name: string): T[] => rows.filter(({ id, op }) => id !== name && op !== name)

test('a sound history has no violations', (t) => { t.deepEqual(check(sound), []) })

const planted: Record<string, { readonly evidence: Partial<Evidence>; readonly told: string }> = {
  'an acknowledged operation without its row': { evidence: { ops: without(sound.ops, 'plain'), effects: without(sound.effects, 'plain') }, told: 'kept: operation plain was acknowledged and has no row' },
  'a row that was rolled back': { evidence: { ops: [...sound.ops, row('rolled back')], effects: [...sound.effects, effect('rolled back')] }, told: 'phantom: operation rolled back was rolled back and has a row' },
  'an effect of what was rolled back': { evidence: { effects: [...sound.effects, effect('rolled back')] }, told: 'phantom: operation rolled back was rolled back and its job had an effect (run 1 in worker1)' },
  'an effect of what was never committed': { evidence: { effects: [...sound.effects, effect('unknown, not done')] }, told: 'phantom: operation unknown, not done was never committed and its job had an effect (run 1 in worker1)' },
  'an effect of what cannot succeed': { evidence: { effects: [...sound.effects, effect('doomed')] }, told: 'phantom: the job of operation doomed cannot succeed and had an effect' },
  'an effect that is missing': { evidence: { effects: without(sound.effects, 'plain') }, told: 'lost: operation plain was committed (ok) and its job had no effect' },
  'an effect that is missing of what may have been done': { evidence: { effects: without(sound.effects, 'unknown, done') }, told: 'lost: operation unknown, done was committed (unknown) and its job had no effect' },
  'an operation of a key that no job covered': { evidence: { ops: [...without(sound.ops, 'dropped'), row('dropped', { key: 'k', covered_by: null })] }, told: 'lost: operation dropped of "k" was committed (ok) and its job had no effect' },
  'a job that was to fail and is gone': { evidence: { failed: [] }, told: 'lost: operation doomed was to fail for good and is not among what failed' },
  'an effect twice': { evidence: { effects: [...sound.effects, effect('plain', { attempt: 2, process: 'worker2' })] }, told: 'doubled: operation plain had its effect 2 times: run 1 in worker1, run 2 in worker2' },
  'two effects of one job': { evidence: { effects: [...without(sound.effects, 'later'), effect('later', { job: 'job plain', at: at(2_050) })] }, told: 'doubled: job job plain had its effect 2 times: run 1 in worker1, run 1 in worker1' },
  'a second job while one of its key waits': { evidence: { effects: [...sound.effects, effect('dropped')] }, told: 'key: operation dropped had a run of its own although first of a key of the same "k" waited' },
  'an effect before its time': { evidence: { effects: [...without(sound.effects, 'first of a key'), effect('first of a key', { at: at(900) })] }, told: 'early: operation first of a key had its effect 100 ms before it was due' },
  'a job that was given up': { evidence: { effects: without(sound.effects, 'plain'), failed: [...sound.failed, { op: 'plain', error: 'no' }] }, told: 'given up: the job of operation plain was given up although it had tries left: no' },
  'a process that ended by itself': { evidence: { events: [...sound.events, ended({ code: 1, told: undefined })] }, told: 'crash: worker1 ended by itself with code 1' },
  'a stop that was not clean': { evidence: { events: [...sound.events, ended({ code: 1 })] }, told: 'crash: worker1 was told to stop and ended with code 1' },
  'a server that does not come back': { evidence: { events: [...sound.events, { at: 300, type: 'healed', problems: ['web1 is not ready'] }] }, told: 'healed: after healing, web1 is not ready' },
}
for (const [title, { evidence, told }] of Object.entries(planted)) {
  test(`told: ${title}`, (t) => { t.deepEqual(check({ ...sound, ...evidence }).map(({ law, message }) => `${law}: ${message}`), [told]) })
}

test('a seed gives the same schedule again, and any ten bring each kind of trouble', (t) => {
  const families: Family[] = ['process', 'postgres', 'redis', 'clock']
  const ground = { processes: ['web1', 'web2', 'worker1'], families }
  for (let first = 1; first < 500; first += 10) {
    const schedules = Array.from({ length: 10 }, (_, index) => makeSchedule(first + index, ground))
    t.deepEqual(schedules, schedules.map(({ seed }) => makeSchedule(seed, ground)))
    t.deepEqual([...new Set(schedules.flatMap(({ faults }) => faults.map(({ family }) => family)))].sort(), [...families].sort())
    t.true(schedules.every((schedule) => describeSchedule(schedule) !== '' && schedule.faults.every((fault) => fault.at < schedule.length && ground.processes.concat(families).includes(fault.target))))
  }
  t.not(describeSchedule(makeSchedule(1, ground)), describeSchedule(makeSchedule(2, ground)))
})
