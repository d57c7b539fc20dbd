/**
 * Caches as one writes them at first, which the checker must catch. `naive-delete` removes what a change is about, before the change is
 * committed; whoever reads in between puts it back. `naive-lease` keeps what it read for as long as it is good, whatever others say.
 */
import { Redis } from 'ioredis'
import Joi from 'joi'
import { cache, defineAdapter, definePlugin, errors } from '../../core/index.ts'
import type { Cache, Json } from '../../core/index.ts'

const settings = Joi.object<{ redis: string }, true>({ redis: Joi.string().required() })
const connect = (url: string): Redis => new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 500 }).on('error', () => undefined)

const simple = (redis: Redis): Cache => ({
  get: async (key) => {
    const text = await redis.get(`naive ${key}`).catch(() => null)
    return text === null ? undefined : JSON.parse(text) as Json
  },
  set: async (key, value, { ttl, ifAbsent = false }) => {
    const [place, text] = [`naive ${key}`, JSON.stringify(value)]
    return await (ifAbsent ? redis.set(place, text, 'PX', ttl, 'NX') : redis.set(place, text, 'PX', ttl)).catch(() => null) === 'OK'
  },
  seal: async (key) => { await redis.del(`naive ${key}`).catch((cause: unknown) => { throw errors.unavailable(undefined, { cause }) }) },
  drop: async (what) => { await ('key' in what ? redis.del(`naive ${what.key}`) : redis.flushdb()).catch((cause: unknown) => { throw errors.unavailable(undefined, { cause }) }) },
  generation: async () => '',
})

const deleting = defineAdapter(cache, 'naive-delete', { options: settings, create: (_, { redis }) => simple(connect(redis)) })

const leasing = defineAdapter(cache, 'naive-lease', {
  options: settings,
  create: (_, { redis }): Cache => {
    const client = connect(redis)
    const [shared, held] = [simple(client), new Map<string, { value: Json; until: number }>()]
    return {
      ...shared,
      get: async (key) => {
        const here = held.get(key)
        if (here && here.until > performance.now()) return here.value
        const value = await shared.get(key)
        if (value !== undefined) held.set(key, { value, until: performance.now() + 120_000 })
        return value
      },
      // As the real ones: nobody fills what is sealed.
      set: async (key, value, options) => await client.exists(`naive seal ${key}`).catch(() => 1) === 0 && shared.set(key, value, options),
      seal: async (key, value, ttl) => {
        await client.set(`naive seal ${key}`, '', 'PX', ttl).catch((cause: unknown) => { throw errors.unavailable(undefined, { cause }) })
        await shared.seal(key, value, ttl)
        held.delete(key)
      },
    }
  },
})

export default definePlugin({ name: 'naive-caches', kernel: '^1', adapters: [deleting, leasing] })
