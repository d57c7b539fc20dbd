/** The console's view of segments and their children. */
import type { Route } from '../../../core/index.ts'

export const consoleSegmentRoutes: readonly Route[] = []
