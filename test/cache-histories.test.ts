/**
 * Random histories of a cache, against a model that knows which value may be seen. A cache may forget; what it must not do is to give what was
 * dropped, overwritten or sealed, or take a fill that began before. Here Redis is so small that it evicts whatever it likes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import type { Cache, Json } from '../core/index.ts'
import { layeredCache } from '../plugins/platform/adapters/cache-layered.ts'
import { redisCache } from '../plugins/platform/adapters/cache-redis.ts'
import { forgetEverywhere } from '../plugins/platform/contracts/cache.ts'
import { ownRedis, redisProgram } from './support/services.ts'

type Step =
  | { do: 'set'; key: number; tags: readonly number[]; ifAbsent: boolean }
  | { do: 'begin'; key: number; tags: readonly number[] }
  | { do: 'fill'; which: number }
  | { do: 'get' | 'seal' | 'drop'; key: number }
  | { do: 'drop tag'; tag: number }
  | { do: 'fill up' }
const [KEYS, TAGS] = [4, 3]
const key = fc.nat(KEYS - 1)
const tags = fc.uniqueArray(fc.nat(TAGS - 1))
const step: fc.Arbitrary<Step & { by: number }> = fc.tuple(fc.nat(2), fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), key, tags, ifAbsent: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), key, tags }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fill' as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'seal' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop tag' as const), tag: fc.nat(TAGS - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fill up' as const) }) },
)).map(([by, what]) => ({ by, ...what }))

let made = 0
let [hits, evicted] = [0, 0]
/**
 * Throws where a step saw or did what it must not. @param processes as many caches as processes, of one Redis
 * @param overwrites whether values are replaced by others: who holds a copy hears of that a moment later
 */
const follow = async (processes: readonly Cache[], steps: readonly (Step & { by: number })[], overwrites: boolean): Promise<void> => {
  const run = made += 1
  const [keyAt, tagAt] = [(at: number) => `${run} k${at}`, (at: number) => `${run} t${at}`]
  interface Value { readonly value: Json; readonly tags: readonly number[]; readonly sealed: boolean }
  const may = new Map<number, Value>()
  const fills: { key: number; tags: readonly number[]; generation: string; spoilt: boolean }[] = []
  const spoil = (hit: (fill: { key: number; tags: readonly number[] }) => boolean): void => { for (const fill of fills) if (hit(fill)) fill.spoilt = true }
  const fresh = (): Json => `${made += 1} ${'x'.repeat(1_000)}`
  const written = (at: number, value: Json, of: readonly number[]): void => { may.set(at, { value, tags: of, sealed: false }) }
  for (const now of steps) {
    const cache = processes[now.by % processes.length] as Cache
    if (now.do === 'get') {
      const [seen, allowed] = [await cache.get(keyAt(now.key)), may.get(now.key)]
      if (seen !== undefined && seen !== allowed?.value) throw new Error(`saw ${JSON.stringify(seen).slice(0, 10)} where only ${JSON.stringify(allowed?.value ?? null).slice(0, 10)} may be`)
      if (seen !== undefined) hits += 1
      else if (allowed) evicted += 1
    } else if (now.do === 'set') {
      const value = fresh()
      if (await cache.set(keyAt(now.key), value, { ttl: 60_000, tags: now.tags.map(tagAt), ifAbsent: now.ifAbsent || !overwrites })) written(now.key, value, now.tags)
    } else if (now.do === 'begin') {
      fills.push({ key: now.key, tags: now.tags, generation: await cache.generation(keyAt(now.key), now.tags.map(tagAt)), spoilt: false })
    } else if (now.do === 'fill') {
      const fill = fills[now.which % fills.length]
      if (!fill) continue
      const value = fresh()
      const taken = await cache.set(keyAt(fill.key), value, { ttl: 60_000, tags: fill.tags.map(tagAt), generation: fill.generation, ifAbsent: !overwrites })
      if (taken && fill.spoilt) throw new Error('took a fill that began before a drop or a seal')
      if (taken) written(fill.key, value, fill.tags)
    } else if (now.do === 'seal') {
      const value = fresh()
      await cache.seal(keyAt(now.key), value, 60_000)
      may.set(now.key, { value, tags: [], sealed: true })
      spoil((fill) => fill.key === now.key)
    } else if (now.do === 'drop') {
      await cache.drop({ key: keyAt(now.key) })
      may.delete(now.key)
      spoil((fill) => fill.key === now.key)
    } else if (now.do === 'drop tag') {
      await cache.drop({ tag: tagAt(now.tag) })
      for (const [at, { tags: of, sealed }] of may) if (of.includes(now.tag) && !sealed) may.delete(at)
      spoil((fill) => fill.tags.includes(now.tag))
    } else {
      for (let index = 0; index < 3; index += 1) await cache.set(`filler ${made += 1}`, 'y'.repeat(4_000), { ttl: 60_000 })
    }
  }
}

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const histories = (processes: readonly Cache[], runs: number, { maxLength = 60, overwrites = true } = {}): Promise<void> =>
  fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength }), (steps) => follow(processes, steps, overwrites)), { numRuns: runs })

