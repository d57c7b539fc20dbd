/** Files that end users send with their questions, and what serves them. */
import type { Route } from '../../../core/index.ts'

export const fileRoutes: readonly Route[] = []
