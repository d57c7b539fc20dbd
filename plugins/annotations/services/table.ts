/** The rows of a CSV file as written answers: the question in the first column, the answer in the second. */
import { buffer } from 'node:stream/consumers'
import { service, storage } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { annotationsConfig } from '../config.ts'
import { invalid } from '../errors.ts'
import { annotationText } from '../schemas/annotation.ts'
import type { AnnotationText } from '../schemas/annotation.ts'

export interface Table {
  /** All of them, checked. Throws 400 that tells whoever sent the file what to do. */
  read(file: UploadedFile): Promise<AnnotationText[]>
}
const wrong = (message: string) => invalid('file', message)
/** A first row that says what stands below. */
const isHeading = ([first = '', second = '']: readonly string[]): boolean => /^(question|prompt)s?$/i.test(first.trim()) && /^(answer|content|completion)s?$/i.test(second.trim())

const decoded = (bytes: Buffer): string => {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw wrong('The file is not in UTF-8. Save it as "CSV UTF-8" and send that.')
  }
}
const rowsOf = async (text: string): Promise<string[][]> => {
  const head = text.slice(0, text.search(/\r|\n/) + 1 || text.length)
  const delimiter = [';', '\t'].find((one) => head.includes(one) && !head.includes(',')) ?? ','
  const { CsvError, parse } = await import('csv-parse/sync')
  try {
    return parse(text, { delimiter, relaxColumnCount: true, skipEmptyLines: true })
  } catch (error) {
    if (error instanceof CsvError) throw wrong(`The file is not a table that can be read: ${error.message}. Mend that and send it again.`)
    throw error
  }
}

export const table = service('annotations.table', {
  uses: { storage, config: annotationsConfig },
  create: ({ storage, config }): Table => ({
    read: async ({ key, name, size }) => {
      if (!/\.csv$/i.test(name)) throw wrong('Annotations are read from a CSV file. Save the table as .csv and send that.')
      if (size > config.importBytes) throw wrong(`The file has more than ${config.importBytes} bytes. Split it into several.`)
      const rows = await rowsOf(decoded(await buffer(await storage.get(key))))
      const texts = (rows[0] && isHeading(rows[0]) ? rows.slice(1) : rows).filter((row) => row.some((cell) => cell.trim() !== ''))
      if (texts.length === 0) throw wrong('The file has no annotations: each row is one, with the question in the first column and the answer in the second.')
      if (texts.length > config.importRows) throw wrong(`The file has more than ${config.importRows} annotations. Split it into several.`)
      return texts.map(([question = '', answer = ''], index) => {
        const text = { question: question.trim(), answer: answer.trim() }
        const { error } = annotationText.validate(text, { errors: { wrap: { label: '' } } })
        if (error) throw wrong(`Annotation ${index + 1} of the file is not valid: ${error.message}. Mend it and send the file again.`)
        return text
      })
    },
  }),
})
