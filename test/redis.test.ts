/** Cache and signals on a Redis that goes away, freezes, fills up, comes back with old data; seen by several processes at once. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import Joi from 'joi'
import { HttpError, StartupError } from '../core/index.ts'
import type { Adapter, Cache, Json, Logger, Signal } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { layeredCache } from '../plugins/platform/adapters/cache-layered.ts'
import { redisCache } from '../plugins/platform/adapters/cache-redis.ts'
import { redisSignal } from '../plugins/platform/adapters/signal-redis.ts'
import { cacheContract, forgetEverywhere } from '../plugins/platform/contracts/cache.ts'
import { alone } from './support/alone.ts'
import { ownRedis, redisProgram } from './support/services.ts'
import type { OwnRedis } from './support/services.ts'
import { slowWire } from './support/slow-wire.ts'

const PASSWORD = 'correct horse/battery:staple@'
const ttl = 60_000
const said: string[] = []
const note = (level: string) => (...words: unknown[]): void => { said.push(`${level} ${words.map((word) => word instanceof Error ? word.stack : JSON.stringify(word)).join(' ')}`) }
const log: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error'), child: () => log }

/** An adapter as one process has it. */
const open = async <T>(t: ExecutionContext, adapter: Adapter<T>, settings: object): Promise<T & { health(): Promise<void> }> => {
  const value = await adapter.create({ log }, Joi.attempt(settings, adapter.options as Joi.Schema<object>, { allowUnknown: true }))
  t.teardown(() => adapter.dispose?.(value))
  return { ...value, health: async () => { await adapter.health?.(value) } }
}
const redis = (t: ExecutionContext, { url }: { url: string }) => open<Cache>(t, redisCache, { url })
const layered = (t: ExecutionContext, { url }: { url: string }, lease = 1_000) => open<Cache>(t, layeredCache, { redis: url, lease })
const signals = (t: ExecutionContext, { url }: { url: string }) => open<Signal>(t, redisSignal, { url })
const server = async (t: ExecutionContext, options: Parameters<typeof ownRedis>[0] = { password: PASSWORD }): Promise<OwnRedis> => {
  const own = await ownRedis(options)
  t.teardown(own.remove)
  return own
}

const until = async (check: () => unknown, what: string, patience = 10_000): Promise<number> => {
  const start = Date.now()
  while (!await check()) await (Date.now() - start < patience ? sleep(10) : Promise.reject(new Error(`in vain we waited until ${what}`)))
  return Date.now() - start
}
const healthy = (it: { health(): Promise<void> }) => () => it.health().then(() => true, () => false)
const took = async (work: Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work.catch(() => undefined)
  return performance.now() - start
}
/** A second after the first process came, it is known that no other can hold anything from before: until then who changes something waits. */
const whole = (own: OwnRedis): Promise<number> => until(async () => {
  const [list = ''] = await own.call('KEYS', '*:holders') as string[]
  return await own.call('HGET', list, 'since') === 'long ago'
}, 'it is known who holds copies')
const unavailable = { instanceOf: HttpError, message: /cache does not answer/ }
/** Registered only where there is a Redis to start. */
const run = redisProgram() !== undefined ? test.serial : test.skip

run('two processes on one Redis see each other’s writes, drops and seals at once', async (t) => {
  const own = await server(t)
  const [a, b] = [await redis(t, own), await redis(t, own)]
  for (const forget of [() => a.drop({ key: 'k' }), () => a.drop({ tag: 'of k' })]) {
    const begun = await b.generation('k', ['of k'])
    t.true(await b.set('k', 1, { ttl, tags: ['of k'] }))
    t.is(await a.get('k'), 1)
    await forget()
    t.is(await b.get('k'), undefined)
    t.false(await b.set('k', 1, { ttl, tags: ['of k'], generation: begun }))
    t.is(await b.get('k'), undefined)
  }
  const begun = await b.generation('k', ['of k'])
  t.false(await b.set('k', 1, { ttl, tags: ['of k', 'of more'], generation: begun }), 'a tag whose mark was not read')
  await a.seal('k', 'sealed', ttl)
  t.is(await b.get('k'), 'sealed')
  t.false(await b.set('k', 1, { ttl, tags: ['of k'], generation: begun }))
  t.false(await b.set('k', 1, { ttl }))
  t.deepEqual(await Promise.all([a, b].flatMap((it) => [1, 2].map((value) => it.set('once', value, { ttl, ifAbsent: true })))).then((won) => won.filter(Boolean).length), 1)
})

