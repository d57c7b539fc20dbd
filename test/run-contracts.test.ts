/** The laws of the ports of runs: every adapter keeps them, and each of them catches somebody who does not. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { database } from '../core/index.ts'
import type { Contract } from '../core/index.ts'
import { testApp, testPort as runSuite } from '../core/testing.ts'
import type { TestAppOptions } from '../core/testing.ts'
import { quotaContract, runEventsContract, runProbe, runProbes, runsContract } from '../plugins/runs/contracts/index.ts'
import plugin from '../plugins/runs/index.ts'
import { runs } from '../plugins/runs/ports.ts'
import type { Quota, RunCall, RunEvent, RunEvents, Runs } from '../plugins/runs/ports.ts'
import { createEventLogs } from '../plugins/runs/services/event-logs.ts'
import { alone } from './support/alone.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { limitedQuota } from './support/limited-quota.ts'
import { newApp } from './support/run-app.ts'

const url = process.env['TEST_REDIS_URL']
const withRuns = (adapters: object = {}, fakes: Record<string, unknown> = {}): TestAppOptions => ({
  config: { ...alone, server: { drainMs: 200 }, plugins: { ...alone.plugins, runs: { beatMs: 50 } }, adapters: { ...alone.adapters, ...adapters, runKind: { probe: {} } } },
  plugins: [runProbes(newApp)], fakes,
})
const tested = new Set<string>()
const testPort = (contract: Contract, adapter: string, options: TestAppOptions): void => {
  tested.add(`${contract.port.id} ${adapter}`)
  runSuite(test.serial, contract, { ...options, name: `${contract.port.id} ${adapter}` })
}
testPort(runEventsContract, 'memory', withRuns())
testPort(quotaContract, 'unlimited', withRuns())
testPort(quotaContract, 'limited', withRuns({}, { quota: limitedQuota(5) }))
testPort(runsContract, 'builtin', withRuns())
if (url !== undefined) {
  const onRedis = () => withRuns({ runEvents: { redis: { url, prefix: `test-${randomUUID()}` } } })
  testPort(runEventsContract, 'redis', onRedis())
  testPort(runsContract, 'builtin on redis', onRedis())
}
test('every adapter that the plugin brings is put to the laws of its port', (t) => {
  const brought = (plugin.adapters ?? []).map(({ port, name }) => `${port.id} ${name}`)
  t.true(brought.length >= 4)
  t.deepEqual(brought.filter((name) => !tested.has(name) && (url !== undefined || name !== 'runEvents redis')), [])
})

/** A sound subject breaks no law; each fault breaks the law that it names; and no law is without a fault. */
const laws = (contract: Contract, faults: Readonly<Record<string, { readonly law: string }>>): string[] =>
  Object.keys(contract.laws).filter((law) => !Object.values(faults).some((fault) => law.startsWith(fault.law)))

