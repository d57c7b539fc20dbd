/** From a document's file to its passages, one after another: however large the file is, little of it is in memory at a time. */
import type { Readable } from 'node:stream'
import { service, storage, StorageNotFound } from '../../../core/index.ts'
import { ahead } from '../chunking/ahead.ts'
import { chunkingRule } from '../chunking/rule.ts'
import { codePoints } from '../chunking/code-points.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import { UploadFile } from '../models/document.ts'
import type { DocumentRow, UploadFileRow } from '../models/document.ts'
import { ProcessRule } from '../models/process-rule.ts'
import type { ProcessRuleRow } from '../models/process-rule.ts'
import { chunker } from '../ports.ts'
import type { Extractor, Pair } from '../ports.ts'
import { formats } from './formats.ts'
import { modelPairs } from './model-pairs.ts'

/** What becomes a segment: a passage, or the question of a pair. */
export interface Piece { readonly content: string; readonly answer: string | null; readonly children: readonly string[] }
/** What passages follow from, whether it is a document already or not. */
export interface Source {
  readonly file: UploadFileRow | null
  readonly docForm: string
  /** Null: nobody has said how to cut. Questions and answers are not cut. */
  readonly rule: Pick<ProcessRuleRow, 'mode' | 'rules'> | null
}
export interface Passages {
  /**
   * In order, at least one, and the same ones whenever it is asked for the same content; questions and answers that the file does not have
   * itself are made by a model. Throws a `DocumentFault` where the file, its text, the rule or the model is to blame, anything else where a
   * second attempt may succeed.
   */
  of(document: DocumentRow, signal: AbortSignal): AsyncIterable<Piece>
  /** The passages that a document of it would have; no model is asked, so that where one would make questions and answers, those of which. Throws as `of` does. */
  from(source: Source, signal: AbortSignal): AsyncIterable<Piece>
  /** The same of a document. */
  preview(document: DocumentRow, signal: AbortSignal): AsyncIterable<Piece>
  /** The text of a file as it was read, before it is cleaned and cut. Throws as `of` does. */
  text(file: UploadFileRow, signal: AbortSignal): AsyncIterable<string>
}
/** Each child has a row and a vector of its own, so they are counted too: so many are allowed for each segment that is. */
const CHILDREN = 10
/** Passages that a model works on at the same time, for one document. */
const AT_ONCE = 4
interface Opened { readonly file: UploadFileRow; readonly stream: Readable; readonly reader: Extractor }

