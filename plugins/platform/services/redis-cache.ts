/** A cache in one Redis, shared by all processes that name it. While Redis is away everything is a miss, and what was dropped is owed. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../../../core/index.ts'
import type { Cache, Json, Logger } from '../../../core/index.ts'
import { wholeMs } from './memory-cache.ts'
import type { RedisServer } from './redis.ts'
import { redisDebts } from './redis-debts.ts'
import type { Debt, Told } from './redis-debts.ts'
import { LONG_AGO, LONGEST_LEASE, youthOf } from './redis-holders.ts'
import type { Holders, Question } from './redis-holders.ts'
import { redisLink } from './redis-link.ts'
import { EVERYTHING, keyName, nameOf, tagName } from './redis-names.ts'
import { redisScripts } from './redis-scripts.ts'

export interface ServedCache extends Cache {
  /** Throws while it gives only misses. */
  health(): Promise<void>
  close(): void | Promise<void>
}
export interface RedisCache extends ServedCache {
  /** @param hold whether the caller wants to hold it */
  find(key: string, hold?: boolean): Promise<Found | undefined>
}
export interface Found {
  readonly value: Json
  /** Milliseconds that it had left when it was read. */
  readonly ttl: number
  /** Names that end it when one of them is announced. */
  readonly names: readonly string[]
  /** Whether it may be held: those who change it will wait for us. */
  readonly mayHold: boolean
}
interface Settings {
  readonly log: Logger
  readonly prefix: string
  /** Where processes hold copies: how they hear what is forgotten, `<process> <ticket> <name>`, and who they are. */
  readonly copies?: { readonly channel: string; readonly holders: Holders }
}

/** Milliseconds: longer than a fill lasts; longer than entries mostly last, since a mark that ends takes its entries along. */
const KEY_MARK = 600_000
const TAG_MARK = 86_400_000
/** Milliseconds: nothing stays for ever in a Redis that was started again since, where nobody looks for it any more. */
const LONGEST = 30 * 86_400_000
const lifetime = (ttl: number): number => Math.min(wholeMs(ttl), LONGEST)

