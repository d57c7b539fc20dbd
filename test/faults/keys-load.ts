/** Clients that make, use and change keys all the time, through whichever process they happen on, and write down what they were told. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import { forgetConnections, send } from './keys-console.ts'
import type { Reply, Session } from './keys-console.ts'
import type { KeyAnswer, KeyHistory, KeyOperation, Reach } from './keys-operations.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface LiveKey {
  readonly name: string
  readonly id: string
  /** The first first. */
  readonly secrets: { readonly name: string; readonly token: string }[]
  reach: Reach
  /** One change at a time. */
  busy: boolean
  dead: boolean
  /** Whether it was given an end: another one might be a later one. */
  ends: boolean
  /** When a change of it was begun last. */
  changed: number
}
export interface Maker { readonly name: string; readonly accountId: string; readonly session: Session; removed: boolean }
export interface KeyWorld {
  readonly seed: number
  readonly fleet: Fleet
  readonly history: KeyHistory
  readonly owner: Maker
  readonly makers: Maker[]
  /** A key that nobody touches, to delete datasets with. */
  readonly rootToken: string
  readonly datasets: string[]
  readonly deleted: Set<string>
  readonly keys: LiveKey[]
  /** Of earlier schedules, and dead. */
  readonly graves: readonly LiveKey[]
}
/** Milliseconds after which a client gives up. */
const PATIENCE = { use: 1_000, change: 6_000, afterwards: 20_000 }

export interface Clients {
  /** How many changes have been acknowledged. */
  readonly changed: number
  /** Until told to stop. */
  run(until: AbortSignal): Promise<void>
  make(dice: Random): Promise<void>
  /** Every key on every process, once all is healed. Returns what was not answered. */
  sweep(): Promise<readonly string[]>
}

