/** What serves `vectorIndex` and `textIndex`. */
import { bm25 } from './text-bm25.ts'
import { exact } from './vector-exact.ts'
import { pgvector } from './vector-pgvector.ts'

export const adapters = [exact, pgvector, bm25]
