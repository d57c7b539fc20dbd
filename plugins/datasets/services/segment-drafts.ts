/**
 * What people write, made ready to be stored: its keywords, in parent-child form its children, and where the dataset has vectors those, all
 * asked for at once. Before any transaction: a provider may be far away.
 */
import { Readable } from 'node:stream'
import { service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { chunkingRule } from '../chunking/rule.ts'
import { datasetsConfig } from '../config.ts'
import { datasetErrors, DocumentFault, invalid } from '../errors.ts'
import { embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow } from '../models/dataset.ts'
import type { DocumentRow } from '../models/document.ts'
import { ProcessRule } from '../models/process-rule.ts'
import { textOf } from '../models/segment.ts'
import type { SegmentRow } from '../models/segment.ts'
import { chunker, textIndex } from '../ports.ts'
import type { ChunkingRule } from '../ports.ts'
import { AUTOMATIC } from '../schemas/process-rule.ts'
import { askedModels } from './asked-models.ts'
import { shares } from './indexing-entries.ts'
import type { Place } from './segment-access.ts'

/** A text as it is to be; in a document of another form than question and answer `answer` is null. */
export interface Written { readonly content: string; readonly answer: string | null; readonly keywords: readonly string[] }
export interface Embedded { readonly vectors: readonly Float32Array[]; readonly tokens: number }
/** `vectors`: one for each child in parent-child form, else the segment's own; none where the dataset has none. */
export interface Draft extends Written, Embedded { readonly children: readonly string[] }

export interface SegmentDrafts {
  /** Throws 400 where a text is too long, or the model refuses or fails. */
  make(place: Place, written: readonly Written[], signal: AbortSignal): Promise<Draft[]>
  /** No vectors where the dataset has none. Throws 400 as `make` does. */
  embed(dataset: DatasetRow, texts: readonly string[], signal: AbortSignal): Promise<Embedded>
  /** Those that were given; without any those by which the text is best found. */
  keywords(given: readonly string[] | null | undefined, text: Pick<SegmentRow, 'content' | 'answer'>): readonly string[]
  /** Throws 400. */
  checkLength(field: string, text: string): void
}
/** Children of one request; each has a row and a vector of its own. */
const MOST_CHILDREN = 10_000

export const segmentDrafts = service('datasets.segment-drafts', {
  uses: { chunker, asked: askedModels, textIndex, config: datasetsConfig, ProcessRule },
  create: ({ chunker, asked, textIndex, config, ProcessRule }): SegmentDrafts => {
    const embed: SegmentDrafts['embed'] = async (dataset, texts, signal) => {
      if (dataset.indexing_technique !== 'high_quality') return { vectors: [], tokens: 0 }
      const model = embeddingModelOf(dataset)
      if (!model) throw datasetErrors.noProvider()
      return asked.embedPassages(dataset.workspace_id, model, texts, signal)
    }
    /** As the document's own rule cuts a parent. */
    const ruleOf = async ({ workspace_id, dataset_process_rule_id: id, doc_form }: DocumentRow): Promise<ChunkingRule> => {
      const found = id === null ? null : await ProcessRule.findOne({ where: { workspace_id, id } })
      const rule = chunkingRule(found ?? { mode: 'automatic', rules: AUTOMATIC }, doc_form, config)
      return { ...rule, mode: 'whole', segmentation: { ...rule.segmentation, maxLength: config.maxParentLength } }
    }
    const childrenOf = async (content: string, rule: ChunkingRule): Promise<readonly string[]> => {
      const children: string[] = []
      for await (const passage of chunker.split(Readable.from([content]), rule)) children.push(...passage.children ?? [])
      // Of a text that the rule cleans away altogether.
      return children.length > 0 ? children : [content]
    }
    const cut = async (document: DocumentRow, written: readonly Written[]): Promise<(readonly string[])[]> => {
      try {
        const rule = await ruleOf(document)
        const all: (readonly string[])[] = []
        let count = 0
        for (const { content } of written) {
          const children = await childrenOf(content, rule)
          count += children.length
          if (count > MOST_CHILDREN) throw invalid('content', `The segments are cut into more than ${MOST_CHILDREN} child chunks. Send fewer or shorter ones at a time.`)
          all.push(children)
        }
        return all
      } catch (error) {
        throw error instanceof DocumentFault ? invalid('content', error.message) : error
      }
    }
    return {
      embed,
      make: async ({ dataset, document }, written, signal) => {
        const children = document.doc_form === 'hierarchical_model' ? await cut(document, written) : undefined
        const texts = children ? children.flat() : written.map(({ content }) => content)
        const { vectors, tokens } = await embed(dataset, texts, signal)
        const share = shares(tokens, texts.map((text) => text.length))
        let at = 0
        return written.map((one, index) => {
          const from = at
          at += children?.[index]?.length ?? 1
          return { ...one, children: children?.[index] ?? [], vectors: vectors.slice(from, at), tokens: share.slice(from, at).reduce((sum, count) => sum + count, 0) }
        })
      },
      keywords: (given, text) => {
        const said = [...new Set(given)].filter((word) => word !== '')
        return said.length > 0 ? said : textIndex.keywords(textOf(text), config.keywords)
      },
      checkLength: (field, text) => {
        if (codePoints(text) > config.maxParentLength) throw invalid(field, `${field} takes at most ${config.maxParentLength} characters. Make two segments of it.`)
      },
    }
  },
})
