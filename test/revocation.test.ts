/**
 * What was taken from a key stays taken, whatever fails meanwhile: the checker of histories of keys tells each fault that is planted, and
 * a few schedules of faults on real processes (`npm run test:faults -- --load keys` does hundreds).
 */
import test from 'ava'
import { build } from './faults/build.ts'
import type { Build } from './faults/build.ts'
import type { Outcome } from './faults/history.ts'
import { checkKeys } from './faults/keys-checker.ts'
import type { KeyAnswer, KeyEvent, KeyOperation } from './faults/keys-operations.ts'
import { keyTrials } from './faults/keys-trials.ts'
import { postgresPrograms, redisProgram } from './support/services.ts'

let made = 0
/** An operation from `start` to `start` + 10. */
const did = (operation: KeyOperation, start: number, outcome: Outcome = 'ok', answer: Partial<KeyAnswer> = {}, to = 'web1'): KeyEvent[] => {
  const id = String(made += 1)
  const status = { ok: 200, refused: 401, unknown: 503 }[outcome]
  return [
    { at: start, type: 'invoked', id, operation, to },
    { at: start + 10, type: 'answered', id, outcome, detail: '', answer: { status, ...answer } },
  ]
}
const make = (key: string, reach: 'all' | readonly string[] = ['a', 'b'], maker = 'ann', start = 0): KeyEvent[] => did({ do: 'make', key, maker, reach }, start)
const use = (secret: string, dataset: string | null, start: number, outcome: Outcome = 'ok', answer: Partial<KeyAnswer> = {}, to = 'web1'): KeyEvent[] =>
  did({ do: 'use', key: secret.split('#')[0] ?? '', secret, dataset }, start, outcome, answer, to)
const shift = (at: number, ms: number, target = 'web1'): KeyEvent => ({ at, type: 'fault', fault: { at, family: 'clock', kind: 'shift', target, ms } })
const healed = (at: number, ...problems: string[]): KeyEvent => ({ at, type: 'healed', problems })
const revoke = (key: string, start: number, outcome: Outcome = 'ok', answer: Partial<KeyAnswer> = {}): KeyEvent[] => did({ do: 'revoke', key }, start, outcome, answer)
const told = (...events: KeyEvent[][]): string[] => checkKeys(events.flat().sort((a, b) => a.at - b.at)).map(({ law, message }) => `${law}: ${message}`)
const forbidden = { status: 403 }
const missing = { status: 404 }

const sound: Record<string, KeyEvent[][]> = {
  'a use that begins before the revocation is answered may go either way': [make('k'), revoke('k', 100), use('k#1', 'a', 99), use('k#1', 'b', 105), use('k#1', null, 105, 'refused'), use('k#1', 'a', 111, 'refused')],
  'a revocation that nobody knows of may have happened at any time, or not': [make('k'), revoke('k', 100, 'unknown'), use('k#1', 'a', 200), use('k#1', 'a', 9_000, 'refused'), use('k#1', 'b', 9_000)],
  'out of scope is refused, and what is not granted stays so': [make('k'), use('k#1', 'c', 50, 'refused', forbidden), use('k#1', 'a', 60), use('k#1', null, 70, 'ok', { reach: ['a', 'b'] })],
  'a narrowed key keeps the rest': [make('k'), did({ do: 'narrow', key: 'k', reach: ['a'] }, 100), use('k#1', 'a', 120), use('k#1', 'b', 120, 'refused', forbidden), use('k#1', null, 120, 'ok', { reach: ['a'] })],
  'a key of everything that was narrowed': [make('k', 'all'), use('k#1', null, 50, 'ok', { reach: 'all' }), did({ do: 'narrow', key: 'k', reach: ['a'] }, 100), use('k#1', null, 120, 'ok', { reach: ['a'] })],
  'a rotation ends the secrets before it, and no other': [
    make('k'), did({ do: 'rotate', key: 'k', secret: 'k#2' }, 100), use('k#1', 'a', 120, 'refused'), use('k#2', 'a', 120),
    did({ do: 'rotate', key: 'k', secret: 'k#3' }, 200), use('k#2', 'a', 220, 'refused'), use('k#3', 'a', 220),
  ],
  'a rotation of which nobody heard may end the secret of a later one': [make('k'), did({ do: 'rotate', key: 'k', secret: 'k#2' }, 100, 'unknown'), did({ do: 'rotate', key: 'k', secret: 'k#3' }, 200), use('k#3', 'a', 220), use('k#3', 'b', 300, 'refused')],
  'an end is by the clock of the database': [make('k'), did({ do: 'expire', key: 'k', end: 1_000 }, 100), use('k#1', 'a', 970), use('k#1', 'a', 1_030, 'refused')],
  'a process with a wrong clock cannot know when a key ends': [
    make('k'), did({ do: 'expire', key: 'k', end: 1_000 }, 100), [shift(200, 9e6)], use('k#1', 'a', 300, 'refused'), use('k#1', 'a', 320, 'ok', {}, 'web2'), [healed(900)], use('k#1', 'a', 920),
    [shift(950, -9e6)], use('k#1', 'b', 1_500), [healed(2_000)], use('k#1', 'b', 2_100, 'refused'),
  ],
  'the maker is removed, and the keys of others stay': [make('k'), make('l', ['a'], 'bob'), did({ do: 'remove maker', maker: 'bob' }, 100), use('l#1', 'a', 120, 'refused'), use('k#1', 'a', 120)],
  'a dataset is deleted, and what a key has beside it stays': [
    make('k'), make('l', ['a']), make('m', 'all'), did({ do: 'delete dataset', dataset: 'a' }, 100), use('k#1', 'b', 120), use('k#1', 'a', 120, 'refused', forbidden), use('l#1', null, 120, 'refused'), use('m#1', 'a', 120, 'refused', missing),
  ],
  'a change that was refused is none': [make('k'), revoke('k', 100, 'refused', { status: 401 }), use('k#1', 'a', 120)],
  'trouble is no answer': [make('k'), use('k#1', 'a', 50, 'unknown'), use('k#1', 'a', 70)],
}
for (const [title, events] of Object.entries(sound)) test(`sound: ${title}`, (t) => { t.deepEqual(told(...events), []) })

