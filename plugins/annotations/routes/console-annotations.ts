/** The console's pages of written answers. */
import type { Route } from '../../../core/index.ts'

export const consoleAnnotationRoutes: readonly Route[] = []
