/** Words by which knowledge bases are sorted. */
import type { Route } from '../../../core/index.ts'

export const tagRoutes: readonly Route[] = []
