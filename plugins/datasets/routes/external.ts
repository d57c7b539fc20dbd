/** Knowledge that lies outside: by whose addresses it is asked, and how others ask for ours. */
import type { Route } from '../../../core/index.ts'

export const externalRoutes: readonly Route[] = []