run('with memory in front, others see a drop and a seal before the answer, another value within milliseconds, and within the lease where they are not told', async (t) => {
  const own = await server(t)
  const [a, b, bare] = [await layered(t, own), await layered(t, own), await redis(t, own)]
  await whole(own)
  const seen: number[] = []
  for (let round = 0; round < 20; round += 1) {
    for (const [change, now] of [
      [() => a.drop({ key: 'k' }), undefined], [() => a.drop({ tag: 'of k' }), undefined], [() => a.set('k', 'other', { ttl }), 'other'],
      [() => a.seal('k', 'sealed', ttl), 'sealed'],
    ] as const) {
      await a.drop({ key: 'k' })
      await until(async () => await b.set('k', 'old', { ttl, tags: ['of k'] }) && await b.get('k') === 'old', 'b holds it')
      await change()
      t.is(await a.get('k'), now)
      if (now !== 'other') t.is(await b.get('k'), now)
      else seen.push(await until(async () => await b.get('k') === now, 'b sees it', 2_000))
    }
  }
  t.log(`seen after ${Math.max(...seen)} ms at most`)
  // `bare` announces nothing, as if its words were lost.
  const short = await layered(t, own, 300)
  await a.drop({ key: 'k' })
  await short.set('k', 'old', { ttl })
  t.is(await short.get('k'), 'old')
  const start = Date.now()
  await bare.drop({ key: 'k' })
  t.is(await short.get('k'), 'old', 'it was read from memory')
  await until(async () => await short.get('k') === undefined, 'its lease is over')
  t.true(Date.now() - start < 600)
})

/** Milliseconds that a seal by `a` takes where `b` holds what was before; and what `b` gives then. */
const sealed = async (a: Cache, b: Cache, key: string): Promise<{ ms: number; seen: Json | undefined }> => {
  await a.set(key, 'old', { ttl })
  await until(async () => await b.get(key) === 'old', 'b holds it')
  const ms = await took(a.seal(key, 'sealed', ttl))
  return { ms, seen: await b.get(key) }
}
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN

run('who seals waits a moment for those who say that they forgot, and a lease for one that is deaf or cut off; nobody gives the old value', async (t) => {
  const own = await server(t, {})
  const wire = await slowWire(own.port)
  t.teardown(wire.close)
  const [a, b, far] = [await layered(t, own), await layered(t, own), await layered(t, wire)]
  await whole(own)
  await forgetEverywhere([a, b, far], 5)
  const quick: number[] = []
  for (let round = 0; round < 20; round += 1) {
    await far.get(`well ${round}`)
    const { ms, seen } = await sealed(a, b, `well ${round}`)
    quick.push(ms)
    t.is(seen, 'sealed')
  }
  t.log(`with all well: median ${median(quick).toFixed(1)} ms`)
  t.true(median(quick) < 100)
  // Its first connection asks, its second listens. Deaf: it goes on giving what it holds, as long as it may.
  for (const [state, which] of [['deaf', 1], ['cut off', undefined]] as const) {
    await a.set(state, 'old', { ttl })
    await until(async () => await far.get(state) === 'old', 'it holds it')
    wire.hold('replies', which)
    if (state === 'cut off') wire.hold('requests')
    const sealing = a.seal(state, 'sealed', ttl)
    const began = performance.now()
    t.is(await far.get(state), 'old', 'it does not know')
    await sealing
    const ms = performance.now() - began
    t.not(await far.get(state), 'old')
    t.log(`${state}: ${ms.toFixed(0)} ms`)
    t.true(ms > 500 && ms < 1_300, String(ms))
    // It was waited for once, and has read nothing since that could be held.
    if (state === 'cut off') t.true((await sealed(a, b, `beside one that is ${state}`)).ms < 500)
    wire.release()
    await until(healthy(far), 'it is well again')
  }
})

