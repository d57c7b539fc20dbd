/** The messages of an end user, and what may be asked next. */
import type { Route } from '../../../core/index.ts'

export const messageRoutes: readonly Route[] = []
