/** Written answers, for clients with a key of the app. */
import type { Route } from '../../../core/index.ts'

export const annotationRoutes: readonly Route[] = []
