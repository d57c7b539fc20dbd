/** Segments made, changed and deleted by hand. */
import type { Route } from '../../../core/index.ts'

export const segmentChangeRoutes: readonly Route[] = []