const memory = (): RunEvents => {
  const logs = createEventLogs({ keepMs: 60_000, keepBytes: 1e9 })
  return { append: async (id, events) => { logs.append(id, events) }, end: async (id) => { logs.end(id) }, read: logs.read }
}
const reading = (read: (good: RunEvents, id: string, signal: AbortSignal) => AsyncIterable<readonly RunEvent[]>) => (good: RunEvents): Partial<RunEvents> => ({ read: (id, signal) => read(good, id, signal) })
const eventFaults: Record<string, { law: string; make: (good: RunEvents) => Partial<RunEvents> }> = {
  'shows what comes from now on': { law: 'gives each', make: (good) => {
    const said = new Map<string, number>()
    return {
      append: (id, events) => { said.set(id, (said.get(id) ?? 0) + events.length); return good.append(id, events) },
      read: async function* (id, signal) { let skip = said.get(id) ?? 0; for await (const list of good.read(id, signal)) { const rest = list.slice(skip); skip -= list.length - rest.length; if (rest.length > 0) yield rest } },
    }
  } },
  'mixes runs': { law: 'gives each', make: (good) => ({ append: (_id, events) => good.append('one', events), end: () => good.end('one'), read: (_id, signal) => good.read('one', signal) }) },
  'gives one at a time': { law: 'gives what', make: reading(async function* (good, id, signal) { for await (const list of good.read(id, signal)) for (const one of list) yield [one] }) },
  'waits until it was read': { law: 'never waits', make: (good) => {
    const open = new Map<string, { at: number }>()
    const said = new Map<string, number>()
    return {
      append: async (id, events) => {
        await good.append(id, events)
        said.set(id, (said.get(id) ?? 0) + events.length)
        const end = Date.now() + 3_000
        for (const reader = open.get(id); reader && reader.at < (said.get(id) ?? 0) - 100 && Date.now() < end;) await sleep(5)
      },
      read: async function* (id, signal) { const reader = { at: 0 }; open.set(id, reader); for await (const list of good.read(id, signal)) { reader.at += list.length; yield list } },
    }
  } },
  'keeps events as text': { law: 'takes any', make: reading(async function* (good, id, signal) { for await (const list of good.read(id, signal)) yield JSON.parse(Buffer.from(JSON.stringify(list).replaceAll('\\ud800', '\ufffd')).toString()) as RunEvent[] }) },
  'goes on after the end': { law: 'ends when', make: (good) => {
    const after = new Map<string, RunEvent[]>()
    return {
      end: async (id) => { after.set(id, after.get(id) ?? []); await good.end(id) },
      append: async (id, events) => { after.get(id)?.push(...events); await good.append(id, events) },
      read: async function* (id, signal) { yield* good.read(id, signal); const more = after.get(id) ?? []; if (more.length > 0) yield more },
    }
  } },
  'fails where there is no run': { law: 'ends when', make: () => ({ end: async (id) => { if (!id.startsWith('known')) throw new Error('no such run') } }) },
  'throws where it is aborted': { law: 'ends without', make: reading(async function* (good, id, signal) { yield* good.read(id, signal); signal.throwIfAborted() }) },
  'hears no signal': { law: 'ends without', make: reading((good, id) => good.read(id, new AbortController().signal)) },
}
test('the runEvents suite catches whoever loses, holds up or goes on', async (t) => {
  t.deepEqual(laws(runEventsContract, eventFaults), [])
  t.deepEqual(await brokenLaws(runEventsContract, memory()), [])
  await Promise.all(Object.entries(eventFaults).map(async ([name, { law, make }]) => {
    const good = memory()
    t.is((await brokenLaws(runEventsContract, { ...good, ...make(good) }, {}, law)).length, 1, name)
  }))
})

const quotaFaults: Record<string, { law: string; make: (good: Quota) => Partial<Quota> }> = {
  'calls all reservations alike': { law: 'gives a', make: () => ({ reserve: async () => ({ id: 'it' }) }) },
  'refuses in other words': { law: 'refuses with', make: (good) => ({ reserve: (...asked) => good.reserve(...asked).catch(() => { throw new Error('no more') }) }) },
  'looks before it takes': { law: 'refuses with', make: (good) => {
    const used = new Map<string, number>()
    return { reserve: async (workspaceId) => {
      const before = used.get(workspaceId) ?? 0
      if (before >= 5) return good.reserve(workspaceId, 'run', 9)
      await sleep(1)
      used.set(workspaceId, before + 1)
      return { id: randomUUID() }
    } }
  } },
  'counts all workspaces together': { law: 'counts each', make: (good) => ({ reserve: (_workspaceId, ...asked) => good.reserve('all', ...asked) }) },
  'gives nothing back': { law: 'has again', make: () => ({ release: async () => undefined }) },
  'gives back twice': { law: 'has again', make: (good) => {
    const last = new Map<string, string>()
    const more = new Map<string, number>()
    return {
      reserve: async (workspaceId, ...asked) => {
        const spare = more.get(workspaceId) ?? 0
        if (spare > 0) { more.set(workspaceId, spare - 1); return { id: randomUUID() } }
        const one = await good.reserve(workspaceId, ...asked)
        last.set(one.id, workspaceId)
        return one
      },
      release: async ({ id }) => { const workspaceId = last.get(id); if (workspaceId !== undefined) more.set(workspaceId, (more.get(workspaceId) ?? 0) + 1) },
    }
  } },
  'only pretends to use up': { law: 'has no', make: () => ({ commit: async () => undefined }) },
  'keeps the rest': { law: 'has no', make: (good) => ({ commit: (one) => good.commit(one, 1) }) },
}
test('the quota suite catches whoever counts wrongly', async (t) => {
  t.deepEqual(laws(quotaContract, quotaFaults), [])
  t.deepEqual(await brokenLaws(quotaContract, limitedQuota(5)), [])
  for (const [name, { law, make }] of Object.entries(quotaFaults)) {
    const good = limitedQuota(5)
    t.is((await brokenLaws(quotaContract, { ...good, ...make(good) }, {}, law)).length, 1, name)
  }
})

