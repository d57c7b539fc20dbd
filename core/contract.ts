/** Contract suites: the laws of a port, run against every adapter of it, ours and a third party's alike. */
import type { Deps, Port, Uses } from './plugin.ts'

/** Throws (`node:assert` is enough) where the subject breaks the law. A law may not assume an empty store: it uses names of its own. */
export type Law<T, U extends Uses> = (subject: T, deps: Deps<U>) => void | Promise<void>

export interface Contract<T = any, U extends Uses = any> {
  readonly port: Port<T>
  /** What the laws need beside the subject, resolved from the same server. */
  readonly uses: U
  /** Sentence → check. The sentence is what a broken adapter's author reads. */
  readonly laws: Readonly<Record<string, Law<T, U>>>
}

export const defineContract = <T, const U extends Uses = {}>(
  port: Port<T>, definition: { uses?: U; laws: Record<string, Law<T, U>> },
): Contract<T, U> => Object.freeze({ port, laws: definition.laws, uses: (definition.uses ?? {}) as U })
