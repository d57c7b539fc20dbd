/** The conversations of an end user. */
import type { Route } from '../../../core/index.ts'

export const conversationRoutes: readonly Route[] = []
