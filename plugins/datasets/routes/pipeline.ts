/** Pipelines, which do not exist yet. */
import type { Route } from '../../../core/index.ts'

export const pipelineRoutes: readonly Route[] = []
