/** Which kinds of file can be read, and by whom. */
import { service } from '../../../core/index.ts'
import { extractor } from '../ports.ts'
import type { Extractor } from '../ports.ts'

export interface Formats {
  /** File name endings, sorted. */
  readonly supported: () => readonly string[]
  readonly reader: (extension: string) => Extractor | undefined
  /** What to do with a file that nobody reads. */
  readonly advice: (extension: string) => string
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
    return {
      supported,
      reader: (extension) => [...extractors.values()].find(({ extensions }) => extensions.includes(extension)),
      advice: (extension) => {
        const now = NOW[extension]
        return now !== undefined && supported().includes(now) ? `Save it as .${now} and send that.` : `Send one of: ${supported().join(', ')}.`
      },
    }
  },
})
