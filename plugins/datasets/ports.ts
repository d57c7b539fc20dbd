/** Knowledge bases: what other plugins may ask of them, and the seams where indexing and retrieval are swapped. */
import type { Readable } from 'node:stream'
import { definePort } from '../../core/index.ts'
import type { ModelRef } from '../models/ports.ts'

export type SearchMethod = 'semantic_search' | 'full_text_search' | 'hybrid_search' | 'keyword_search'
export interface RetrievalSettings {
  readonly method: SearchMethod
  readonly topK: number
  /** Results below it are dropped (`>=` stays); undefined: none. */
  readonly scoreThreshold?: number
  /** Hybrid: shares of the vector and the text score, which sum to 1. */
  readonly weights?: { readonly vector: number; readonly text: number }
}
export interface RetrievedSegment {
  readonly segmentId: string
  readonly documentId: string
  readonly documentName: string
  readonly datasetId: string
  readonly content: string
  /** 0..1, comparable between queries. */
  readonly score: number
}
export interface NewText { readonly name: string; readonly text: string }

export interface Datasets {
  /** Of these ids, those that exist in the workspace. */
  existing(workspaceId: string, ids: readonly string[]): Promise<readonly string[]>
  /** Of these ids, the names of those that exist in the workspace. */
  names(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Of these names, the ids of those that exist in the workspace. */
  named(workspaceId: string, names: readonly string[]): Promise<ReadonlyMap<string, string>>
  create(owner: { workspaceId: string; accountId: string }, dataset: { name: string; indexingTechnique?: 'high_quality' | 'economy' }): Promise<{ readonly id: string }>
  /** The names of the tags that these datasets bear, in order; those without any are left out. */
  tags(workspaceId: string, datasetIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** Puts tags on a dataset; each is made where the workspace has none of the name (1 to 50 characters). Throws 404. */
  tag(owner: { workspaceId: string; accountId: string }, datasetId: string, names: readonly string[]): Promise<void>
  /** Takes tags off a dataset; they themselves stay. */
  untag(workspaceId: string, datasetId: string, names: readonly string[]): Promise<void>
  /** Adds documents and starts their indexing; resolves to their ids once they are stored. They are cut as the dataset does it, unless said otherwise. */
  addTexts(
    owner: { workspaceId: string; accountId: string }, datasetId: string, texts: readonly NewText[], segmentation?: SegmentationRule): Promise<readonly string[]>
  /** The passages that answer best, score descending. Searches only the given datasets of the workspace, enabled and completed documents. */
  retrieve(workspaceId: string, datasetIds: readonly string[], query: string, settings: RetrievalSettings, signal?: AbortSignal): Promise<readonly RetrievedSegment[]>
}
export const datasets = definePort<Datasets>('datasets')

/** Who must act in the transaction that deletes a dataset. */
export interface DatasetLifecycle { deleting(dataset: { readonly workspaceId: string; readonly id: string }): Promise<void> }
export const datasetLifecycle = definePort<DatasetLifecycle>('datasetLifecycle', { many: true })

/** A segment as the indexes know it. */
export interface IndexedText { readonly segmentId: string; readonly documentId: string; readonly text: string }
export interface IndexScope { readonly workspaceId: string; readonly datasetIds: readonly string[] }
/** Score: 0..1, higher is better, the same meaning for every query. */
export interface Hit { readonly segmentId: string; readonly score: number }

/** Nearest neighbours by cosine. `write` and `remove` join the caller's transaction and are idempotent by segment. */
export interface VectorIndex {
  write(dataset: { workspaceId: string; id: string }, entries: readonly { readonly segmentId: string; readonly documentId: string; readonly vector: Float32Array }[]): Promise<void>
  /** By segment, by document, or all of the dataset. */
  remove(dataset: { workspaceId: string; id: string }, what: { segmentIds: readonly string[] } | { documentId: string } | 'all'): Promise<void>
  /**
   * The best `limit` segments, best first, and those of `also`, whatever their rank. Only what is enabled, of enabled, completed
   * documents, and scores above 0.
   */
  search(scope: IndexScope, vector: Float32Array, limit: number, also?: readonly string[]): Promise<readonly Hit[]>
}
export const vectorIndex = definePort<VectorIndex>('vectorIndex', { fallback: 'exact' })

/** Ranked full text. `write` and `remove` join the caller's transaction and are idempotent by segment. */
export interface TextIndex {
  write(dataset: { workspaceId: string; id: string }, entries: readonly IndexedText[]): Promise<void>
  remove(dataset: { workspaceId: string; id: string }, what: { segmentIds: readonly string[] } | { documentId: string } | 'all'): Promise<void>
  /** As of `VectorIndex`. */
  search(scope: IndexScope, query: string, limit: number, also?: readonly string[]): Promise<readonly Hit[]>
  /** The words by which a text is best found, best first. */
  keywords(text: string, count: number): readonly string[]
}
export const textIndex = definePort<TextIndex>('textIndex', { fallback: 'bm25' })

export interface SegmentationRule { readonly separator: string; readonly maxLength: number; readonly overlap: number }
export interface ChunkingRule {
  readonly mode: 'automatic' | 'custom'
  readonly segmentation: SegmentationRule
  readonly removeExtraSpaces: boolean
  readonly removeUrlsEmails: boolean
}
/** Cuts a text into passages. Lengths are Unicode code points. */
export interface Chunker { split(text: string, rule: ChunkingRule): readonly string[] }
export const chunker = definePort<Chunker>('chunker', { fallback: 'recursive' })

/** Reads text out of a file. */
export interface Extractor {
  /** File name endings, lower case, without the dot. */
  readonly extensions: readonly string[]
  /** Throws an error whose message helps the person who sent the file. */
  extract(file: Readable, options: { readonly name: string; readonly signal?: AbortSignal }): Promise<string>
}
export const extractor = definePort<Extractor>('extractor', { many: true })

export type { ModelRef }
