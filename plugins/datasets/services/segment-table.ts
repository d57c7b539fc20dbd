/** The rows of a CSV file as segments. */
import { service, storage, StorageNotFound } from '../../../core/index.ts'
import { DocumentFault } from '../errors.ts'
import { csvRows } from '../extraction/csv.ts'
import { reading } from '../extraction/reading.ts'
import { pairsOf } from '../extraction/table.ts'
import { newSegment } from '../schemas/segment-change.ts'
import type { NewSegment } from '../schemas/segment-change.ts'
import { segmentDrafts } from './segment-drafts.ts'

export interface SegmentTable {
  /** All of them, checked. Throws a `DocumentFault` that tells whoever sent the file what to do. */
  read(key: string, docForm: string, most: number, signal: AbortSignal): Promise<NewSegment[]>
}
const NAME = 'segments.csv'
/** A first row that says what stands below. */
const HEADING = /^((segment|chunk)[ _-]?)?(content|text)$/i

export const segmentTable = service('datasets.segment-table', {
  uses: { storage, reading, drafts: segmentDrafts },
  create: ({ storage, reading, drafts }): SegmentTable => {
    const texts = async function* (rows: AsyncIterable<readonly string[]>): AsyncGenerator<NewSegment> {
      let isFirst = true
      for await (const [content = ''] of rows) {
        if (content.trim() !== '' && !(isFirst && HEADING.test(content.trim()))) yield { content }
        isFirst = false
      }
    }
    const pairs = async function* (rows: AsyncIterable<readonly string[]>): AsyncGenerator<NewSegment> {
      for await (const { question, answer } of pairsOf(rows, NAME)) yield { content: question, answer }
    }
    return {
      read: async (key, docForm, most, signal) => {
        const file = await storage.get(key).catch((error: unknown) => {
          throw error instanceof StorageNotFound ? new DocumentFault('The file is gone. Upload it again.') : error
        })
        const broken: unknown[] = []
        file.once('error', (error) => { broken.push(error) })
        const all: NewSegment[] = []
        try {
          const rows = csvRows(reading.bounded(reading.text(file, { name: NAME, signal }), { name: NAME, signal }), NAME)
          for await (const one of docForm === 'qa_model' ? pairs(rows) : texts(rows)) {
            const { error } = newSegment.validate(one)
            if (error) throw new DocumentFault(`Segment ${all.length + 1} of the file is not valid: ${error.message}. Mend it and upload the file again.`)
            for (const text of [one.content, one.answer ?? '']) drafts.checkLength(`Segment ${all.length + 1} of the file`, text)
            all.push(one)
            if (all.length > most) throw new DocumentFault(`The file has more than ${most} segments. Split it into several files.`)
          }
        } catch (error) {
          if (broken.length > 0 || signal.aborted || error instanceof DocumentFault) throw error
          throw new DocumentFault((error as Error).message, { cause: error })
        } finally {
          file.destroy()
        }
        if (all.length === 0) throw new DocumentFault('The file has no segments: each row is one, with its text in the first column. Questions and answers stand in the first and the second.')
        return all
      },
    }
  },
})