type Work = (call: RunCall) => Promise<void>
const working = (change: (call: RunCall) => Partial<RunCall>) => (good: Runs): Partial<Runs> => ({ start: (run, prepare, work: Work) => good.start(run, prepare, (call) => work({ ...call, ...change(call) })) })
const runFaults: Record<string, { law: string; make: (good: Runs) => Partial<Runs> }> = {
  'waits for the work': { law: 'lets the', make: (good) => ({ start: async (run, prepare, work) => {
    let done: () => void = () => undefined
    const over = new Promise<void>((resolve) => { done = resolve })
    const ref = await good.start(run, prepare, (call) => work(call).finally(done))
    await over
    return ref
  } }) },
  'tells what it said last only': { law: 'lets the', make: (good) => ({ events: async function* (ref, signal) { for await (const list of good.events(ref, signal)) yield list.slice(-1) } }) },
  'tells anybody': { law: 'tells nothing', make: (good) => {
    const known = new Map<string, Parameters<Runs['events']>[0]>()
    return {
      start: async (...asked) => { const ref = await good.start(...asked); known.set(ref.id, ref); return ref },
      events: (ref, signal) => good.events(known.get(ref.id) ?? ref, signal),
    }
  } },
  'begins before it is prepared': { law: 'leaves nothing', make: (good) => ({ start: (run, prepare, work) => good.start(run, async (ref) => { void work({ ...ref, signal: new AbortController().signal, emit: () => undefined, finish: async () => undefined }); await prepare(ref) }, work) }) },
  'swallows what prepare throws': { law: 'leaves nothing', make: (good) => ({ start: (run, prepare, work) => good.start(run, (ref) => prepare(ref).catch(() => undefined), work) }) },
  'knows no limit': { law: 'has as', make: (good) => ({ start: (run, ...rest) => good.start({ ...run, limit: 0 }, ...rest) }) },
  'frees no place': { law: 'has as', make: (good) => {
    const places = new Map<string, number>()
    return { start: async (run, ...rest) => {
      const taken = places.get(run.appId) ?? 0
      places.set(run.appId, taken + 1)
      return good.start({ ...run, limit: taken >= run.limit ? run.limit - 2 : run.limit }, ...rest)
    } }
  } },
  'is stopped by anybody': { law: 'is stopped', make: (good) => ({ stop: (ref, _by, ...rest) => good.stop(ref, 'end-user:ada', ...rest) }) },
  'says that it was the user': { law: 'is stopped', make: (good) => ({ stop: (ref, by) => good.stop(ref, by) }) },
  'fails where there is no run': { law: 'is stopped', make: (good) => ({ stop: async (ref, ...rest) => { if (!ref.id.includes('-')) throw new Error('not an id'); await good.stop(ref, ...rest) } }) },
  'finishes without a transaction': { law: 'ends once', make: working((call) => ({ finish: async (outcome, work) => { const result = await work(); await call.finish(outcome, async () => undefined); return result } })) },
  'finishes twice': { law: 'ends once', make: working((call) => ({ finish: async (outcome, work) => await call.finish(outcome, work) ?? await work() })) },
  'finishes whatever happens': { law: 'has its', make: (good) => ({ start: (run, prepare, work) => good.start(run, prepare, async (call) => { await work(call).catch(() => undefined); await call.finish('failed', async () => undefined) }) }) },
  'asks another kind': { law: 'has its', make: (good) => ({ start: (run, ...rest) => good.start({ ...run, kind: 'other' }, ...rest) }) },
}
test.serial('the runs suite catches whoever waits, mixes up or forgets', async (t) => {
  t.deepEqual(laws(runsContract, runFaults), [])
  const app = await testApp(withRuns())
  t.teardown(() => app.close())
  const deps = { db: app.resolve(database), probe: app.resolve(runProbe) }
  const good = app.resolve(runs)
  t.deepEqual(await brokenLaws(runsContract, good, deps), [])
  await Promise.all(Object.entries(runFaults).map(async ([name, { law, make }]) => {
    t.is((await brokenLaws(runsContract, { ...good, ...make(good) }, deps, law)).length, 1, name)
  }))
})