run('a cache is caught that ignores what is announced, and one that holds for longer than its lease', async (t) => {
  const own = await server(t, {})
  const wire = await slowWire(own.port)
  t.teardown(wire.close)
  const [a, good] = [await layered(t, own), await layered(t, wire)]
  await whole(own)
  /** Says that it forgot, since the one below it does, and goes on. */
  const holding = (lease: number): Cache => {
    const held = new Map<string, { value: Json; until: number }>()
    return {
      ...good,
      get: async (key) => {
        const known = held.get(key)
        if (known && performance.now() < known.until) return known.value
        const value = await good.get(key)
        if (value !== undefined) held.set(key, { value, until: performance.now() + lease })
        return value
      },
    }
  }
  t.is((await sealed(a, good, 'good')).seen, 'sealed')
  t.is((await sealed(a, holding(1_000), 'deaf to announcements')).seen, 'old', 'caught')
  await t.throwsAsync(forgetEverywhere([a, holding(1_000)]), { message: /dropped or sealed before/ })
  wire.hold('replies', 1)
  const { ms, seen } = await sealed(a, holding(60_000), 'beyond its lease')
  t.is(seen, 'old', 'caught')
  t.true(ms > 500, 'although it was waited for')
})

run('a process that stood still while something was sealed does not give the old value when it wakes', async (t) => {
  const own = await server(t, {})
  const a = await layered(t, own)
  const child = fork(new URL('support/cache-process.ts', import.meta.url), [own.url])
  t.teardown(() => child.kill('SIGKILL'))
  const ask = async (key: string): Promise<unknown> => {
    child.send(key)
    const [answer] = await once(child, 'message') as [{ value?: unknown }]
    return answer.value
  }
  await once(child, 'message')
  await whole(own)
  await a.set('k', 'old', { ttl })
  for (let round = 0; round < 3; round += 1) {
    const key = `k${round}`
    await a.set(key, 'old', { ttl })
    t.is(await ask(key), 'old')
    child.kill('SIGSTOP')
    // It lies there and is the first that it sees.
    const asked = a.seal(key, 'sealed', ttl).then(() => ask(key))
    await until(async () => await a.get(key) === 'sealed', 'it is sealed')
    await sleep(1_200)
    child.kill('SIGCONT')
    t.is(await asked, 'sealed')
  }
})

run('reads of what memory holds ask nobody, and a fill that raced with an announcement is not held', async (t) => {
  const own = await server(t, {})
  const [a, b] = [await layered(t, own), await layered(t, own)]
  await whole(own)
  await a.set('k', 'v', { ttl })
  await a.get('k')
  const calls = async (): Promise<number> => Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await own.call('INFO', 'commandstats')))?.[1])
  const before = await calls()
  for (let index = 0; index < 100; index += 1) t.is(await a.get('k'), 'v')
  t.is(await calls(), before)
  for (let round = 0; round < 100; round += 1) {
    await a.set('k', round, { ttl, tags: ['of k'] })
    await Promise.all([b.get('k'), a.drop(round % 2 ? { key: 'k' } : { tag: 'of k' }), b.get('k')])
    await until(async () => await b.get('k') === undefined, 'b forgets it', 1_000)
    t.is(await a.get('k'), undefined)
  }
})

