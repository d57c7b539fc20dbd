/** Knowledge bases: what other plugins may ask of them, and the seams where indexing and retrieval are swapped. */
import type { Readable } from 'node:stream'
import { definePort } from '../../core/index.ts'
import type { Actor } from '../../core/index.ts'
import type { Imported } from '../auth/ports.ts'
import type { ModelRef } from '../models/ports.ts'

export type SearchMethod = 'semantic_search' | 'full_text_search' | 'hybrid_search' | 'keyword_search'
/** `start with` and `end with`, `contains`: as it is written, case and all. Order: numbers and times (epoch seconds) as numbers. */
export type ComparisonOperator =
  | 'contains' | 'not contains' | 'start with' | 'end with' | 'is' | 'is not' | 'in' | 'not in' | 'empty' | 'not empty'
  | '=' | '≠' | '>' | '<' | '≥' | '≤' | 'before' | 'after'
export interface MetadataCondition {
  /** The name of a field of the documents' metadata. */
  readonly name: string
  readonly operator: ComparisonOperator
  /** Null or absent: the condition says nothing and is left out, but for `empty` and `not empty`, which take none. */
  readonly value?: string | number | readonly string[] | null
}
export interface MetadataFilter { readonly match: 'all' | 'any'; readonly conditions: readonly MetadataCondition[] }

export interface RetrievalSettings {
  readonly method: SearchMethod
  readonly topK: number
  /** Results below it are dropped (`>=` stays), after fusion or reranking; undefined: none. */
  readonly scoreThreshold?: number
  /** Hybrid: shares of the vector and the text score, which sum to 1. */
  readonly weights?: { readonly vector: number; readonly text: number }
  /** The model that scores what was found anew. */
  readonly rerank?: ModelRef
  /** Only documents for which it holds are searched. */
  readonly filter?: MetadataFilter
  /**
   * Told of each dataset whose knowledge lies in an external service that did not answer, in words for whoever asked; what the other datasets
   * have is given all the same. Without it, or where no dataset answered, such a search throws 400 `completion_request_error`: nothing is lost unseen.
   */
  readonly onUnanswered?: (datasetId: string, message: string) => void
  /**
   * The app that asks, and its end user or the person who tries it. The question is then kept with each dataset, and what was found has one hit
   * more: give it once for each question, and not where the knowledge is only looked at.
   */
  readonly askedBy?: { readonly appId: string; readonly userId: string }
}
export interface RetrievedChild { readonly id: string; readonly position: number; readonly content: string; readonly score: number }
export interface RetrievedSegment {
  readonly segmentId: string
  readonly documentId: string
  readonly documentName: string
  readonly datasetId: string
  readonly content: string
  /** Of a pair of question and answer. */
  readonly answer: string | null
  /** 0..1, comparable between queries. */
  readonly score: number
  /** Parent-child: the children by which it was found, best first. */
  readonly children: readonly RetrievedChild[]
  /** Of what an external service found, of which there is no row that `cite` could read. */
  readonly citation?: Citation
}
/** What an answer tells of a passage that it was made from, as it is now. */
export interface Citation {
  readonly datasetName: string
  /** `upload_file` for texts too, and `external`. */
  readonly dataSourceType: string
  readonly hitCount: number
  /** Code points. */
  readonly wordCount: number
  /** From 1, in its document. */
  readonly position: number
  readonly indexNodeHash: string
  /** By the name of the field; null where the document has none. */
  readonly documentMetadata: Readonly<Record<string, unknown>> | null
}
/** `open`: requests with an API key may touch it. */
export interface DatasetSummary { readonly id: string; readonly name: string; readonly description: string; readonly open: boolean }
export interface NewText { readonly name: string; readonly text: string }

export interface Datasets {
  /** Of these ids, those that exist in the workspace. */
  existing(workspaceId: string, ids: readonly string[]): Promise<readonly string[]>
  /** All of the workspace, or those of these ids that it has; by name. */
  list(workspaceId: string, ids: 'all' | readonly string[]): Promise<readonly DatasetSummary[]>
  /** Throws 404 where the workspace has no such dataset, and 403 where it is not shared with the account that asks. */
  reach(actor: Actor, id: string): Promise<void>
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
  /** By segment, what can be said of it; those that the workspace does not have (any more) are left out. */
  cite(workspaceId: string, segmentIds: readonly string[]): Promise<ReadonlyMap<string, Citation>>
}
export const datasets = definePort<Datasets>('datasets')

