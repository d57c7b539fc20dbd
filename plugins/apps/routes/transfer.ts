/** Apps as files: written out, and read in again. */
import type { Route } from '../../../core/index.ts'

export const transferRoutes: readonly Route[] = []
