/** The children of a segment, in parent-child form. */
import type { Route } from '../../../core/index.ts'

export const childChunkRoutes: readonly Route[] = []
