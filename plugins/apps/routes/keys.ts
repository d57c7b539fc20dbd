/** The keys of an app. */
import type { Route } from '../../../core/index.ts'

export const keyRoutes: readonly Route[] = []