export const clients = (world: KeyWorld): Clients => {
  const { seed, fleet, history, owner, makers, datasets, deleted, keys, graves } = world
  const web = fleet.of('web')
  /** Until when a process is left alone: it did not answer, or took a session for none. */
  const shunned = new Map<string, number>()
  const somebody = (dice: Random) => {
    const open = web.filter(({ name }) => (shunned.get(name) ?? 0) < performance.now())
    return dice.pick(open.length > 0 && dice.chance(0.9) ? open : web)
  }
  let [asked, changed] = [0, 0]
  const ask = async (operation: KeyOperation, server: { name: string; url: string }, call: (url: string) => Promise<Reply>): Promise<Reply | undefined> => {
    const id = `${seed}.${asked += 1}`
    history.add({ type: 'invoked', id, operation, to: server.name })
    try {
      const reply = await call(server.url)
      const { status, body } = reply
      const answer: KeyAnswer = { status, ...operation.do === 'use' && operation.dataset === null && status === 200 ? { reach: readable(body) } : {} }
      const outcome = status < 300 ? 'ok' : status < 500 ? 'refused' : 'unknown'
      if (outcome === 'ok' && operation.do !== 'use' && operation.do !== 'make') changed += 1
      history.add({ type: 'answered', id, outcome, detail: outcome === 'ok' ? '' : JSON.stringify(body).slice(0, 200), answer })
      if (operation.do !== 'use' && status === 401 || status >= 500) shunned.set(server.name, performance.now() + 300)
      return reply
    } catch (error) {
      history.add({ type: 'answered', id, outcome: 'unknown', detail: (error as Error).message })
      shunned.set(server.name, performance.now() + 300)
      return undefined
    }
  }

  const use = (key: LiveKey, secret: LiveKey['secrets'][number], dataset: string | null, server: { name: string; url: string }, patience = PATIENCE.use): Promise<Reply | undefined> =>
    ask({ do: 'use', key: key.name, secret: secret.name, dataset }, server, (url) =>
      send(url, 'GET', dataset === null ? '/v1/whoami' : `/v1/datasets/${dataset}`, { authorization: `Bearer ${secret.token}` }, undefined, patience))
  const useOne = async (dice: Random): Promise<void> => {
    const hot = keys.filter(({ busy, changed }) => busy || changed > performance.now() - 150)
    const alive = keys.filter(({ dead }) => !dead)
    // Where something is being changed, most look there.
    const key = dice.pick(dice.pick([hot, hot, hot, hot, alive, alive, alive, graves].filter((some) => some.length > 0)))
    const secret = dice.chance(0.8) ? key.secrets.at(-1) : dice.pick(key.secrets)
    const reached = key.reach === 'all' ? datasets : key.reach
    const dataset = dice.chance(0.15) ? null : dice.pick(reached.length > 0 && dice.chance(0.7) ? reached : datasets)
    if (secret) await use(key, secret, dataset, somebody(dice))
  }

  const console = (path: string): string => `/console/api/datasets/api-keys${path}`
  const make = async (dice: Random): Promise<void> => {
    const maker = dice.pick([owner, ...makers.filter(({ removed }) => !removed)])
    const there = datasets.filter((id) => !deleted.has(id))
    const some = there.filter(() => dice.chance(0.6))
    const reach: Reach = dice.chance(0.15) ? 'all' : some.length > 0 ? some : there.slice(0, 1)
    const name = `${seed}.k${asked + 1}`
    const path = reach !== 'all' && reach.length === 1 && dice.chance(0.7) ? `/console/api/datasets/${reach[0] ?? ''}/api-keys` : console('')
    const body = path !== console('') || reach === 'all' ? {} : { grants: reach.map((id) => ({ dataset_id: id, rights: [dice.pick(['read', 'write', 'manage'])] })) }
    const reply = await ask({ do: 'make', key: name, maker: maker.name, reach }, somebody(dice), (url) => send(url, 'POST', path, maker.session, body, PATIENCE.change))
    if (reply && reply.status < 300) {
      const { id, token } = reply.body as { id: string; token: string }
      keys.push({ name, id, secrets: [{ name: `${name}#1`, token }], reach, busy: false, dead: false, ends: false, changed: performance.now() })
    }
  }

  const changes = {
    revoke: async (key: LiveKey, dice: Random) => {
      const reply = await ask({ do: 'revoke', key: key.name }, somebody(dice), (url) => send(url, 'DELETE', console(`/${key.id}`), owner.session, undefined, PATIENCE.change))
      key.dead ||= reply?.status === 204 || reply?.status === 404
    },
    narrow: async (key: LiveKey, dice: Random) => {
      const reach = (key.reach === 'all' ? datasets : key.reach).filter((id) => !deleted.has(id) && dice.chance(0.5))
      // What may only be searched may not be read; 'retrieve' is the rest of a right.
      const body = dice.chance(0.5) || key.reach === 'all' ? { dataset_ids: reach } : { grants: [...reach.map((id) => [id, 'read']), ...key.reach.filter((id) => !reach.includes(id) && !deleted.has(id)).map((id) => [id, 'retrieve'])].map(([id, right]) => ({ dataset_id: id, rights: [right] })) }
      const reply = await ask({ do: 'narrow', key: key.name, reach }, somebody(dice), (url) => send(url, 'PATCH', console(`/${key.id}`), owner.session, body, PATIENCE.change))
      if (reply?.status === 200) key.reach = reach
    },
    expire: async (key: LiveKey, dice: Random) => {
      if (key.ends) return changes.narrow(key, dice)
      key.ends = true
      const end = Math.floor(Date.now() / 1000) + dice.between(1, 2)
      const byHistory = end * 1000 - (Date.now() - performance.now())
      await ask({ do: 'expire', key: key.name, end: byHistory }, somebody(dice), (url) => send(url, 'PATCH', console(`/${key.id}`), owner.session, { expires_at: end }, PATIENCE.change))
    },
    rotate: async (key: LiveKey, dice: Random) => {
      const name = `${key.name}#${asked + 1}`
      const reply = await ask({ do: 'rotate', key: key.name, secret: name }, somebody(dice), (url) => send(url, 'POST', console(`/${key.id}/rotate`), owner.session, {}, PATIENCE.change))
      if (reply?.status === 200) key.secrets.push({ name, token: (reply.body as { token: string }).token })
    },
  }
  const removeMaker = async (dice: Random): Promise<void> => {
    const maker = makers.find(({ removed }) => !removed)
    if (!maker) return
    const reply = await ask({ do: 'remove maker', maker: maker.name }, somebody(dice), (url) =>
      send(url, 'DELETE', `/console/api/workspaces/current/members/${maker.accountId}`, owner.session, undefined, PATIENCE.change))
    maker.removed = reply !== undefined && reply.status < 500 && reply.status !== 401
  }
  const deleteDataset = async (dice: Random): Promise<void> => {
    const dataset = datasets.find((id) => !deleted.has(id))
    if (dataset === undefined || datasets.length - deleted.size < 3) return
    deleted.add(dataset)
    await ask({ do: 'delete dataset', dataset }, somebody(dice), (url) => send(url, 'DELETE', `/v1/datasets/${dataset}`, { authorization: `Bearer ${world.rootToken}` }, undefined, PATIENCE.change))
  }
  const changeOne = async (dice: Random): Promise<void> => {
    if (dice.chance(0.06)) return removeMaker(dice)
    if (dice.chance(0.05)) return deleteDataset(dice)
    const ready = keys.filter(({ busy, dead }) => !busy && !dead)
    if (ready.length < 4) return
    const key = dice.pick(ready)
    key.busy = true
    key.changed = performance.now()
    try { await changes[dice.pick(['revoke', 'revoke', 'narrow', 'rotate', 'expire'] as const)](key, dice) } finally { key.busy = false }
  }

  const repeat = async (client: number, until: AbortSignal, work: (dice: Random) => Promise<void>, rest: readonly [number, number]): Promise<void> => {
    const dice = random(seed * 1_000 + client)
    while (!until.aborted) {
      await work(dice)
      await sleep(dice.between(...rest))
    }
  }
  return {
    get changed() { return changed },
    make,
    run: async (until) => {
      await Promise.all([
        ...Array.from({ length: 10 }, (_, index) => repeat(index, until, useOne, [5, 20])),
        ...Array.from({ length: 3 }, (_, index) => repeat(100 + index, until, changeOne, [100, 350])),
        ...Array.from({ length: 2 }, (_, index) => repeat(200 + index, until, make, [60, 150])),
      ])
    },
    sweep: async () => {
      const problems: string[] = []
      forgetConnections()
      for (const [turn, server] of web.entries()) {
        await Promise.all(keys.map(async (key, index) => {
          const [secret, reached] = [key.secrets.at(-1), key.reach === 'all' ? datasets : key.reach]
          const dataset = [null, reached[0] ?? null, datasets.find((id) => !reached.includes(id)) ?? null][(index + turn) % 3] ?? null
          if (!secret) return
          const reply = await use(key, secret, dataset, server, PATIENCE.afterwards)
          if (!reply || reply.status >= 500) problems.push(`${server.name} answered ${reply?.status ?? 'nothing'} to ${secret.name}`)
        }))
      }
      return problems
    },
  }
}

interface Whoami { readonly reach: { readonly datasets: 'all' | readonly { readonly id: string; readonly rights: readonly string[] }[] } }
/** What a key was told that it may read. */
const readable = (body: unknown): Reach => {
  const { datasets } = (body as Whoami).reach
  return datasets === 'all' ? 'all' : datasets.filter(({ rights }) => rights.includes('read')).map(({ id }) => id)
}
