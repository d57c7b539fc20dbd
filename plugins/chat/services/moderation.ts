/** Words that an app neither takes nor gives. */
import { service } from '../../../core/index.ts'
import type { ConfiguredApp } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'
import { chatErrors } from '../errors.ts'

/** @property preset what is said instead */
export interface Guard { readonly preset: string; flags(text: string, signal: AbortSignal): Promise<boolean> }
export interface Moderation {
  /** Who looks at questions and who at answers. Throws 400 where the app is to be moderated in a way that there is not: unmoderated is no way out. */
  of(app: ConfiguredApp): { readonly input?: Guard; readonly output?: Guard }
}

/** Case, and forms of the same letter, make no difference. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

export const moderation = service('chat.moderation', {
  uses: { models },
  create: ({ models }): Moderation => {
    const byKeywords = (keywords: string): Guard['flags'] => {
      const words = keywords.split(/\r?\n/).map((word) => folded(word.trim())).filter((word) => word !== '')
      return (text) => {
        const said = folded(text)
        return Promise.resolve(words.some((word) => said.includes(word)))
      }
    }
    const byModel = (workspaceId: string): Guard['flags'] => async (text, signal) => {
      if (text.trim() === '') return false
      const model = await models.defaultModel(workspaceId, 'moderation')
      if (!model) throw chatErrors.moderationMissing()
      return (await models.moderate(workspaceId, model, { text, signal })).flagged
    }
    return {
      of: ({ workspaceId, config: { sensitive_word_avoidance: said } }) => {
        if (!said.enabled) return {}
        const { inputs_config: inputs, outputs_config: outputs, keywords = '' } = said.config ?? {}
        const flags = said.type === 'keywords' ? byKeywords(keywords) : said.type === 'openai_moderation' ? byModel(workspaceId) : undefined
        if (!flags) throw chatErrors.appUnavailable(`The app is moderated by "${said.type}", which this server does not do. Choose keywords or openai_moderation in its settings.`)
        const guard = (side: typeof inputs): Guard => ({ preset: side?.preset_response ?? '', flags })
        return { ...inputs?.enabled ? { input: guard(inputs) } : {}, ...outputs?.enabled ? { output: guard(outputs) } : {} }
      },
    }
  },
})
