/** The console's pages of apps: made, listed, changed, copied, deleted. */
import type { Route } from '../../../core/index.ts'

export const consoleAppRoutes: readonly Route[] = []
