/** Publish and subscribe over Redis: one subscription a channel, made again whenever Redis is back. */
import { AsyncResource } from 'node:async_hooks'
import type { Json, Logger, Signal } from '../../../core/index.ts'
import { redisListener } from './redis-listener.ts'
import { exact } from './redis-names.ts'
import { reasonOf } from './redis.ts'
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
  const channels = new Map<string, Channel>()
  let lost = false

  // Databases share their channels, so the number is part of the name.
  const place = (channel: string): string => `${prefix}:${server.database}:signal:${exact(channel)}`
  const listener = await redisListener(server, {
    log, hear: (name, text) => { for (const deliver of [...channels.get(name)?.listeners ?? []]) deliver(text) },
  })

  return {
    publish: async (channel, message) => {
      try {
        await server.client.publish(place(channel), JSON.stringify(message))
        lost = false
      } catch (error) {
        if (!lost) log.warn({ channel }, `a message was lost, and more may be: ${reasonOf(error as Error)}`)
        lost = true
      }
    },
    subscribe: async (channel, listen) => {
      // Bound, or a listener would find itself in whatever this connection was opened by.
      const deliver = AsyncResource.bind((text: string): void => {
        try { listen(JSON.parse(text) as Json) } catch (error) { log.error({ err: error, channel }, 'a listener failed') }
      })
      const name = place(channel)
      const known: Channel = channels.get(name) ?? { listeners: new Set(), joined: listener.join(name) }
      channels.set(name, known)
      known.listeners.add(deliver)
      await known.joined
      return async () => {
        known.listeners.delete(deliver)
        if (known.listeners.size > 0 || channels.get(name) !== known) return
        channels.delete(name)
        await listener.leave(name)
      }
    },
    health: async () => {
      await server.health()
      await listener.health()
    },
    close: server.close,
  }
}
