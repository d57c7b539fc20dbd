/** Brings the server to the declared state: all of it or nothing, and once, however many processes start at the same time. */
import { database, HttpError, service, StartupError } from '../../../core/index.ts'
import { plan, linesOf } from '../plan/plan.ts'
import type { Plan } from '../plan/declared.ts'
import { outlets } from '../ports.ts'
import { declaring } from './declaring.ts'
import { doing } from './doing.ts'
import type { Made } from './doing.ts'
import { surveying } from './surveying.ts'

export interface Provisioning {
  /** Resolves to the plan as text, and to what was made and nobody knows yet. Throws a StartupError that lists every problem; then nothing was done. */
  apply(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>
}

export const provisioning = service('provision.provisioning', {
  uses: { db: database, declaring, surveying, doing, outlets },
  create: ({ db, declaring, surveying, doing, outlets }): Provisioning => ({
    apply: async ({ dryRun = false } = {}) => {
      const declared = declaring()
      if (!declared) return ['= nothing is declared: write a section provision: into the configuration']
      const outlet = outlets.at({ file: `provision-${new Date().toISOString().replace(/[:.]/g, '-')}.txt`, output: 'auto', said: 'secrets were made for what the configuration declares, and stand in this file' })
      let prepared: { undo(): Promise<void> } | undefined
      try {
        const { lines, text } = await db.transaction(async () => {
          await db.query(`SELECT pg_advisory_xact_lock(hashtextextended('provision', 0))`)
          const actual = await surveying(declared)
          const found = plan(declared, actual)
          refuse(found)
          if (dryRun) return { lines: linesOf(found), text: undefined }
          const made = await explained(() => doing(found.steps, declared, actual))
          const text = made.length > 0 ? textOf(made) : undefined
          // Before the commit: a secret that nobody was told would be of no use.
          if (text !== undefined) prepared = await outlet.prepare(text)
          return { lines: linesOf(found), text }
        })
        if (text !== undefined) outlet.tell(text)
        return lines
      } catch (error) {
        await prepared?.undo()
        throw error
      }
    },
  }),
})

const FIX = 'Nothing was done. "mortise apply --dry-run" shows the plan.'
const refuse = ({ problems }: Plan): void => {
  if (problems.length > 0) throw new StartupError(problems.map((message) => ({ path: 'provision', message: `! ${message}`, fix: FIX })), { exitCode: 1 })
}
/** What another part of the server refused is the configuration's fault; that something is away is not. */
const explained = async <T>(work: () => Promise<T>): Promise<T> => {
  try { return await work() } catch (error) {
    if (!(error instanceof HttpError) || error.status >= 500) throw error
    throw new StartupError([{ path: 'provision', message: error.message, fix: FIX }], { exitCode: 1, cause: error })
  }
}

const textOf = (made: readonly Made[]): string => [
  '', 'These secrets were made for what the configuration declares. They are shown this once; keep them.', '',
  ...made.map(({ what, secret }) => `  ${what}  ${secret}`), '', '',
].join('\n')
