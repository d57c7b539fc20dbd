/** What BM25 wants to know of the datasets that are searched: how large they are, and how many of their passages have a term. */
import { LRUCache } from 'lru-cache'
import type { Database } from '../../../core/index.ts'
import type { IndexScope } from '../ports.ts'
import { soughtIn } from './analysis.ts'
import type { Language } from './languages.ts'

export interface Word {
  /** Any of them stands for the word. */
  readonly terms: readonly string[]
  /** Passages that have it: the sum over its terms, of which few have two. */
  readonly passages: number
  /** Its information, as often as the question says it. */
  readonly weight: number
}
export interface Statistics {
  /** The numbers by which the rows of the index name the datasets. */
  readonly datasets: readonly number[]
  readonly words: readonly Word[]
  /** Mean length of a passage, in tokens. */
  readonly mean: number
}

// Every write and every removal adds a row to the sizes, in its own transaction: while the mark is the same, so is the dataset.
const states = `
  SELECT d.id, d.languages, size.*
  FROM text_index_datasets d CROSS JOIN LATERAL (
    SELECT coalesce(sum(segments), 0)::float8 AS segments, coalesce(sum(length), 0)::float8 AS length,
      concat_ws(' ', count(*), sum(id), sum(segments), sum(length)) AS mark
    FROM text_index_sizes WHERE dataset = d.id
  ) AS size
  WHERE d.workspace_id = $1 AND d.dataset_id = ANY ($2::uuid[])`
const counts = `
  SELECT dataset, term, passages
  FROM unnest($1::integer[], $2::text[]) AS asked (dataset, term) CROSS JOIN LATERAL (
    SELECT count(*)::integer AS passages FROM text_index_terms t WHERE t.dataset = asked.dataset AND t.term = asked.term COLLATE "C"
  ) AS known`

interface State { readonly id: number; readonly languages: readonly Language[]; readonly segments: number; readonly length: number; readonly mark: string }

interface Known { readonly mark: string; readonly passages: number }

/** Counts that are remembered: some ten megabytes. */
const REMEMBERED = 100_000

export const createStatistics = (db: Database): ((scope: IndexScope, question: string) => Promise<Statistics>) => {
  // Made when somebody searches: it takes its room at once.
  let made: LRUCache<string, Known> | undefined
  const known = (): LRUCache<string, Known> => made ??= new LRUCache({ max: REMEMBERED })
  const keyOf = (dataset: number, term: string): string => `${dataset} ${term}`

  /** Brings to mind what is not known of these datasets as they are now. */
  const learn = async (datasets: readonly State[], terms: readonly string[]): Promise<void> => {
    const unknown = datasets.flatMap(({ id, mark }) => terms.filter((term) => known().get(keyOf(id, term))?.mark !== mark).map((term) => ({ id, term, mark })))
    if (unknown.length === 0) return
    const rows = await db.query<{ dataset: number; term: string; passages: number }>(counts, [unknown.map(({ id }) => id), unknown.map(({ term }) => term)], { prepared: true })
    const marks = new Map(datasets.map(({ id, mark }) => [id, mark]))
    for (const { dataset, term, passages } of rows) known().set(keyOf(dataset, term), { mark: marks.get(dataset) ?? '', passages })
  }

  return async ({ workspaceId, datasetIds }, question) => {
    const all = await db.query<State>(states, [workspaceId, datasetIds], { prepared: true })
    const datasets = all.filter(({ segments }) => segments > 0)
    const sum = (of: (state: State) => number): number => datasets.reduce((total, state) => total + of(state), 0)
    const segments = sum((state) => state.segments)
    const sought = soughtIn(question, [...new Set(datasets.flatMap(({ languages }) => languages))])
    await learn(datasets, [...new Set(sought.flatMap(({ terms }) => terms))])
    return {
      datasets: datasets.map(({ id }) => id),
      mean: sum((state) => state.length) / Math.max(segments, 1),
      words: sought.map(({ terms, times }) => {
        const found = terms.reduce((total, term) => total + sum(({ id }) => known().get(keyOf(id, term))?.passages ?? 0), 0)
        const passages = Math.min(segments, found)
        return { terms, passages, weight: times * Math.log(1 + (segments - passages + 0.5) / (passages + 0.5)) }
      }),
    }
  }
}
