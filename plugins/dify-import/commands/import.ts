/** `mortise import`: says what there is to take over from another server, and takes it over. */
import { command, defineAdapter, StartupError } from '../../../core/index.ts'
import { importing } from '../services/importing.ts'

const refuse = (path: string, message: string, fix: string): StartupError => new StartupError([{ path, message, fix }])

export const importCommand = defineAdapter(command, 'import', {
  uses: { importing },
  create: ({ importing }) => ({
    summary: 'Says what a Dify database has that is not here yet; with --apply it is taken over. The source is only read.',
    usage: '<source>',
    flags: {
      '--from <url>': 'postgres://user@host:5432/dify; a password may stand in PGPASSWORD instead of the url',
      '--apply': 'take it over',
    },
    run: async ([word, ...rest], { from, apply }) => {
      if (word !== 'dify' || rest.length > 0) throw refuse([word, ...rest].join(' '), 'is nothing that can be taken over', 'Say: mortise import dify --from postgres://…')
      if (typeof from !== 'string') throw refuse('--from', 'is missing', 'Give the url of the Dify database: mortise import dify --from postgres://user@host:5432/dify')
      return importing.run(from, apply === true)
    },
  }),
})
