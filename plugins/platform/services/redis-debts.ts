/** What Redis must be told to forget. What it could not be told is owed, and told as soon as it can be. */
import { EVERYTHING } from './redis-names.ts'

/** A drop of a key or a tag, or a seal where there is a value; `until` by `performance.now()`. */
export interface Debt {
  readonly name: string
  readonly seal?: { readonly json: string; readonly until: number }
}
/** What follows once Redis has been told: when other processes know too. Never rejected. */
export interface Told { readonly everywhere: Promise<void> }
export interface RedisDebts {
  readonly size: number
  /** Pays at once, at the second try where the first was only late, and resolves when all know; or throws, and owes it. */
  take(debt: Debt): Promise<void>
  /** Pays what is owed. */
  settle(): Promise<void>
}

/** More than so many are not remembered one by one: then everything is forgotten. */
const MANY = 1_000
/** Milliseconds. */
const RETRY = 200

/** @param open whether paying may work, so that failing is worth another try; whoever opens calls `settle` */
export const redisDebts = (pay: (debt: Debt) => Promise<Told>, open: () => boolean): RedisDebts => {
  const owed = new Map<string, Debt>()
  const paid = new WeakMap<Debt, Told>()
  let settling: Promise<void> | undefined

  const payAll = async (): Promise<void> => {
    await Promise.allSettled([...owed.values()].map(async (debt) => {
      paid.set(debt, await pay(debt))
      if (owed.get(debt.name) === debt) owed.delete(debt.name)
    }))
    settling = undefined
    if (owed.size > 0 && open()) setTimeout(() => { void settle() }, RETRY).unref()
  }
  const settle = (): Promise<void> => settling ??= payAll()
  const owe = (debt: Debt): void => {
    // Of a name only the last counts: each undoes whatever was before it.
    owed.delete(debt.name)
    owed.set(debt.name, debt)
    if (owed.size > MANY) {
      owed.clear()
      owed.set(EVERYTHING, { name: EVERYTHING })
    }
  }
  return {
    get size() { return owed.size },
    settle,
    take: async (debt) => {
      const earlier = owed.get(debt.name)
      const told = await pay(debt).catch(async (error: unknown) => {
        owe(debt)
        if (open()) await settle()
        const late = paid.get(debt)
        if (!late) throw error
        return late
      })
      if (earlier && owed.get(debt.name) === earlier) owed.delete(debt.name)
      return told.everywhere
    },
  }
}
