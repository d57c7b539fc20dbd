/**
 * Who else works on this database. An adapter that serves one process only, such as the cache in memory, would answer wrongly beside
 * another process: then the second does not start, and says what to use instead. All times are the database's.
 */
import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { catalogue, database, logger, service, StartupError } from '../../../core/index.ts'

/** Milliseconds between two signs of life, and after the last of them until a process counts as gone. */
const BEAT = 2_000
const LEASE = 10_000

interface Lonely { readonly path: string; readonly instead: string }
interface Process { readonly id: string; readonly host: string; readonly pid: number; readonly onlyOne: readonly Lonely[]; readonly seen: string }
export interface Processes {
  /** Throws a StartupError where this process and one that runs already exclude each other. */
  join(): Promise<void>
  leave(): Promise<void>
}

export const processes = service('platform.processes', {
  uses: { db: database, all: catalogue, log: logger },
  create: ({ db, all, log }): Processes => {
    const id = randomUUID()
    const mine: Lonely[] = all.adapters.flatMap(({ port, instance, onlyOne }) => onlyOne === undefined ? [] : [{ path: `adapters.${port}.${instance}`, instead: onlyOne }])
    let beating: NodeJS.Timeout | undefined
    let beat: Promise<void> | undefined
    let said: string | undefined

    const enter = async (): Promise<void> => {
      await db.query(
        'INSERT INTO processes (id, host, pid, only_one) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET seen_at = now()',
        [id, here, process.pid, JSON.stringify(mine)])
    }
    /** Enters unless a process that lives is in the way, and returns those that are. */
    const tryToEnter = (): Promise<Process[]> => db.transaction(async () => {
      await db.query(`SELECT pg_advisory_xact_lock(hashtext('mortise.processes'))`)
      await db.query(`DELETE FROM processes WHERE seen_at < now() - $1 * interval '1 ms'`, [LEASE])
      const others = await db.query<Process>('SELECT id, host, pid, only_one AS "onlyOne", seen_at::text AS seen FROM processes WHERE id <> $1', [id])
      const inTheWay = others.filter((other) => mine.length + other.onlyOne.length > 0 && !hasEnded(other))
      if (inTheWay.length === 0) await enter()
      return inTheWay
    })

    const giveSign = async (): Promise<void> => {
      let trouble: string | undefined
      try {
        const [known] = await db.query('UPDATE processes SET seen_at = now() WHERE id = $1 RETURNING 1', [id])
        // Where this process stood still for longer than its lease, another may have begun meanwhile.
        const [other] = known ? [] : await tryToEnter()
        if (other) trouble = `this process stood still, and another began: stop one of the two. ${refusal(other, mine).message}`
      } catch (error) { trouble = `this process could not give a sign of life; it is tried again: ${(error as Error).message}` }
      if (trouble !== undefined && trouble !== said) log.error(trouble)
      said = trouble
      beat = undefined
    }

    return {
      join: async () => {
        // Nobody else can open it.
        if (db.exclusive) return
        const seen = new Map<string, string>()
        for (let others = await tryToEnter(); others.length > 0; others = await tryToEnter()) {
          // One that was killed gives no further sign of life and is gone when its lease is over.
          const alive = others.find((other) => (seen.get(other.id) ?? other.seen) !== other.seen)
          if (alive) throw refusal(alive, mine)
          for (const other of others) seen.set(other.id, other.seen)
          await sleep(BEAT / 4)
        }
        // One at a time: a database that stands still must not be asked on ever more connections.
        beating = setInterval(() => { beat ??= giveSign() }, BEAT).unref()
      },
      leave: async () => {
        if (!beating) return
        clearInterval(beating)
        await beat
        await db.query('DELETE FROM processes WHERE id = $1', [id])
      },
    }
  },
})

/** Where a number means the same process. Containers may share the name of their host, and each counts its processes from 1. */
const here = ((): string => {
  try { return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}` } catch { return hostname() }
})()
/** Of a process that counts with us one can know more: a number that nobody has, or that is now ours. */
const hasEnded = ({ host, pid }: Process): boolean => {
  if (host !== here) return false
  if (pid === process.pid) return true
  try { process.kill(pid, 0) } catch (error) { return (error as NodeJS.ErrnoException).code === 'ESRCH' }
  return false
}

const refusal = ({ host, pid, onlyOne }: Process, mine: readonly Lonely[]): StartupError => new StartupError(
  [...new Map([...mine, ...onlyOne].map((one) => [one.path, one])).values()].map(({ path, instead }) => ({
    path, message: `serves one process only, and process ${pid} on ${host} works on this database too`, fix: `${instead}. The same goes for every process of this deployment.`,
  })), { exitCode: 1 })
