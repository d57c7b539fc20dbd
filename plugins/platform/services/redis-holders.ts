/**
 * The processes that hold copies in memory of what Redis has. Each puts its name on a list with every read that it may hold, so whoever
 * changes something learns in the same step who may hold what was before. It waits until each of them has said that it forgot, or until
 * whatever that one had read by then has run out.
 */
import { randomBytes } from 'node:crypto'

/** Milliseconds. */
export const LONGEST_LEASE = 1_000

/** A field of the list and what stood there. */
export interface Listed { readonly field: string; readonly was: string }
/** What may be said of the list afterwards: that the silent hold nothing, and that it is whole. */
export interface Outcome { readonly silent: readonly Listed[]; readonly young: Listed | undefined }
export interface Question {
  /** Comes back with each answer. */
  readonly ticket: string
  /** Resolves once nobody holds what was there before the change. @param list as the change found it: field, value, field, value, … */
  settled(list: readonly string[]): Promise<Outcome>
  end(): void
}
export interface Holders {
  /** Of this process. */
  readonly id: string
  /** For the list, with a read: each time another, so that it shows that we have read again. */
  pledge(): Listed
  /** Asks those who hold to forget, and to say so. `end` it in any case. */
  ask(): Question
  /** Somebody said that it forgot. */
  answer(ticket: string, id: string): void
}

/** Redis may evict the list. One that was begun less than the longest lease ago does not name all who hold something. */
export const SINCE = 'since'
export const LONG_AGO = 'long ago'
const fieldsOf = (list: readonly string[]): Listed[] => list.flatMap((field, index) => index % 2 === 0 ? [{ field, was: list[index + 1] ?? '' }] : [])
/** Its age, where it is not known to be whole. */
export const youthOf = (list: readonly string[]): Listed | undefined => fieldsOf(list).find(({ field, was }) => field === SINCE && was !== LONG_AGO)

/** @param lease milliseconds for which this process holds something at most */
export const redisHolders = (lease: number): Holders => {
  const id = randomBytes(9).toString('base64url')
  const asked = new Map<string, (by: string) => void>()
  let reads = 0
  let questions = 0

  const ask = (): Question => {
    const ticket = String(questions += 1)
    const answered = new Set<string>()
    let look = (): void => undefined
    asked.set(ticket, (by) => {
      answered.add(by)
      look()
    })
    const settled = async (list: readonly string[]): Promise<Outcome> => {
      const start = performance.now()
      const others = fieldsOf(list).filter(({ field }) => field !== SINCE && field !== id)
      const silent = (): Listed[] => others.filter(({ field }) => !answered.has(field))
      const whole = list[list.indexOf(SINCE) + 1] === LONG_AGO
      const end = start + (whole ? Math.max(0, ...others.map(({ was }) => Number.parseInt(was) || LONGEST_LEASE)) : LONGEST_LEASE)
      await new Promise<void>((done) => {
        let timer: NodeJS.Timeout | undefined
        look = () => {
          clearTimeout(timer)
          const left = end - performance.now()
          if (left <= 0 || whole && silent().length === 0) done()
          // It may be early by a millisecond; then it looks again.
          else timer = setTimeout(look, Math.ceil(left))
        }
        look()
      })
      return whole ? { silent: silent(), young: undefined } : { silent: [], young: youthOf(list) }
    }
    return { ticket, settled, end: () => { asked.delete(ticket) } }
  }
  return {
    id, ask,
    pledge: () => ({ field: id, was: `${lease} ${reads += 1}` }),
    answer: (ticket, by) => asked.get(ticket)?.(by),
  }
}
