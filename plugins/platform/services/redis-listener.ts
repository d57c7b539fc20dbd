/** The connection that hears what is published. It joins its channels again whenever Redis is back. */
import type { Logger } from '../../../core/index.ts'
import { isLate, NO_ANSWER, probe, reasonOf } from './redis.ts'
import type { RedisServer } from './redis.ts'

export interface RedisListener {
  /** Resolves when messages arrive, or when it is known that they do not yet. */
  join(...channels: string[]): Promise<void>
  leave(channel: string): Promise<void>
  /** Throws while it does not hear. */
  health(): Promise<void>
}
interface Ears {
  readonly log: Logger
  hear(channel: string, text: string): void
  /** Whether messages of all channels arrive from now on; between the two some are lost. */
  listening?(all: boolean): void
}

/** Milliseconds. */
const RETRY = 500

export const redisListener = async (server: RedisServer, { log, hear, listening }: Ears): Promise<RedisListener> => {
  const client = server.connect({ autoResubscribe: false })
  const channels = new Set<string>()
  const connected = (): boolean => client.status === 'ready'
  let trouble: string | undefined
  let retry: NodeJS.Timeout | undefined

  const subscribe = async (names: readonly string[]): Promise<void> => {
    // Away: it joins when it is back.
    if (!connected()) return
    try {
      if (names.length > 0) await client.subscribe(...names)
      if (names.length < channels.size) return
      trouble = undefined
      listening?.(channels.size > 0)
    } catch (error) {
      listening?.(false)
      if (!connected()) return
      if (isLate(error)) {
        server.renew(client, NO_ANSWER)
        return
      }
      const reason = `${server.place} does not let us listen: ${reasonOf(error as Error)}`
      if (reason !== trouble) log.warn(reason)
      trouble = reason
      clearTimeout(retry)
      retry = setTimeout(() => { void subscribe([...channels]) }, RETRY).unref()
    }
  }
  client.on('message', hear)
  client.on('ready', () => { void subscribe([...channels]) })
  client.on('close', () => { listening?.(false) })
  await probe(client)

  return {
    join: (...names) => {
      for (const name of names) channels.add(name)
      return subscribe(names)
    },
    leave: async (channel) => {
      channels.delete(channel)
      if (connected()) await client.unsubscribe(channel).catch(() => undefined)
    },
    health: async () => {
      await server.health(client)
      if (trouble !== undefined) throw new Error(trouble)
    },
  }
}
