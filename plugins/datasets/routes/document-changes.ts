/** Documents replaced, put in another state, and downloaded together. */
import type { Route } from '../../../core/index.ts'

export const documentChangeRoutes: readonly Route[] = []
