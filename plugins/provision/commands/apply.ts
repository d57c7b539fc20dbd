/** `mortise apply`: brings the server to the declared state, or says what that would do. */
import { catalogue, command, database, defineAdapter, StartupError } from '../../../core/index.ts'
import type { Catalogue } from '../../../core/index.ts'
import { provisioning } from '../services/provisioning.ts'

export const applyCommand = defineAdapter(command, 'apply', {
  uses: { provisioning, db: database, parts: catalogue },
  create: ({ provisioning, db, parts }) => ({
    summary: 'Brings the server to the state that the section provision: declares.',
    flags: { '--dry-run': 'only say what would be done' },
    run: async ([word], { dryRun }) => {
      if (word !== undefined) throw new StartupError([{ path: word, message: 'is not something that apply takes', fix: 'Say nothing, or --dry-run. What is applied stands in the configuration.' }])
      if (dryRun !== true && !db.exclusive) refuseBeside(parts)
      return provisioning.apply({ dryRun: dryRun === true })
    },
  }),
})

/** A server whose cache is its own memory would not hear what is taken from a key here. */
const refuseBeside = ({ adapters }: Catalogue): void => {
  const lonely = adapters.filter(({ onlyOne }) => onlyOne !== undefined)
  if (lonely.length === 0) return
  throw new StartupError(lonely.map(({ port, instance, onlyOne }) => ({
    path: `adapters.${port}.${instance}`, message: 'serves one process only, which would not hear of what another one changes',
    fix: `Start the server again: it applies what is declared. Or: ${onlyOne ?? ''}.`,
  })), { exitCode: 1 })
}