export const redisCache = async (server: RedisServer, { log, prefix, copies }: Settings): Promise<RedisCache> => {
  const scripts = redisScripts(server.client)
  const places = (space: string, name: string): string[] => [`${space}seal ${name}`, `${space}entry ${name}`, `${space}mark ${name}`]
  const listOf = (space: string): string => `${space}holders`
  const channel = copies?.channel ?? ''
  const words = (name: string, ticket = ''): string => copies ? `${copies.holders.id} ${ticket} ${name}` : ''

  const tellRedis = (space: string, { name, seal }: Debt, ticket?: string): Promise<unknown> => {
    const [ttl, list] = [seal ? Math.ceil(seal.until - performance.now()) : 0, copies ? listOf(space) : '']
    if (!seal || ttl <= 0) return scripts.forget(places(space, name), [channel, words(name, ticket), list, token()])
    return scripts.seal(places(space, name), [`${space}mark `, seal.json, ttl, token(), TAG_MARK, channel, words(name, ticket), list, EVERYTHING])
  }
  const pay = async (debt: Debt): Promise<Told> => {
    const question = copies?.holders.ask()
    try {
      const [space, list] = await link.ask(async (space) => [space, await tellRedis(space, debt, question?.ticket) as string[]] as const)
      return { everywhere: question ? forgotten(question, space, list) : Promise.resolve() }
    } catch (error) {
      question?.end()
      throw error
    }
  }
  /** Once nobody holds what was before. */
  const forgotten = async (question: Question, space: string, list: readonly string[]): Promise<void> => {
    const { silent, young } = await question.settled(list)
    question.end()
    for (const { field, was } of silent) void amend(space, field, was, '')
    if (young) void amend(space, young.field, young.was, LONG_AGO)
  }
  /** Where this fails, the next who changes something waits for longer than it would have to. */
  const amend = (space: string, field: string, was: string, then: string): Promise<unknown> =>
    scripts.amend([listOf(space)], [field, was, then]).catch(() => undefined)
  /** So that it is known to be whole by the time that somebody changes something. */
  const beginList = async (): Promise<void> => {
    const [space, list] = await link.ask(async (space) => [space, await scripts.holders([listOf(space)], [token()]) as string[]] as const)
    const young = youthOf(list)
    if (!young) return
    await sleep(LONGEST_LEASE + 10, undefined, { ref: false })
    await amend(space, young.field, young.was, LONG_AGO)
  }
  const debts = redisDebts(pay, () => link.space !== undefined)
  const link = await redisLink(server, prefix, log, () => {
    void debts.settle()
    if (copies) setImmediate(() => { beginList().catch(() => undefined) })
  })

  /** Undefined where Redis cannot be asked now, or must not be, because it does not know yet what was dropped. */
  const ask = async <T>(command: (space: string) => Promise<T>): Promise<T | undefined> => {
    if (link.space === undefined || debts.size > 0) return undefined
    try { return await link.ask(command) } catch { return undefined }
  }
  const tell = async (debt: Debt): Promise<void> => {
    try { await debts.take(debt) } catch (cause) {
      throw errors.unavailable('The cache does not answer, so other processes may go by the old state for now. Try again in a moment.', { cause: new Error((cause as Error).message) })
    }
  }
  const find = async (key: string, hold = false): Promise<Found | undefined> => {
    const [name, pledge] = [keyName(key), hold ? copies?.holders.pledge() : undefined]
    const found = await ask((space) => scripts.find([...places(space, name).slice(0, 2), listOf(space)], [`${space}mark `, pledge?.field ?? '', pledge?.was ?? '']))
    // Asked again, since a drop may have failed meanwhile.
    if (!found || debts.size > 0) return undefined
    const [json, ttl, names, listed] = found as [string, number, string[], number]
    return { value: JSON.parse(json) as Json, ttl, names, mayHold: listed === 1 }
  }

  return {
    find,
    get: async (key) => (await find(key))?.value,
    set: async (key, value, { ttl, tags = [], ifAbsent = false, generation }) => {
      const [ms, json, name] = [lifetime(ttl), JSON.stringify(value), keyName(key)]
      const names = [EVERYTHING, ...new Set(tags.map(tagName))]
      const marks = generation === undefined ? undefined : readGeneration(generation)
      const expected = [name, ...names].map((one) => marks?.get(one))
      if (generation !== undefined && expected.includes(undefined)) return false
      return await ask((space) => scripts.store(places(space, name), [
        `${space}mark `, json, ms, token(), TAG_MARK, channel, words(name), ifAbsent ? 1 : 0, expected[0] ?? '',
        ...names.flatMap((one, index) => [one, expected[index + 1] ?? '']),
      ])) === 1
    },
    seal: async (key, value, ttl) => tell({ name: keyName(key), seal: { json: JSON.stringify(value), until: performance.now() + lifetime(ttl) } }),
    drop: (what) => tell({ name: nameOf(what) }),
    generation: async (key, tags = []) => {
      const names = [keyName(key), EVERYTHING, ...new Set(tags.map(tagName))]
      const marks = await ask((space) => scripts.generation(names.map((name) => `${space}mark ${name}`), [token(), KEY_MARK, TAG_MARK])) as string[] | undefined
      return marks ? JSON.stringify(names.map((name, index) => [name, marks[index]])) : ''
    },
    health: async () => {
      await link.health()
      if (debts.size > 0) throw new Error(`${server.place} has yet to be told what was dropped (${debts.size})`)
      try { await link.ask((space) => scripts.forget([`${space}entry health`], ['', '', copies ? listOf(space) : '', token()])) } catch (error) {
        throw new Error(`${server.place} cannot be told what to forget: ${(error as Error).message}`)
      }
    },
    close: async () => {
      if (copies && link.space !== undefined) await server.client.hdel(listOf(link.space), copies.holders.id).catch(() => undefined)
      server.close()
    },
  }
}

const token = (): string => randomBytes(12).toString('base64url')

const readGeneration = (text: string): ReadonlyMap<string, string> => {
  try { return new Map(JSON.parse(text) as [string, string][]) } catch { return new Map() }
}