export const passages = service('datasets.passages', {
  uses: { storage, formats, chunker, modelPairs, config: datasetsConfig, UploadFile, ProcessRule },
  create: ({ storage, formats, chunker, modelPairs, config, UploadFile, ProcessRule }): Passages => {
    const open = async (file: UploadFileRow | null): Promise<Opened> => {
      const reader = file && formats.reader(file.extension)
      if (file && !reader) throw new DocumentFault(`Nothing here reads .${file.extension} files any more. There are readers for: ${formats.supported().join(', ')}.`)
      const stream = file && await storage.get(file.storage_key).catch((error: unknown) => {
        if (error instanceof StorageNotFound) return null
        throw error
      })
      if (!stream || !reader) throw new DocumentFault('The file of this document is gone. Delete the document and upload the file again.')
      return { file, stream, reader }
    }
    /** What a reader gives; what it throws is the file's fault, unless the storage broke off or the run is to end. */
    const reading = async function* <T>({ file, stream }: Opened, items: AsyncIterable<T>, lengthOf: (item: T) => number, signal: AbortSignal): AsyncGenerator<T> {
      const broken: unknown[] = []
      let length = 0
      stream.once('error', (error) => { broken.push(error) })
      try {
        for await (const item of items) {
          length += lengthOf(item)
          if (length > config.maxTextLength) throw new DocumentFault(`"${file.name}" has more than ${config.maxTextLength} characters of text. Split it into several documents.`)
          yield item
        }
      } catch (error) {
        if (broken.length > 0 || signal.aborted || error instanceof DocumentFault) throw error
        throw new DocumentFault((error as Error).message, { cause: error })
      } finally {
        stream.destroy()
      }
    }
    const pairsOf = async function* (opened: Opened, found: AsyncIterable<Pair>, signal: AbortSignal): AsyncGenerator<Piece> {
      const { file } = opened
      for await (const pair of reading<Pair>(opened, found, ({ question, answer }) => question.length + answer.length, signal)) {
        const [content, answer] = [pair.question, pair.answer].map((text) => text.replaceAll('\0', '').trim()) as [string, string]
        const longest = Math.max(codePoints(content), codePoints(answer))
        if (longest > config.maxParentLength) throw new DocumentFault(`"${file.name}" has a question or an answer of ${longest} characters; ${config.maxParentLength} are allowed. Shorten it.`)
        if (content !== '') yield { content, answer, children: [] }
      }
    }
    const textOf = (opened: Opened, signal: AbortSignal): AsyncGenerator<string> =>
      reading(opened, opened.reader.extract(opened.stream, { name: opened.file.name, signal }), (piece) => piece.length, signal)
    const cutOf = async function* ({ rule, docForm }: Source, opened: Opened, signal: AbortSignal): AsyncGenerator<Piece> {
      const { stream } = opened
      try {
        if (!rule) throw new DocumentFault('The document has no process rule. Send it again with one.')
        const chosen = chunkingRule(rule, docForm, config)
        for await (const { content, children = [] } of chunker.split(textOf(opened, signal), chosen)) yield { content, answer: null, children }
      } finally {
        stream.destroy()
      }
    }
    const madeOf = async function* (document: DocumentRow, cut: AsyncIterable<Piece>, signal: AbortSignal): AsyncGenerator<Piece> {
      let [read, made] = [0, 0]
      for await (const pairs of ahead(cut, AT_ONCE, signal, ({ content }, both) => modelPairs.of(document, content, both))) {
        read += 1
        made += pairs.length
        for (const { question, answer } of pairs) yield { content: question, answer, children: [] }
      }
      if (read > 0 && made === 0) throw new DocumentFault('The model wrote no questions and answers that could be read. Choose another default model of the type llm, and index the document again.')
    }
    const pieces = (source: Source, opened: Opened, signal: AbortSignal, document: DocumentRow | undefined): AsyncIterable<Piece> => {
      const { file, stream, reader } = opened
      if (source.docForm === 'qa_model' && reader.pairs) return pairsOf(opened, reader.pairs(stream, { name: file.name, signal }), signal)
      const cut = cutOf(source, opened, signal)
      return source.docForm === 'qa_model' && document ? madeOf(document, cut, signal) : cut
    }
    const from = async function* (source: Source, signal: AbortSignal, document?: DocumentRow): AsyncGenerator<Piece> {
      const opened = await open(source.file)
      let [count, children] = [0, 0]
      for await (const piece of pieces(source, opened, signal, document)) {
        count += 1
        children += piece.children.length
        if (children > CHILDREN * config.maxSegments) {
          throw new DocumentFault(`This document is cut into more than ${CHILDREN * config.maxSegments} child chunks. Use another separator for them, or split the document.`)
        }
        if (count > config.maxSegments) {
          throw new DocumentFault(`This document is cut into more than ${config.maxSegments} segments. Use another separator or longer segments, or split the document.`)
        }
        yield piece
      }
      if (count === 0) throw new DocumentFault('There is no text in this document. If it is made of pictures, send it with its text recognised.')
    }
    const sourceOf = async ({ workspace_id, upload_file_id: fileId, dataset_process_rule_id: ruleId, doc_form: docForm }: DocumentRow): Promise<Source> => ({
      file: fileId === null ? null : await UploadFile.findOne({ where: { workspace_id, id: fileId } }),
      rule: ruleId === null ? null : await ProcessRule.findOne({ where: { workspace_id, id: ruleId } }),
      docForm,
    })
    return {
      from: (source, signal) => from(source, signal),
      of: async function* (document, signal) { yield* from(await sourceOf(document), signal, document) },
      preview: async function* (document, signal) { yield* from(await sourceOf(document), signal) },
      text: async function* (file, signal) { yield* textOf(await open(file), signal) },
    }
  },
})
