/** Asking a chat app, and stopping it. */
import type { Route } from '../../../core/index.ts'

export const chatMessageRoutes: readonly Route[] = []