/** Who must act in the transaction that deletes a dataset. */
export interface DatasetLifecycle { deleting(dataset: { readonly workspaceId: string; readonly id: string }): Promise<void> }
export const datasetLifecycle = definePort<DatasetLifecycle>('datasetLifecycle', { many: true })

/** A segment as the text index knows it. */
export interface IndexedText {
  readonly segmentId: string
  readonly documentId: string
  readonly text: string
  /** Words by which it is to be found too, though they may not stand in the text. */
  readonly keywords?: readonly string[]
}
/** What is searched: of these datasets, the enabled segments of enabled, completed documents, and only of `documentIds` where they are given. */
export interface IndexScope { readonly workspaceId: string; readonly datasetIds: readonly string[]; readonly documentIds?: readonly string[] }
/** Score: 0..1, higher is better, the same meaning for every query. */
export interface Hit { readonly segmentId: string; readonly score: number }
export interface IndexedDataset { readonly workspaceId: string; readonly id: string }
type Some = { readonly segmentIds: readonly string[] } | { readonly documentId: string } | 'all'

/** A segment has one vector, whose id is its own, or in parent-child form one for each child. */
export interface IndexedVector { readonly id: string; readonly segmentId: string; readonly documentId: string; readonly vector: Float32Array }
/** `family`: the cosine between the question and the mean of all vectors of the segment; of a vector that is one of several, or of a child. */
export interface VectorHit extends Hit { readonly id: string; readonly family?: number }

/** Nearest neighbours by cosine. `write` and `remove` join the caller's transaction and are idempotent by id. */
export interface VectorIndex {
  write(dataset: IndexedDataset, entries: readonly IndexedVector[]): Promise<void>
  /** By vector, by segment (all of its vectors), by document, or all of the dataset. */
  remove(dataset: IndexedDataset, what: Some | { readonly ids: readonly string[] }): Promise<void>
  /**
   * Vectors best first, scores above 0: of the `limit` segments that have the best, each at least its best one; and of those of `also`
   * each its best, whatever its rank.
   */
  search(scope: IndexScope, vector: Float32Array, limit: number, also?: readonly string[]): Promise<readonly VectorHit[]>
}
export const vectorIndex = definePort<VectorIndex>('vectorIndex', { fallback: 'exact' })

/** Ranked full text. `write` and `remove` join the caller's transaction and are idempotent by segment. */
export interface TextIndex {
  write(dataset: IndexedDataset, entries: readonly IndexedText[]): Promise<void>
  remove(dataset: IndexedDataset, what: Some): Promise<void>
  /** The best `limit` segments, best first, and those of `also`, whatever their rank; scores above 0. */
  search(scope: IndexScope, query: string, limit: number, also?: readonly string[]): Promise<readonly Hit[]>
  /** The words by which a text is best found, best first. */
  keywords(text: string, count: number): readonly string[]
}
export const textIndex = definePort<TextIndex>('textIndex', { fallback: 'bm25' })

export interface SegmentationRule { readonly separator: string; readonly maxLength: number; readonly overlap: number }
export interface ChunkingRule {
  /** `whole`: the text is one passage; where that would be longer than `segmentation.maxLength` it is refused, with an error that says so. */
  readonly mode: 'automatic' | 'custom' | 'whole'
  readonly segmentation: SegmentationRule
  /** Parent-child: how each passage is cut again. */
  readonly children?: SegmentationRule
  readonly removeExtraSpaces: boolean
  readonly removeUrlsEmails: boolean
}
export interface Passage { readonly content: string; readonly children?: readonly string[] }
/**
 * Cuts a text into passages. Lengths are Unicode code points. The text comes in pieces of any size, cut anywhere: their sizes make no
 * difference to the passages, and the memory that it takes does not grow with the text (but for `whole`).
 */
export interface Chunker { split(text: AsyncIterable<string>, rule: ChunkingRule): AsyncIterable<Passage> }
export const chunker = definePort<Chunker>('chunker', { fallback: 'recursive' })

