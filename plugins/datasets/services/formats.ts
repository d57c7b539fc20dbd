/** Which kinds of file can be read, and by whom. */
import { service } from '../../../core/index.ts'
import type { ErrorMaker } from '../../../core/index.ts'
import { invalid } from '../errors.ts'
import { extractor } from '../ports.ts'
import type { Extractor } from '../ports.ts'
import { extensionOf, fileLabel } from './file-names.ts'

export interface Formats {
  /** File name endings, sorted. */
  readonly supported: () => readonly string[]
  readonly reader: (extension: string) => Extractor | undefined
  /** What to do with a file that nobody reads. */
  readonly advice: (extension: string) => string
  /** What a file that came is called here. Throws 400 where its name is none, and that or `refusal` where nobody reads its kind. */
  readonly labels: (file: { readonly name: string }, refusal?: ErrorMaker) => { readonly name: string; readonly extension: string }
}
/** Formats that their own applications have left behind, and what they write today. */
const NOW: Readonly<Record<string, string>> = {
  doc: 'docx', dot: 'docx', docm: 'docx', odt: 'docx', rtf: 'docx', xls: 'xlsx', xlsm: 'xlsx', xlsb: 'xlsx', ods: 'xlsx', tsv: 'csv', ppt: 'pptx', pptm: 'pptx', odp: 'pptx', mobi: 'epub', srt: 'vtt',
}
/** Where two extractors read the same ending, the one that the configuration names first does it. */
export const formats = service('datasets.formats', {
  uses: { extractors: extractor },
  create: ({ extractors }): Formats => {
    const supported = (): readonly string[] => [...new Set([...extractors.values()].flatMap(({ extensions }) => extensions))].sort()
    const reader = (extension: string): Extractor | undefined => [...extractors.values()].find(({ extensions }) => extensions.includes(extension))
    const advice = (extension: string): string => {
      const now = NOW[extension]
      return now !== undefined && supported().includes(now) ? `Save it as .${now} and send that.` : `Send one of: ${supported().join(', ')}.`
    }
    return {
      supported, reader, advice,
      labels: (file, refusal) => {
        const name = fileLabel(file.name)
        const extension = extensionOf(name)
        if (!reader(extension)) {
          const words = `Files of the type "${extension}" cannot be read. ${advice(extension)}`
          throw refusal ? refusal(words, { params: 'file' }) : invalid('file', words)
        }
        return { name, extension }
      },
    }
  },
})
