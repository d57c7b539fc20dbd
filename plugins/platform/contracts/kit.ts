/** What the suites share. */
export { default as assert } from 'node:assert/strict'
export { defineContract } from '../../../core/index.ts'

/** Strings that a careless adapter takes for something else: syntax, wildcards, prefixes of each other, too much, nothing. */
export const strangeStrings: readonly string[] = [
  '', ' ', 'a', 'A', 'a:', 'a:b', 'a*', '*', '%', '_', '?', '[a]', "'", '"', "'; DROP TABLE x; --", '\\', '\\u0000', '$1', '$$', '{}', 'null', '\0',
  'a\0b', '\n', '__proto__', 'constructor', 'é', 'e\u0301', '知识', '\u202e', '\ud83d\ude00', 'x'.repeat(65_536), `${'x'.repeat(65_535)}y`,
]
let made = 0
/** A name that no other law uses. */
export const freshName = (): string => `contract-${process.pid}-${Date.now().toString(36)}-${made += 1}`
export const strangeNames = (name = freshName()): string[] => strangeStrings.map((text) => name + text)

export const oops = (): never => { throw new Error('oops') }
export const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms) })
/** Waits until `check` holds. */
export const eventually = async (check: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const end = Date.now() + 10_000
  while (!await check()) await (Date.now() < end ? pause(10) : Promise.reject(new Error(`in vain we waited until ${what}`)))
}

/** A law of a port that takes many: it holds for each instance, and is told by the name of the one that breaks it. */
export const eachOf = <T>(law: (one: T) => void | Promise<void>) => async (all: ReadonlyMap<string, T>): Promise<void> => {
  if (all.size === 0) throw new Error('the configuration names no instance, so nothing was tried')
  for (const [name, one] of all) {
    try { await law(one) } catch (error) { throw new Error(`${name}: ${(error as Error).message}`, { cause: error }) }
  }
}