export interface ExtractOptions { readonly name: string; readonly signal?: AbortSignal }
export interface Pair { readonly question: string; readonly answer: string }
/** Reads text out of a file. Both throw an error whose message helps the person who sent the file. */
export interface Extractor {
  /** File name endings, lower case, without the dot. */
  readonly extensions: readonly string[]
  /** The text in pieces, in order. A blank line stands between what belongs apart: pages, rows, slides, chapters. */
  extract(file: Readable, options: ExtractOptions): AsyncIterable<string>
  /** Questions and answers, of files that have them in columns. */
  pairs?(file: Readable, options: ExtractOptions): AsyncIterable<Pair>
}
export const extractor = definePort<Extractor>('extractor', { many: true })

interface Foreign { readonly workspaceId: string; readonly id: string; readonly createdBy: string; readonly createdAt: Date }
export interface ImportedDataset extends Foreign {
  readonly name: string
  readonly description: string
  readonly permission: string
  /** With whom it is shared, where the permission is `partial_members`. */
  readonly members: readonly string[]
  readonly indexingTechnique: string | null
  readonly embedding: ModelRef | null
  /** As the source has it; what cannot be read is left out, and told. */
  readonly retrievalModel: unknown
  readonly enableApi: boolean
  readonly builtInFields: boolean
  readonly updatedAt: Date
}
export interface ImportedRule extends Foreign { readonly datasetId: string; readonly mode: string; readonly rules: unknown }
export interface ImportedField extends Foreign { readonly datasetId: string; readonly type: string; readonly name: string }
export interface ImportedTag extends Foreign { readonly name: string }
export interface ImportedTagging { readonly workspaceId: string; readonly tagId: string; readonly datasetId: string }
export interface ImportedChild { readonly id: string; readonly content: string; readonly type: 'automatic' | 'customized'; readonly createdAt: Date; readonly updatedAt: Date }
export interface ImportedSegment {
  readonly id: string
  readonly position: number
  readonly content: string
  readonly answer: string | null
  readonly keywords: readonly string[]
  readonly wordCount: number
  readonly tokens: number
  readonly hitCount: number
  readonly enabled: boolean
  readonly disabledAt: Date | null
  readonly disabledBy: string | null
  readonly createdBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly children: readonly ImportedChild[]
}
/** One whose indexing came to its end where it was made. */
export interface ImportedDocument extends Foreign {
  readonly datasetId: string
  readonly name: string
  readonly batch: string
  readonly ruleId: string | null
  readonly source: string
  readonly createdFrom: 'api' | 'web'
  readonly form: string
  readonly language: string
  readonly type: string | null
  readonly metadata: Readonly<Record<string, string | number | null>>
  readonly enabled: boolean
  readonly disabledAt: Date | null
  readonly disabledBy: string | null
  readonly archived: boolean
  readonly completedAt: Date | null
  readonly updatedAt: Date
  /** How many it has, and when one was last changed. */
  readonly segments: number
  readonly segmentsChangedAt: Date | null
}
/**
 * Brings what was made elsewhere, with its ids. What is here already stays as it is. Each answer is in the order of the rows; without
 * `apply` it only says what would be done.
 */
export interface DatasetImport {
  datasets(rows: readonly ImportedDataset[], apply: boolean): Promise<readonly Imported[]>
  rules(rows: readonly ImportedRule[], apply: boolean): Promise<readonly Imported[]>
  /** Fields of the documents' metadata. */
  fields(rows: readonly ImportedField[], apply: boolean): Promise<readonly Imported[]>
  /** Where the workspace has a tag of that name, that is the tag. */
  tags(rows: readonly ImportedTag[], apply: boolean): Promise<readonly Imported[]>
  /** Of tags and datasets that are here, or would be. The id is that of the dataset. */
  taggings(rows: readonly ImportedTagging[], apply: boolean): Promise<readonly Imported[]>
  /** Only says what would be done. One whose import did not come to its end is new. */
  documents(rows: readonly ImportedDocument[]): Promise<readonly Imported[]>
  /**
   * Brings one that is new, with its segments in order. It can be found once all of them are here: by its words at once, by its meaning
   * when they have been embedded. Resolves to how many segments and children came; those whose ids are taken here do not.
   */
  document(document: ImportedDocument, segments: AsyncIterable<readonly ImportedSegment[]>): Promise<{ readonly segments: number; readonly children: number }>
}
export const datasetImport = definePort<DatasetImport>('datasetImport')

export type { ModelRef }
