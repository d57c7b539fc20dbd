/** `mortise apply`: brings the server to the declared state, or says what that would do. */
import { command, defineAdapter, StartupError } from '../../../core/index.ts'
import { provisioning } from '../services/provisioning.ts'

export const applyCommand = defineAdapter(command, 'apply', {
  uses: { provisioning },
  create: ({ provisioning }) => ({
    summary: 'Brings the server to the state that the section provision: declares.',
    flags: { '--dry-run': 'only say what would be done' },
    run: async ([word], { dryRun }) => {
      if (word !== undefined) throw new StartupError([{ path: word, message: 'is not something that apply takes', fix: 'Say nothing, or --dry-run. What is applied stands in the configuration.' }])
      return provisioning.apply({ dryRun: dryRun === true })
    },
  }),
})
