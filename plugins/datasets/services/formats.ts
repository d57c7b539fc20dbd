/** Which kinds of file can be read, and by whom. */
import { service } from '../../../core/index.ts'
import { extractor } from '../ports.ts'
import type { Extractor } from '../ports.ts'

export interface Formats {
  /** File name endings, sorted. */
  readonly supported: () => readonly string[]
  readonly reader: (extension: string) => Extractor | undefined
}
/** Where two extractors read the same ending, the one that the configuration names first does it. */
export const formats = service('datasets.formats', {
  uses: { extractors: extractor },
  create: ({ extractors }): Formats => ({
    supported: () => [...new Set([...extractors.values()].flatMap(({ extensions }) => extensions))].sort(),
    reader: (extension) => [...extractors.values()].find(({ extensions }) => extensions.includes(extension)),
  }),
})
