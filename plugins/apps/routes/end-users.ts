/** Those who use an app, as its own system calls them. */
import type { Route } from '../../../core/index.ts'

export const endUserRoutes: readonly Route[] = []
