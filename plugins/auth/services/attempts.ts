/**
 * Slows guessing down without giving anybody a way to lock an account: what counts is the pair of account and address.
 *
 * All processes count in the database, by its clock. Without it the limiter is closed (503): nobody could sign in then anyway. It uses no
 * cache and no Redis, so that whoever takes those away gains no try.
 */
import { createHmac } from 'node:crypto'
import { database, deriveKey, networkOf, serverConfig, service } from '../../../core/index.ts'
import { authErrors } from '../errors.ts'
import { SignInAttempt } from '../models/sign-in-attempt.ts'

/** From the `FREE`th try on a pair must wait before the next: a second, then twice as long each time, `LONGEST` seconds at most. */
const FREE = 5
const LONGEST = 15 * 60
/** Seconds without a try after which the count begins anew. */
const MEMORY = 60 * 60

export interface Attempts {
  /** Counts a try before its outcome is known, so that many at once, in many processes, gain nothing. Throws 429 with Retry-After while the pair must wait. */
  take(email: string, address: string): Promise<void>
  clear(email: string, address: string): Promise<void>
  /** Removes what counts no more; resolves to the number of pairs. */
  forget(): Promise<number>
}

const old = `now() - ${MEMORY} * interval '1 second'`
/** The count with this try: an expression over the row that is there. */
const count = `CASE WHEN a.last_at < ${old} THEN 1 ELSE a.count + 1 END`

export const attempts = service('auth.attempts', {
  uses: { db: database, server: serverConfig, SignInAttempt },
  create: ({ db, server, SignInAttempt }): Attempts => {
    const key = deriveKey(server, 'sign-in attempts')
    const pairOf = async (email: string, address: string): Promise<string> => {
      // As the database finds accounts: it takes more letters for the same than JavaScript does. Alike for those that nobody has.
      const [row] = await db.query<{ name: string }>('SELECT lower($1::text) AS name', [email])
      return createHmac('sha256', key).update(JSON.stringify([row?.name, networkOf(address)])).digest('hex')
    }
    return {
      take: async (email, address) => {
        const pair = await pairOf(email, address)
        // One statement: of many at once each sees the count that the one before it left. It touches nothing while the pair must wait. The first tries
        // compare no times: whoever comes second may have begun earlier.
        const taken = await db.query(
          `INSERT INTO sign_in_attempts AS a (pair, count, next_at, last_at) VALUES ($1, 1, now(), now())
           ON CONFLICT (pair) DO UPDATE SET count = ${count}, last_at = now(), next_at = now() + interval '1 second'
             * CASE WHEN ${count} < ${FREE} THEN 0 ELSE least(power(2, least(${count} - ${FREE}, 20)), ${LONGEST}) END
           WHERE a.count < ${FREE} OR a.next_at <= now() RETURNING 1`, [pair])
        if (taken.length > 0) return
        const [row] = await db.query<{ wait: number }>('SELECT ceil(extract(epoch FROM next_at - now()))::int AS wait FROM sign_in_attempts WHERE pair = $1', [pair])
        throw authErrors.tooManyAttempts(undefined, { headers: { 'Retry-After': String(Math.max(1, row?.wait ?? 1)) } })
      },
      clear: async (email, address) => { await SignInAttempt.destroy({ where: { pair: await pairOf(email, address) } }) },
      forget: async () => (await db.query(`DELETE FROM sign_in_attempts WHERE last_at < ${old} RETURNING 1`)).length,
    }
  },
})
