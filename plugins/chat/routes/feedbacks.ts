/** What people think of answers. */
import type { Route } from '../../../core/index.ts'

export const feedbackRoutes: readonly Route[] = []
