/** What files would become, shown before they do: they are read and cut by the very same services as in an indexing, and nothing is stored. */
import { service } from '../../../core/index.ts'
import { codePoints } from '../chunking/code-points.ts'
import { invalid } from '../errors.ts'
import type { DocumentRow, UploadFileRow } from '../models/document.ts'
import type { ProcessRuleInput } from '../schemas/process-rule.ts'
import { AUTOMATIC, ruleToStore } from '../schemas/process-rule.ts'
import { formats } from './formats.ts'
import { looks } from './looks.ts'
import { modelPairs, NO_WRITER } from './model-pairs.ts'
import { passages } from './passages.ts'
import type { Piece } from './passages.ts'

export interface Estimated {
  /** All of them, or, where that is not known, those that were counted in time. */
  readonly total: number
  readonly isWhole: boolean
  /** The first ones. */
  readonly pieces: readonly Piece[]
}
/** Throw 400 where a file or the rule is to blame, 503 where too many ask at once. */
export interface Estimates {
  /** The beginning of what is read of a file. */
  text(file: UploadFileRow, signal: AbortSignal): Promise<string>
  files(files: readonly UploadFileRow[], rule: ProcessRuleInput | null | undefined, docForm: string, signal: AbortSignal): Promise<Estimated>
  documents(documents: readonly DocumentRow[], signal: AbortSignal): Promise<Estimated>
}

const SHOWN_CHARACTERS = 3000
const SHOWN_PIECES = 10
const KNOWN_RULES = ['remove_extra_spaces', 'remove_urls_emails', 'remove_stopwords']

export const estimates = service('datasets.estimates', {
  uses: { formats, looks, modelPairs, passages },
  create: ({ formats, looks, modelPairs, passages }): Estimates => {
    const estimate = async (field: string, sources: readonly ((signal: AbortSignal) => AsyncIterable<Piece>)[], signal: AbortSignal): Promise<Estimated> => {
      const all = async function* (signal: AbortSignal): AsyncGenerator<Piece> { for (const source of sources) yield* source(signal) }
      const pieces: Piece[] = []
      let total = 0
      const isWhole = await looks.look(field, signal, all, (piece) => {
        total += 1
        if (pieces.length < SHOWN_PIECES) pieces.push(piece)
        return true
      })
      return { total, isWhole, pieces }
    }
    return {
      text: async (file, signal) => {
        let text = ''
        let length = 0
        await looks.look('file_id', signal, (signal) => passages.text(file, signal), (piece) => {
          // Of a piece of some megabytes, only what may be shown.
          const given = piece.slice(0, 2 * SHOWN_CHARACTERS).replaceAll('\0', '')
          text += given
          length += codePoints(given)
          return length < SHOWN_CHARACTERS
        })
        return [...text.replace(/\p{Cs}/gu, '')].slice(0, SHOWN_CHARACTERS).join('')
      },
      files: async (files, given, docForm, signal) => {
        const made = docForm === 'qa_model' ? files.find(({ extension }) => !formats.reader(extension)?.pairs) : undefined
        if (made && !await modelPairs.model(made.workspace_id)) throw invalid('file_ids', NO_WRITER)
        const unknown = given?.rules?.pre_processing_rules?.find(({ id }) => !KNOWN_RULES.includes(id))
        if (unknown) throw invalid('process_rule.rules.pre_processing_rules', `There is no pre-processing rule "${unknown.id}". There are: ${KNOWN_RULES.join(', ')}.`)
        const rule = given ? ruleToStore(given, docForm) : { mode: 'automatic' as const, rules: AUTOMATIC }
        return estimate('file_ids', files.map((file) => (signal) => passages.from({ file, rule, docForm }, signal)), signal)
      },
      documents: (documents, signal) => estimate('document_id', documents.map((document) => (signal) => passages.preview(document, signal)), signal),
    }
  },
})
