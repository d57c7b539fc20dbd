/**
 * What keys did: kept in memory and written every second, so that no request waits for it. While the database is away it gathers, up to
 * a bound; what is beyond that is counted and told.
 */
import type Koa from 'koa'
import { fullPath, logger, service } from '../../../core/index.ts'
import type { Actor, Route } from '../../../core/index.ts'
import { auditConfig } from '../config.ts'
import { entries, happened } from './entries.ts'
import type { Happened } from './entries.ts'
import { doerOf } from './requests.ts'

/** Entries that wait at most. */
export const WAITING = 5_000
/** Entries of one statement. */
const BATCH = 500
/** Milliseconds. */
const EVERY = 1_000

export interface KeyUses {
  /** Notes a request that was answered and was not only to read, if a key made it. Never throws, never waits. */
  note(ctx: Koa.Context, status: number): void
  start(): void
  /** Writes what has gathered, once. */
  stop(): Promise<void>
}

const READS = /:(read|list|retrieve)$/

export const keyUses = service('audit.keyUses', {
  uses: { config: auditConfig, entries, log: logger },
  create: ({ config, entries, log }): KeyUses => {
    let waiting: { readonly use: Happened; readonly since: number }[] = []
    let lost = 0
    let timer: NodeJS.Timeout | undefined
    let writing = Promise.resolve()
    const write = async (): Promise<void> => {
      if (lost > 0) log.warn({ lost }, 'more was done by keys than could be written down')
      lost = 0
      try {
        while (waiting.length > 0) {
          const [batch, now] = [waiting.slice(0, BATCH), performance.now()]
          await entries.write(batch.map(({ use, since }) => ({ ...use, ago: now - since })))
          waiting = waiting.slice(batch.length)
        }
      } catch (error) {
        log.warn({ err: error, waiting: waiting.length }, 'what keys did could not be written down; trying again')
      }
    }
    const flush = (): Promise<void> => writing = writing.then(write)
    return {
      note: (ctx, status) => {
        const { actor, route } = ctx.state as { readonly actor?: Actor; readonly route?: Route }
        if (actor?.kind !== 'key' || !route) return
        // Beside what was done, what was tried without permission.
        if (status >= 400 && status !== 403) return
        if (!config.retrievals && READS.test(route.access)) return
        if (waiting.length >= WAITING) {
          lost += 1
          return
        }
        const use = happened({
          workspaceId: actor.workspaceId, action: route.access.replace(':', '.'), resource: resourceOf(ctx, route, actor.workspaceId),
          details: { method: ctx.method, path: fullPath(route), status },
        }, doerOf(ctx))
        waiting.push({ use, since: performance.now() })
      },
      start: () => { timer = setInterval(() => { void flush() }, EVERY).unref() },
      stop: async () => {
        clearInterval(timer)
        await flush()
        if (waiting.length > 0) log.error({ lost: waiting.length }, 'what keys did last could not be written down')
      },
    }
  },
})

/** What the path names; else the workspace. */
const resourceOf = (ctx: Koa.Context, { resource }: Route, workspaceId: string): Happened['resource'] => {
  const [type, source] = typeof resource === 'object' ? Object.entries(resource)[0] as [string, string] : ['', '']
  const [from, name = ''] = source.split('.')
  const id = from === 'params' ? (ctx['params'] as Record<string, string> | undefined)?.[name]?.toLowerCase() : undefined
  return id === undefined ? { type: 'workspace', id: workspaceId } : { type, id }
}
