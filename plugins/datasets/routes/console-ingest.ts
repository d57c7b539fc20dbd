/** What the console does before there are documents: files sent, and a look at what they would become. */
import type { Route } from '../../../core/index.ts'

export const consoleIngestRoutes: readonly Route[] = []
