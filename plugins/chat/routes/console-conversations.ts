/** The console's pages of conversations, messages and feedback. */
import type { Route } from '../../../core/index.ts'

export const consoleConversationRoutes: readonly Route[] = []
