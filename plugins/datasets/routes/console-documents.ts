/** The console's view of documents. */
import type { Route } from '../../../core/index.ts'

export const consoleDocumentRoutes: readonly Route[] = []
