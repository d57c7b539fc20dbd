/** The laws of `command`, for all that the configuration names. They run each of them, on a database that may be spoilt. */
import { command, StartupError } from '../../../core/index.ts'
import type { Command, Port } from '../../../core/index.ts'
import { assert, defineContract, eachOf, strangeStrings } from './kit.ts'

type Outcome = { readonly lines: readonly string[] } | { readonly refusal: StartupError }
/** Lines, or a refusal that helps; anything else breaks the law. */
const outcomeOf = async ({ run }: Command, words: readonly string[], flags: Readonly<Record<string, string | boolean>> = {}): Promise<Outcome> => {
  const asked = JSON.stringify([words, flags]).slice(0, 200)
  const result: unknown = await run(words, flags).catch((error: unknown) => error)
  if (Array.isArray(result)) {
    for (const line of result) assert.ok(typeof line === 'string', `${asked} gave ${typeof line} for a line`)
    return { lines: result as string[] }
  }
  assert.ok(result instanceof StartupError, `${asked} ended with ${String(result)}`)
  assert.ok(result.problems.length > 0 && result.problems.every(({ message, fix }) => message.length > 3 && (fix ?? '').length > 3), `${asked} is refused, and nobody says what to do: ${result.message}`)
  return { refusal: result }
}

/** A command whose first word is required takes any word there. */
const takesAnyWord = ({ usage = '' }: Command): boolean => usage.trim().startsWith('<')
/** `--dry-run` is handed over as `dryRun`. */
const flagsOf = ({ flags = {} }: Command): { name: string; takesValue: boolean }[] => Object.keys(flags).map((flag) => ({
  name: (/--(?:no-)?([\w-]+)/.exec(flag)?.[1] ?? '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), takesValue: /[<[]/.test(flag),
}))

export const commandContract = defineContract(command as unknown as Port<ReadonlyMap<string, Command>>, {
  laws: {
    'says in one line what it does, and in the notation of commander what it takes': eachOf(({ summary, usage = '', flags = {} }) => {
      assert.match(summary, /^\S[^\n]{9,}$/, 'the summary is one line with some words')
      assert.match(usage, /^$|^(?:<[\w.-]+>|\[[\w.-]+\])(?: (?:<[\w.-]+>|\[[\w.-]+\]))*$/, 'usage')
      for (const [flag, meaning] of Object.entries(flags)) {
        assert.match(flag, /^(?:-\w, )?--[a-z][a-z-]*(?: (?:<[\w.-]+>|\[[\w.-]+\]))?$/, `the flag ${flag}`)
        assert.match(meaning, /^\S[^\n]{3,}$/, `the meaning of ${flag}`)
      }
    }),
    'gives lines, or says what it wants, when nothing follows its word': eachOf(async (one) => { await outcomeOf(one, []) }),
    'refuses a word that it does not know, and names it': eachOf(async (one) => {
      if (takesAnyWord(one)) return
      const word = 'no-such-word-at-all'
      const outcome = await outcomeOf(one, [word])
      assert.ok('refusal' in outcome, 'it takes any word')
      assert.ok(outcome.refusal.message.includes(word), `it does not name the word: ${outcome.refusal.message}`)
    }),
    'takes words and flags of any content for what they are': eachOf(async (one) => {
      // No command line carries a NUL.
      for (const text of strangeStrings.filter((one) => !one.includes('\0'))) {
        await outcomeOf(one, [text])
        await outcomeOf(one, [text, text])
        for (const { name, takesValue } of flagsOf(one)) await outcomeOf(one, [], { [name]: takesValue ? text : true })
      }
    }),
  },
})