const run = redisProgram() !== undefined ? test : test.skip
run('no history shows a stale value in a Redis that evicts at random, and a cache that is broken is caught', async (t) => {
  const own = await ownRedis({ settings: ['--maxmemory-policy', 'allkeys-random'] })
  t.teardown(own.remove)
  const redis = async (): Promise<Cache> => {
    const it = await redisCache.create({ log }, { url: own.url, prefix: 'p' })
    t.teardown(() => redisCache.dispose?.(it))
    return it
  }
  const layered = async ({ url }: { url: string }): Promise<Cache> => {
    const it = await layeredCache.create({ log }, { redis: url, prefix: 'q', lease: 1_000, maxEntries: 100, maxBytes: 100_000 })
    t.teardown(() => layeredCache.dispose?.(it))
    return it
  }
  const [a, b] = [await redis(), await redis()]
  const few = await Promise.all([0, 1, 2].map(() => layered(own)))
  const used = /used_memory:(\d+)/.exec(String(await own.call('INFO', 'memory')))?.[1]
  await own.call('CONFIG', 'SET', 'maxmemory', Number(used) + 150_000)
  await histories([a, b], 300)
  // Where Redis may have evicted the list of those who hold copies, each change waits for as long as any of them may.
  await Promise.all(few.map((one) => histories([one], 2, { maxLength: 20 })))
  const evictions = Number(/evicted_keys:(\d+)/.exec(String(await own.call('INFO', 'stats')))?.[1])
  t.log(`${hits} hits, ${evicted} values gone, ${evictions} evictions`)
  t.true(hits > 250 && evicted > 50 && evictions > 500)

  const roomy = await ownRedis()
  t.teardown(roomy.remove)
  const copies = [await layered(roomy), await layered(roomy), await layered(roomy)]
  await sleep(1_200)
  const before = hits
  await histories(copies, 150, { overwrites: false })
  t.log(`${hits - before} hits by three processes with copies`)
  t.true(hits - before > 200)
  await forgetEverywhere(copies)

  const faults: Record<string, (good: Cache) => Cache> = {
    'forgets no tags': (good) => ({ ...good, drop: async (what) => { if ('key' in what) await good.drop(what) } }),
    'takes every fill': (good) => ({ ...good, set: (at, value, { ttl, tags: of = [] }) => good.set(at, value, { ttl, tags: of }) }),
    'seals nothing': (good) => ({ ...good, seal: async () => undefined }),
    'holds what another drops': (good) => {
      const held = new Map<string, Json>()
      return {
        ...good,
        get: async (at) => {
          const value = held.get(at) ?? await good.get(at)
          if (value !== undefined) held.set(at, value)
          return value
        },
        set: async (at, value, options) => { held.delete(at); return good.set(at, value, options) },
        drop: async (what) => { held.clear(); await good.drop(what) },
      }
    },
  }
  for (const [fault, make] of Object.entries(faults)) await t.throwsAsync(histories([make(a), make(b)], 300), undefined, fault)
})
