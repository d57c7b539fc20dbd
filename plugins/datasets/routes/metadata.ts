/** Fields that the documents of a knowledge base have beside their text. */
import type { Route } from '../../../core/index.ts'

export const metadataRoutes: readonly Route[] = []