const planted: Record<string, { readonly events: KeyEvent[][]; readonly told: string[] }> = {
  'a revoked key that is taken': { events: [make('k'), revoke('k', 100), use('k#1', 'a', 111)], told: ['revoked: use of dataset a by k#1 in web1 at 111 succeeded 1.0 ms after its revocation was sure'] },
  'a key that a deletion did not find any more': { events: [make('k'), revoke('k', 100, 'unknown'), revoke('k', 200, 'refused', missing), use('k#1', null, 300)], told: ['revoked: use by k#1 in web1 at 300 succeeded 90.0 ms after an answer that there is no such key was sure'] },
  'a key that is taken again': {
    events: [make('k'), revoke('k', 100, 'unknown'), use('k#1', 'a', 200, 'refused', {}, 'web2'), use('k#1', 'a', 300)], told: ['returned: use of dataset a by k#1 in web1 at 300 succeeded, although web2 had refused it (401) until 210'],
  },
  'a dataset outside': { events: [make('k'), use('k#1', 'c', 50)], told: ['scope: use of dataset c by k#1 in web1 at 50 succeeded, which it was never to reach'] },
  'a dataset outside, in what a key is told': { events: [make('k'), use('k#1', null, 50, 'ok', { reach: ['a', 'c'] })], told: ['scope: use of dataset c by k#1 in web1 at 50 succeeded, which it was never to reach'] },
  'a bound key that is told that it reaches everything': { events: [make('k'), use('k#1', null, 50, 'ok', { reach: 'all' })], told: ['scope: use of everything by k#1 in web1 at 50 succeeded, which it was never to reach'] },
  'a narrowed key that reaches what it did': { events: [make('k'), did({ do: 'narrow', key: 'k', reach: ['a'] }, 100), use('k#1', 'b', 111)], told: ['narrowed: use of dataset b by k#1 in web1 at 111 succeeded 1.0 ms after a change to 1 datasets was sure'] },
  'a narrowed key that is told more': { events: [make('k', 'all'), did({ do: 'narrow', key: 'k', reach: ['a'] }, 100), use('k#1', null, 111, 'ok', { reach: 'all' })], told: ['narrowed: use of everything by k#1 in web1 at 111 succeeded 1.0 ms after a change to 1 datasets was sure'] },
  'an old secret': { events: [make('k'), did({ do: 'rotate', key: 'k', secret: 'k#2' }, 100), use('k#1', 'a', 111)], told: ['rotated: use of dataset a by k#1 in web1 at 111 succeeded 1.0 ms after its rotation was sure'] },
  'a key after its end': { events: [make('k'), did({ do: 'expire', key: 'k', end: 1_000 }, 100), use('k#1', 'a', 1_100)], told: ['expired: use of dataset a by k#1 in web1 at 1100 succeeded 80.0 ms after its end was sure'] },
  'a key after its end, when the clock is right again': {
    events: [make('k'), did({ do: 'expire', key: 'k', end: 1_000 }, 100), [shift(200, -9e6), healed(1_050)], use('k#1', 'a', 1_100)], told: ['expired: use of dataset a by k#1 in web1 at 1100 succeeded 80.0 ms after its end was sure'],
  },
  'a key before its end': { events: [make('k'), did({ do: 'expire', key: 'k', end: 1_000 }, 100), use('k#1', 'a', 500, 'refused')], told: ['refused: use of dataset a by k#1 in web1 at 500 was answered 401, although nothing had been done to it'] },
  'a key of a maker who is gone': { events: [make('k'), did({ do: 'remove maker', maker: 'ann' }, 100), use('k#1', 'a', 111)], told: ['maker: use of dataset a by k#1 in web1 at 111 succeeded 1.0 ms after the removal of its maker ann was sure'] },
  'a key that somebody made who was gone': { events: [did({ do: 'remove maker', maker: 'ann' }, 0), make('k', ['a'], 'ann', 100), use('k#1', 'a', 120)], told: ['maker: use of dataset a by k#1 in web1 at 120 succeeded 110.0 ms after the removal of its maker ann was sure'] },
  'a dataset that is gone': { events: [make('k', 'all'), did({ do: 'delete dataset', dataset: 'a' }, 100), use('k#1', 'a', 111)], told: ['dataset: use of dataset a by k#1 in web1 at 111 succeeded 1.0 ms after the deletion of the dataset was sure'] },
  'a refusal of a key that nothing was done to': { events: [make('k'), make('l'), revoke('l', 10), use('k#1', 'a', 50, 'refused')], told: ['refused: use of dataset a by k#1 in web1 at 50 was answered 401, although nothing had been done to it'] },
  'a refusal before the change': { events: [make('k'), use('k#1', 'a', 50, 'refused', forbidden), did({ do: 'narrow', key: 'k', reach: [] }, 100)], told: ['refused: use of dataset a by k#1 in web1 at 50 was answered 403, although nothing had been done to it'] },
  'an unknown key where it only lacks a right': { events: [make('k'), use('k#1', 'c', 50, 'refused')], told: ['refused: use of dataset c by k#1 in web1 at 50 was answered 401, although nothing had been done to it'] },
  'a refusal of the secret of the last rotation': { events: [make('k'), did({ do: 'rotate', key: 'k', secret: 'k#2' }, 100), use('k#2', 'a', 120, 'refused')], told: ['refused: use of dataset a by k#2 in web1 at 120 was answered 401, although nothing had been done to it'] },
  'a process that ended, a server that does not come back': {
    events: [[{ at: 1, type: 'ended', process: 'web1', code: 1, signal: null, told: undefined }, healed(2, 'web2 is not ready')]], told: ['crash: web1 ended by itself with code 1', 'healed: after healing, web2 is not ready'],
  },
}
for (const [title, { events, told: expected }] of Object.entries(planted)) test(`told: ${title}`, (t) => { t.deepEqual(told(...events), expected) })

if (postgresPrograms() !== undefined && redisProgram() !== undefined) {
  let built: Build
  test.before(async () => { built = await build() })
  test.after.always(() => built.dispose())

  test.serial('under faults no key does what was taken from it', async (t) => {
    const { summary, violations } = await keyTrials({ cache: 'layered', seeds: [1, 2], build: built })
    t.deepEqual(violations, [])
    t.true(summary.revokes > 10 && (summary.uses['ok'] ?? 0) > 100 && (summary.uses['refused'] ?? 0) > 30 && summary.raced > 20, JSON.stringify(summary))
  })

  for (const cache of ['naive-delete', 'naive-lease'] as const) {
    test.serial(`a cache that is made the simple way is caught: ${cache}`, async (t) => {
      const { summary, violations } = await keyTrials({ cache, seeds: [1, 2, 3, 4, 5, 6], untilWrong: true, build: built })
      t.true(violations.some(({ law }) => ['revoked', 'narrowed', 'rotated', 'expired', 'returned', 'maker', 'dataset'].includes(law)), JSON.stringify({ summary, violations }))
    })
  }
} else {
  test.skip('faults need the programs of PostgreSQL and of Redis', (t) => { t.pass() })
}
