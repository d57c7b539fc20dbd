/**
 * What clients do with keys. Keys and makers have names of the history's own, such as `3.7`, datasets their ids; `3.7#1` is the first
 * secret of a key, `3.7#2` the one after its first rotation. No secret stands in a history.
 */
import type { Event, History } from './history.ts'

/** Datasets that a key may read. */
export type Reach = 'all' | readonly string[]
export type KeyOperation =
  | { readonly do: 'make'; readonly key: string; readonly maker: string; readonly reach: Reach }
  /** Without a dataset it asks what it reaches. */
  | { readonly do: 'use'; readonly key: string; readonly secret: string; readonly dataset: string | null }
  | { readonly do: 'revoke'; readonly key: string }
  | { readonly do: 'narrow'; readonly key: string; readonly reach: readonly string[] }
  /** `end`: by the history's clock. */
  | { readonly do: 'expire'; readonly key: string; readonly end: number }
  /** Without an overlap: every secret before `secret` ends. */
  | { readonly do: 'rotate'; readonly key: string; readonly secret: string }
  | { readonly do: 'remove maker'; readonly maker: string }
  | { readonly do: 'delete dataset'; readonly dataset: string }
/** `reach`: what it was told that it reaches. */
export interface KeyAnswer { readonly status: number; readonly reach?: Reach }
export type KeyEvent = Event<KeyOperation, KeyAnswer>
export type KeyHistory = History<KeyOperation, KeyAnswer>
