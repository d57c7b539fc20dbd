/**
 * Turns between groups, for all processes: start-time fair queuing. A group's next ticket starts where its last one ended, or now where
 * it had nothing waiting; "now" is the start of the ticket that was served last. Bull serves tickets by a number, the smallest first, and
 * that start is it, below the priority.
 */
import type { Redis } from 'ioredis'

export interface Turn {
  readonly priority: number
  readonly start: number
}

const DAY = 86_400_000
/** Priorities are told apart from −2048 to 2047, and below each there is room for some 10^12 tickets. */
const LEVELS = 2_048
const ROOM = 2 ** 40

// A worker may note how it fared with a ticket that Redis has forgotten meanwhile. What is left of it then names no job and is no ticket.
const NEXT = `
  if redis.call('HEXISTS', KEYS[1], 'data') == 1 then return -1 end
  redis.call('DEL', KEYS[1])
  local now, ended = redis.call('GET', KEYS[2]), redis.call('ZSCORE', KEYS[3], ARGV[1])
  local start = math.max(tonumber(now or 0), tonumber(ended or 0))
  redis.call('ZADD', KEYS[3], start + 1, ARGV[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
  return start`
const SERVED = `
  if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
  end`

const levelOf = (priority: number): number => Math.min(LEVELS - 1, Math.max(-LEVELS, priority))
/** From 1, since 0 means "no priority" to Bull. */
export const bullPriority = ({ priority, start }: Turn): number => (LEVELS - 1 - levelOf(priority)) * ROOM + start + 1

export const bullTurns = (redis: Redis, prefix: string) => {
  const keys = (name: string, priority: number): [string, string] => [`${prefix}:${name}:turns:${levelOf(priority)}:now`, `${prefix}:${name}:turns:${levelOf(priority)}:ends`]
  return {
    /** The turn of a new ticket; undefined where Bull has this ticket already. */
    next: async (name: string, priority: number, group: string, ticketKey: string): Promise<Turn | undefined> => {
      const start = Number(await redis.eval(NEXT, 3, ticketKey, ...keys(name, priority), group, DAY))
      return start < 0 ? undefined : { priority, start }
    },
    served: async (name: string, { priority, start }: Turn): Promise<void> => {
      await redis.eval(SERVED, 2, ...keys(name, priority), start, DAY)
    },
  }
}
