/** Publish and subscribe over Redis: one subscription a channel, made again whenever Redis is back. */
import { AsyncResource } from 'node:async_hooks'
import type { Json, Logger, Signal } from '../../../core/index.ts'
import { exact } from './redis-names.ts'
import { probe, reasonOf } from './redis.ts'
import type { RedisServer } from './redis.ts'

export interface RedisSignal extends Signal {
  health(): Promise<void>
  close(): void
}
interface Channel {
  readonly listeners: Set<(text: string) => void>
  /** Resolves when messages arrive, or when it is known that they do not yet. */
  joined: Promise<void>
}

export const redisSignal = async (server: RedisServer, { log, prefix }: { readonly log: Logger; readonly prefix: string }): Promise<RedisSignal> => {
  const publisher = server.client
  const subscriber = server.connect({ autoResubscribe: false })
  const channels = new Map<string, Channel>()
  let lost = false

  // Databases share their channels, so the number is part of the name.
  const place = (channel: string): string => `${prefix}:${server.database}:signal:${exact(channel)}`
  const join = async (...names: string[]): Promise<void> => {
    // Away: it joins when it is back.
    if (subscriber.status !== 'ready' || names.length === 0) return
    await subscriber.subscribe(...names).catch((error: unknown) => { server.renew(subscriber, reasonOf(error as Error)) })
  }
  subscriber.on('message', (name, text) => { for (const deliver of [...channels.get(name)?.listeners ?? []]) deliver(text) })
  subscriber.on('ready', () => { void join(...channels.keys()) })
  await probe(subscriber)

  return {
    publish: async (channel, message) => {
      try {
        await publisher.publish(place(channel), JSON.stringify(message))
        lost = false
      } catch (error) {
        if (!lost) log.warn({ channel }, `a message was lost, and more may be: ${reasonOf(error as Error)}`)
        lost = true
      }
    },
    subscribe: async (channel, listener) => {
      // Bound, or a listener would find itself in whatever this connection was opened by.
      const deliver = AsyncResource.bind((text: string): void => {
        try { listener(JSON.parse(text) as Json) } catch (error) { log.error({ err: error, channel }, 'a listener failed') }
      })
      const name = place(channel)
      const known: Channel = channels.get(name) ?? { listeners: new Set(), joined: join(name) }
      channels.set(name, known)
      known.listeners.add(deliver)
      await known.joined
      return async () => {
        known.listeners.delete(deliver)
        if (known.listeners.size > 0 || channels.get(name) !== known) return
        channels.delete(name)
        if (subscriber.status === 'ready') await subscriber.unsubscribe(name).catch(() => undefined)
      }
    },
    health: async () => {
      await server.health()
      await server.health(subscriber)
    },
    close: server.close,
  }
}
