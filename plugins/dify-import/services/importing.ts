/** One import, from the first row to the account of it. What is here already stays as it is, so it can be run again at any time. */
import { service } from '../../../core/index.ts'
import { openSource } from '../source/source.ts'
import { keys } from './keys.ts'
import { knowledge } from './knowledge.ts'
import { people } from './people.ts'
import { KINDS } from './run.ts'
import type { Run } from './run.ts'
import { newTally } from './tally.ts'

export interface Importing {
  /** Resolves to the lines that tell what is taken over, or would be. Throws a StartupError where the source cannot be read. */
  run(url: string, apply: boolean): Promise<readonly string[]>
}

export const importing = service('difyImport.importing', {
  uses: { people, knowledge, keys },
  create: ({ people, knowledge, keys }): Importing => ({
    run: async (url, apply) => {
      const source = await openSource(url)
      try {
        const run: Run = { source, tally: newTally(KINDS), apply, places: new Set(), people: new Map(), absent: new Set(), embedded: 0 }
        await people(run)
        await knowledge(run)
        await keys(run)
        return linesOf(run)
      } finally { await source.close() }
    },
  }),
})

const linesOf = ({ source, tally, apply, embedded }: Run): string[] => [
  source.place, '', ...tally.lines(), '',
  ...embedded > 0 ? [`${embedded} segments ${apply ? 'are' : 'would be'} embedded anew; their documents are found when that is done.`] : [],
  'Accounts come without passwords: whoever has one asks for another by mail. Vectors, files and apps stay where they are.',
  apply ? 'All of this is taken over. Run the import again to take over what is new in Dify since.' : 'Nothing was changed. Add --apply to take it over.',
]
