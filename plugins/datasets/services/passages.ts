/** From a document's file to its passages. */
import { service, storage, StorageNotFound } from '../../../core/index.ts'
import { chunkingRule } from '../chunking/rule.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import { UploadFile } from '../models/document.ts'
import type { DocumentRow } from '../models/document.ts'
import { ProcessRule } from '../models/process-rule.ts'
import { chunker } from '../ports.ts'
import { formats } from './formats.ts'

export interface Passages {
  /** Throws a `DocumentFault` where the file is to blame, anything else where a second attempt may succeed. */
  read(document: DocumentRow, signal: AbortSignal): Promise<string>
  /** In order; at least one. Throws a `DocumentFault` where the rule or the text is to blame. */
  cut(document: DocumentRow, text: string): Promise<readonly string[]>
}

export const passages = service('datasets.passages', {
  uses: { storage, formats, chunker, config: datasetsConfig, UploadFile, ProcessRule },
  create: ({ storage, formats, chunker, config, UploadFile, ProcessRule }): Passages => {
    return {
      read: async ({ workspace_id, upload_file_id }, signal) => {
        const file = upload_file_id === null ? null : await UploadFile.findOne({ where: { workspace_id, id: upload_file_id } })
        const stream = file && await storage.get(file.storage_key).catch((error: unknown) => {
          if (error instanceof StorageNotFound) return null
          throw error
        })
        if (!stream) throw new DocumentFault('The file of this document is gone. Delete the document and upload the file again.')
        const reader = formats.reader(file.extension)
        if (!reader) throw new DocumentFault(`Nothing here reads .${file.extension} files any more. There are readers for: ${formats.supported().join(', ')}.`)
        let broken: unknown
        stream.once('error', (error) => { broken = error })
        try {
          let text = ''
          for await (const piece of reader.extract(stream, { name: file.name, signal })) text += piece
          if (text.length <= config.maxTextLength) return text
        } catch (error) {
          if (broken !== undefined || signal.aborted) throw error
          throw new DocumentFault((error as Error).message, { cause: error })
        } finally {
          stream.destroy()
        }
        throw new DocumentFault(`"${file.name}" has more than ${config.maxTextLength} characters of text. Split it into several documents.`)
      },
      cut: async ({ workspace_id, dataset_process_rule_id, doc_form }, text) => {
        const rule = dataset_process_rule_id === null ? null : await ProcessRule.findOne({ where: { workspace_id, id: dataset_process_rule_id } })
        if (!rule) throw new DocumentFault('The document has no process rule. Send it again with one.')
        const found: string[] = []
        for await (const { content } of chunker.split((async function* () { yield text })(), chunkingRule(rule, doc_form, config))) found.push(content)
        if (found.length === 0) throw new DocumentFault('There is no text in this document. If it is made of pictures, send it with its text recognised.')
        if (found.length > config.maxSegments) {
          throw new DocumentFault(
            `The process rule cuts this document into ${found.length} segments; ${config.maxSegments} are allowed. Use another separator, or split the document.`)
        }
        return found
      },
    }
  },
})
