/** What this server is made of, as plugins and the command line may read it. */
import { definePort } from './plugin.ts'
import type { Job } from './plugin.ts'
import type { Route } from './route.ts'

export interface Catalogue {
  /** Of the kernel. */
  readonly version: string
  /** In start order. */
  readonly plugins: readonly { readonly name: string; readonly source: string }[]
  readonly adapters: readonly {
    readonly port: string
    readonly instance: string
    readonly adapter: string
    readonly plugin: string
    /** See `Adapter.onlyOne`. */
    readonly onlyOne: string | undefined
  }[]
  /** permission → what it allows. */
  readonly permissions: ReadonlyMap<string, string>
  readonly routes: readonly Route[]
  readonly jobs: readonly Job[]
  readonly tables: ReadonlyMap<string, string>
}
/** Filled by the kernel itself. */
export const catalogue = definePort<Catalogue>('catalogue')
