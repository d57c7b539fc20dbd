/** The console's view of knowledge bases. */
import type { Route } from '../../../core/index.ts'

export const consoleDatasetRoutes: readonly Route[] = []
