/** Asking a completion app, and stopping it. */
import type { Route } from '../../../core/index.ts'

export const completionMessageRoutes: readonly Route[] = []