for (const [name, make] of [['redis', redis], ['layered', layered]] as const) {
  run(`cache ${name}: while Redis is frozen everything is a quick miss, and what was dropped is gone when it is back`, async (t) => {
    const own = await server(t)
    const [a, b] = [await make(t, own), await make(t, own)]
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    for (const key of [...keys, 'sealed', 'kept']) await a.set(key, 'old', { ttl, tags: [`of ${key}`] })
    own.pause()
    t.true(await took(Promise.all(keys.map((key) => a.get(key)))) < 1_000)
    t.is(await a.get('k1'), undefined)
    await until(async () => await took(a.get('k1')) < 5, 'it knows better than to ask', 3_000)
    // These lie unread before Redis, which must not carry them out after the drops.
    t.false(await b.set('k1', 'late', { ttl }))
    await until(async () => await took(b.get('k1')) < 5, 'it knows better than to ask', 3_000)
    t.is(await a.generation('k1').then((mark) => a.set('k1', 'new', { ttl, generation: mark })), false)
    for (const key of keys) await t.throwsAsync(a.drop(key === 'k2' ? { tag: 'of k2' } : { key }), unavailable)
    await t.throwsAsync(b.drop({ key: 'k1' }), unavailable)
    await t.throwsAsync(a.seal('sealed', 'new', ttl), unavailable)
    await t.throwsAsync(a.health(), { message: new RegExp(`^Redis at 127.0.0.1:${own.port} does not answer: `) })
    own.resume()
    const values = new Set<Json | undefined>()
    await until(async () => { values.add(await a.get('k1')); return a.health().then(() => true, () => false) }, 'it is well again')
    await until(healthy(b), 'the other is well again')
    t.deepEqual([...values], [undefined])
    for (const it of [a, b]) {
      t.deepEqual(new Set(await Promise.all(keys.map((key) => it.get(key)))), new Set([undefined]))
      t.deepEqual([await it.get('sealed'), await it.get('kept')], ['new', 'old'])
    }
    t.true(await a.set('k1', 'new', { ttl, generation: await a.generation('k1') }))
    t.is(await b.get('k1'), 'new')
  })

  run(`cache ${name}: a Redis that was killed gives quick misses, says so once, and is used again when it is back`, async (t) => {
    const own = await server(t)
    const a = await make(t, own)
    await a.set('k', 'old', { ttl })
    said.length = 0
    await own.kill()
    await until(() => said.length > 0, 'it is noticed')
    t.true(await took(a.get('k')) < 50)
    t.deepEqual([await a.get('k'), await a.set('k', 1, { ttl })], [undefined, false])
    await t.throwsAsync(a.drop({ key: 'k' }), unavailable)
    await sleep(1_500)
    await own.start()
    const back = await until(async () => await a.set('k', 'new', { ttl }), 'it is used again')
    t.is(await a.get('k'), 'new')
    t.log(`used again ${back} ms after its start`)
    t.deepEqual(said.map((line) => line.replace(/"(Redis at )\S+ (is back|went away).*/, '$1$2')), ['warn Redis at went away', 'info Redis at is back'])
  })
}

run('a process that was too busy to read the answer in time keeps its connection, and its drop is done', async (t) => {
  const own = await server(t, {})
  const [a, b] = [await redis(t, own), await redis(t, own)]
  await a.set('k', 'old', { ttl })
  said.length = 0
  const dropping = a.drop({ key: 'k' })
  for (const end = performance.now() + 800; performance.now() < end;);
  await dropping
  t.is(await b.get('k'), undefined)
  t.true(await a.set('k', 'new', { ttl }))
  t.deepEqual(said, [])
})

run('what an old connection still brings is not carried out after what its successor said', async (t) => {
  const own = await server(t, {})
  const wire = await slowWire(own.port)
  t.teardown(wire.close)
  const [a, b] = [await redis(t, wire), await redis(t, own)]
  wire.hold('requests')
  t.false(await a.set('k', 'late', { ttl }))
  await t.throwsAsync(a.seal('s', 'late', ttl), unavailable)
  await until(async () => await a.drop({ key: 'k' }).then(() => true, () => false), 'it has another connection')
  await a.drop({ key: 's' })
  wire.release()
  await sleep(100)
  for (const it of [a, b]) t.deepEqual([await it.get('k'), await it.get('s')], [undefined, undefined])
})

run('memory takes no value that was read before an announcement and arrived after it', async (t) => {
  const own = await server(t, {})
  const wire = await slowWire(own.port)
  t.teardown(wire.close)
  const [a, b] = [await layered(t, own), await layered(t, wire)]
  await whole(own)
  for (const forget of [() => a.drop({ key: 'k' }), () => a.drop({ tag: 'of k' }), () => a.seal('k', 'sealed', ttl)]) {
    await a.set('k', 'old', { ttl, tags: ['of k'] })
    // Its first connection asks, its second listens.
    wire.hold('replies', 0)
    const reading = b.get('k')
    await sleep(50)
    await forget()
    await sleep(50)
    wire.release()
    t.is(await reading, 'old')
    t.not(await b.get('k'), 'old')
  }
})

run('what a process changed itself it need not be told, and what it could not change it forgets', async (t) => {
  const own = await server(t, {})
  const wire = await slowWire(own.port)
  t.teardown(wire.close)
  const a = await layered(t, wire)
  const hold = async (value: Json): Promise<void> => { t.deepEqual([await a.set('k', value, { ttl, tags: ['of k'] }), await a.get('k')], [true, value]) }
  wire.hold('replies', 1)
  await hold(1)
  await hold(2)
  for (const what of [{ key: 'k' }, { tag: 'of k' }]) {
    await a.drop(what)
    t.is(await a.get('k'), undefined)
    await hold(3)
  }
  wire.hold('requests', 0)
  t.is(await a.get('k'), 3, 'memory has it')
  await t.throwsAsync(a.drop({ key: 'k' }), unavailable)
  t.is(await a.get('k'), undefined)
})

run('a Redis that answers but does not let itself be told is not believed', async (t) => {
  const own = await server(t, {})
  const [a, b] = [await redis(t, own), await redis(t, own)]
  await a.set('k', 'old', { ttl, tags: ['of k'] })
  await own.call('ACL', 'SETUSER', 'default', '-unlink')
  await t.throwsAsync(a.drop({ tag: 'of k' }), unavailable)
  t.is(await a.get('k'), undefined)
  t.false(await a.set('k', 'new', { ttl }))
  t.is(await b.get('k'), 'old')
  await t.throwsAsync(a.health(), { message: /has yet to be told what was dropped \(1\)$/ })
  await own.call('ACL', 'SETUSER', 'default', '+unlink')
  await until(healthy(a), 'it is well again')
  for (const it of [a, b]) t.is(await it.get('k'), undefined)
})

run('too much is owed: then everything is forgotten', async (t) => {
  const own = await server(t)
  const [a, b] = [await redis(t, own), await layered(t, own)]
  await a.set('k', 'old', { ttl })
  await a.seal('s', 'old', ttl)
  own.pause()
  const drops = await Promise.allSettled(Array.from({ length: 1_500 }, (_, index) => a.drop({ key: `k${index}` })))
  t.true(drops.every(({ status }) => status === 'rejected'))
  await t.throwsAsync(a.health())
  own.resume()
  await until(healthy(a), 'it is well again')
  t.deepEqual([await a.get('k'), await a.get('s')], [undefined, undefined])
  await until(healthy(b), 'the other is well again')
  t.deepEqual([await b.get('k'), await b.get('s')], [undefined, undefined])
  t.true(await a.set('k', 'new', { ttl, generation: await a.generation('k') }))
})

run('a Redis that was started again from an old snapshot gives nothing of it, and takes no fill from before', async (t) => {
  const own = await server(t)
  const [a, b] = [await redis(t, own), await layered(t, own)]
  await a.set('k', 'old', { ttl, tags: ['of k'] })
  await a.seal('s', 'old', ttl)
  const begun = await b.generation('k', ['of k'])
  await own.call('SAVE')
  for (const what of [{ tag: 'of k' }, { key: 's' }]) await a.drop(what)
  await own.kill()
  await own.start()
  t.is((await own.call('KEYS', '*') as string[]).filter((key) => /entry|seal/.test(key)).length, 2, 'the snapshot holds them')
  for (const it of [a, b, await redis(t, own)]) {
    await until(healthy(it), 'it is well again')
    t.deepEqual([await it.get('k'), await it.get('s')], [undefined, undefined])
    t.false(await it.set('k', 'old', { ttl, tags: ['of k'], generation: begun }))
  }
})

run('a Redis that is full takes drops, and one that became a replica is not believed', async (t) => {
  const own = await server(t, {})
  const a = await redis(t, own)
  await a.set('k', 'old', { ttl, tags: ['of k'] })
  await a.set('l', 'old', { ttl })
  await own.call('CONFIG', 'SET', 'maxmemory', 1)
  t.false(await a.set('m', 'new', { ttl }))
  t.is(await a.get('k'), 'old')
  await a.drop({ tag: 'of k' })
  await a.drop({ key: 'l' })
  t.deepEqual([await a.get('k'), await a.get('l')], [undefined, undefined])
  await own.call('CONFIG', 'SET', 'maxmemory', 0)
  t.true(await a.set('k', 'old', { ttl }))
  await own.call('REPLICAOF', '127.0.0.1', 1)
  await t.throwsAsync(a.drop({ key: 'k' }), unavailable)
  t.is(await a.get('k'), undefined)
  await until(() => a.health().then(() => false, (error: unknown) => String(error).includes('it is a replica')), 'it says why')
  await own.call('REPLICAOF', 'NO', 'ONE')
  await until(healthy(a), 'it is well again')
  t.is(await a.get('k'), undefined)
})

run('signals arrive again when Redis, or only the connection that listens, is back; publishing never fails', async (t) => {
  const own = await server(t)
  const [a, b] = [await signals(t, own), await signals(t, own)]
  const heard: Json[] = []
  const end = await b.subscribe('c', (message) => { heard.push(message) })
  const arrives = (): Promise<number> => {
    heard.length = 0
    return until(async () => { await a.publish('c', 'x'); await sleep(20); return heard.length > 0 }, 'it arrives')
  }
  await arrives()
  await own.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await arrives()
  await own.kill()
  await until(() => a.health().then(() => false, () => true), 'it is noticed')
  t.true(await took(a.publish('c', 'lost')) < 50)
  await t.notThrowsAsync(a.publish('c', 'lost'))
  const late = await b.subscribe('late', (message) => { heard.push(message) })
  await own.start()
  await Promise.all([until(healthy(a), 'it is well again'), until(healthy(b), 'it is well again')])
  await arrives()
  await until(async () => { await a.publish('late', 'late'); return heard.includes('late') }, 'one that began meanwhile hears too')
  own.pause()
  t.true(await took(a.publish('c', 'lost')) < 1_000)
  own.resume()
  await until(healthy(a), 'it is well again')
  await until(healthy(b), 'it is well again')
  await arrives()
  await end()
  await late()
  t.deepEqual(await own.call('PUBSUB', 'CHANNELS', '*'), [])
})

run('who may not listen or write is told so once and in the health, and serves as soon as it may', async (t) => {
  const own = await server(t, {})
  await own.call('ACL', 'SETUSER', 'default', 'resetchannels', '-unlink')
  said.length = 0
  const [a, b, c] = [await layered(t, own), await signals(t, own), await redis(t, own)]
  const heard: Json[] = []
  await b.subscribe('c', (message) => { heard.push(message) })
  await t.throwsAsync(b.health(), { message: /does not let us listen: NOPERM/ })
  await t.throwsAsync(c.health(), { message: /cannot be told what to forget: NOPERM|cannot be told what to forget: .*can't run this command/ })
  await a.set('k', 'v', { ttl })
  t.is(await a.get('k'), 'v')
  await own.call('FLUSHALL')
  t.is(await a.get('k'), undefined, 'memory holds nothing that it would not hear the end of')
  await sleep(1_200)
  t.is(said.filter((line) => line.includes('does not let us listen')).length, 2)
  await own.call('ACL', 'SETUSER', 'default', 'allchannels', '+unlink')
  for (const it of [a, b, c]) await until(healthy(it), 'it is well again')
  await b.publish('c', 'x')
  await until(() => heard.length > 0, 'it hears')
})

const onRedis = ({ url }: { url: string }) => ({
  plugins: { ...alone.plugins, openapi: null }, adapters: { ...alone.adapters, cache: { layered: { redis: url } }, signal: { redis: { url } } },
})
const readiness = async (app: TestApp): Promise<{ status: number; state: string; cache: string; signal: string }> => {
  const response = await app.fetch('/readyz')
  const { state, checks } = await response.json() as { state: string; checks: Record<string, string> }
  return { status: response.status, state, cache: checks['cache'] ?? '', signal: checks['signal'] ?? '' }
}

run('a server says in /readyz that Redis is away, at its start and later, and recovers without a restart', async (t) => {
  const own = await server(t, { password: PASSWORD, started: false })
  const start = Date.now()
  const app = await testApp({ config: onRedis(own), only: ['web'], fakes: { logger: log } })
  t.teardown(app.close)
  t.log(`started without Redis in ${Date.now() - start} ms`)
  for (let round = 0; round < 2; round += 1) {
    await until(async () => (await readiness(app)).status === 503, 'it says that Redis is away')
    const { state, cache, signal } = await readiness(app)
    t.is(state, 'degraded')
    for (const words of [cache, signal]) t.regex(words, new RegExp(`^Redis at 127.0.0.1:${own.port} does not answer: `))
    t.is((await app.fetch('/healthz')).status, 200)
    await own.start()
    await until(async () => (await readiness(app)).status === 200, 'it is ready again')
    t.deepEqual(await readiness(app), { status: 200, state: 'ready', cache: 'ok', signal: 'ok' })
    await own.kill()
  }
})

run('what no waiting can cure keeps the server from starting: a wrong password, a wrong database, something that is not a Redis', async (t) => {
  const own = await server(t)
  const other = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const wrong = own.url.replace(encodeURIComponent(PASSWORD), encodeURIComponent(`${PASSWORD}!`))
  for (const [url, symptom] of [
    [wrong, 'WRONGPASS'], [`redis://127.0.0.1:${own.port}`, 'NOAUTH'], [`${own.url}/99`, 'DB index'],
    [`redis://127.0.0.1:${(other.address() as AddressInfo).port}`, 'Protocol error'],
  ] as const) {
    for (const [adapter, path] of [[redisCache, 'cache.redis.url'], [layeredCache, 'cache.layered.redis'], [redisSignal, 'signal.redis.url']] as const) {
      const error = await t.throwsAsync(open<unknown>(t, adapter, { url, redis: url }), { instanceOf: StartupError })
      const { problems: [problem], exitCode } = error
      t.deepEqual([exitCode, problem?.path], [1, `adapters.${path}`])
      t.regex(problem?.message ?? '', new RegExp(`^Redis at 127.0.0.1:\\d+ refuses: .*${symptom}`))
      t.truthy(problem?.fix)
      said.push(String(error.stack))
    }
  }
  const { message } = await t.throwsAsync<StartupError>(testApp({ config: onRedis({ url: wrong }), only: ['web'] }), { instanceOf: StartupError })
  t.is(message.split('\n').length, 2)
  said.push(message)
  const { message: badUrl } = await t.throwsAsync<StartupError>(testApp({ config: onRedis({ url: `${own.url}/zero` }), only: ['web'] }), { instanceOf: StartupError })
  t.regex(badUrl, /adapters.cache.layered.redis.*number of a database/)
  said.push(badUrl)
})

run('a law that is broken is noticed here too', async (t) => {
  const own = await server(t, {})
  const keeps = async (subject: Cache, law: string): Promise<boolean> => {
    const [check] = Object.entries(cacheContract.laws).filter(([words]) => words.startsWith(law)).map(([, one]) => one)
    return check !== undefined && Promise.resolve(check(subject, {})).then(() => true, () => false)
  }
  const good = await layered(t, own)
  const faulty: Record<string, Cache> = {
    'lets no fill': { ...good, set: (key, value, { ttl, tags = [] }) => good.set(key, value, { ttl, tags }) },
    'drops exactly': { ...good, drop: async (what) => { if ('key' in what) await good.drop(what) } },
    'gives a sealed': { ...good, seal: async (key, value, ms) => { await good.set(key, value, { ttl: ms }) } },
  }
  for (const [law, bad] of Object.entries(faulty)) t.deepEqual([await keeps(good, law), await keeps(bad, law)], [true, false], law)
})

run('no log line and no error tells a password', (t) => {
  t.true(said.length > 10)
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'battery']) t.deepEqual(said.filter((line) => line.includes(secret)), [])
})
