/**
 * The connection of a cache. What one run of a Redis holds is trusted in that run alone: a Redis that was started again, perhaps from an
 * old snapshot, or one that took over from another, may have lost what was dropped. So every run has a space of its own.
 */
import type { Logger } from '../../../core/index.ts'
import { isLate, NO_ANSWER, reasonOf } from './redis.ts'
import type { RedisServer } from './redis.ts'

export interface RedisLink {
  /** What the names of this run begin with; undefined while Redis is away. */
  readonly space: string | undefined
  /** Runs commands, looks after the connection where they fail, and throws what they throw. */
  ask<T>(command: (space: string) => Promise<T>): Promise<T>
  /** Throws the reason why it is not open. */
  health(): Promise<void>
}

/** Milliseconds. */
const RETRY = 500

/** @param opened is called whenever the link has become usable */
export const redisLink = async (server: RedisServer, prefix: string, log: Logger, opened: () => void): Promise<RedisLink> => {
  const { client, place } = server
  const { ReplyError } = await import('ioredis') as { ReplyError: typeof Error }
  let space: string | undefined
  let trouble: string | undefined
  let connection = 0
  let last = { run: '', id: 0 }
  let doubted = false
  let said = ''

  const enter = async (mine: number): Promise<void> => {
    try {
      const info = await client.info()
      const run = /^run_id:(\w+)/m.exec(info)?.[1]
      if (run === undefined) throw new Error('it does not say which run it is (run_id in INFO)')
      if (!/^role:master/m.test(info)) throw new Error('it is a replica, which cannot be written to')
      // What the last connection sent and nobody answered must not be carried out after what this one will send.
      if (run === last.run) await client.client('KILL', 'ID', last.id).catch(() => undefined)
      last = { run, id: await client.client('ID') }
      if (mine !== connection) return
      space = `${prefix}:${run.slice(0, 16)}:`
      trouble = undefined
      said = ''
      opened()
    } catch (error) {
      if (mine !== connection || client.status !== 'ready') return
      if (isLate(error)) {
        server.renew(client, NO_ANSWER)
        return
      }
      complain(reasonOf(error as Error))
      setTimeout(() => { if (mine === connection) void enter(mine) }, RETRY).unref()
    }
  }
  const complain = (reason: string): void => {
    trouble = `${place} cannot serve as a cache: ${reason}`
    if (reason !== said) log.warn(trouble)
    said = reason
  }
  /** A late answer may be our own fault, when this process was busy. A ping that is late too is not. */
  const doubt = async (): Promise<void> => {
    if (doubted) return
    doubted = true
    await client.ping().catch((error: unknown) => { if (isLate(error)) server.renew(client, NO_ANSWER) })
    doubted = false
  }

  client.on('ready', () => { void enter(connection += 1) })
  client.on('close', () => {
    connection += 1
    space = undefined
  })
  if (client.status === 'ready') await enter(connection += 1)

  return {
    get space() { return space },
    ask: async (command) => {
      if (space === undefined) throw new Error(`${place} does not answer`)
      try { return await command(space) } catch (error) {
        if (isLate(error)) void doubt()
        else if (error instanceof ReplyError) {
          complain(error.message)
          // Somebody made it a replica. Before Redis 7 the word stands in the middle of what a script says.
          if (/\bREADONLY\b/.test(error.message)) {
            space = undefined
            void enter(connection += 1)
          }
        }
        throw error
      }
    },
    health: async () => {
      await server.health()
      if (space === undefined) throw new Error(trouble ?? `${place} has only just answered`)
    },
  }
}
