/** What a client is told of the app that its key is for. */
import type { Route } from '../../../core/index.ts'

export const aboutRoutes: readonly Route[] = []
