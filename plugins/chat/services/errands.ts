/** Small things that a model does on the side: it finds a title, or questions that may be asked next. */
import { service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelInfo, ModelRef } from '../../models/ports.ts'

export interface Errand {
  readonly workspaceId: string
  /** Undefined, or one that is not offered (any more) or only quotes: the workspace's default. */
  readonly model?: { readonly ref: ModelRef; readonly parameters: Readonly<Record<string, unknown>> } | undefined
  readonly system: string
  readonly question: string
  /** Tokens of the answer at most, thinking included. */
  readonly most: number
  readonly signal?: AbortSignal | undefined
}
export interface Errands {
  /**
   * What the model said; undefined where the workspace has none that follows instructions. `cut`: it came to the limit before its end. Throws what
   * the model throws.
   */
  run(errand: Errand): Promise<{ readonly text: string; readonly cut: boolean } | undefined>
}

/** Milliseconds. Somebody waits. */
const PATIENCE = 60_000
/** UTF-16 units: no errand needs more, whatever a model does that keeps to no limit. */
const LONGEST = 200_000

/** Little, and always alike: as far as the model's own rules have words for it. */
const modest = ({ parameters = [] }: ModelInfo, most: number): Record<string, unknown> => Object.fromEntries(parameters.flatMap(({ name, min, max }) =>
  name === 'temperature' ? [[name, min ?? 0]]
  : name === 'max_tokens' || name === 'max_completion_tokens' ? [[name, Math.max(min ?? 1, Math.min(most, max ?? most))]]
  : []))

export const errands = service('chat.errands', {
  uses: { models },
  create: ({ models }): Errands => ({
    run: async ({ workspaceId, model, system, question, most, signal }) => {
      const offered = async (ref: ModelRef | undefined) => {
        const info = ref && await models.find(workspaceId, ref, 'llm')
        return info && !info.quotesOnly ? { ref, info } : undefined
      }
      const chosen = await offered(model?.ref)
      const used = chosen ?? await offered(await models.defaultModel(workspaceId, 'llm'))
      if (!used) return undefined
      const { ref, info } = used
      const { stop, ...given } = chosen && model ? model.parameters : {}
      const late = AbortSignal.timeout(PATIENCE)
      let text = ''
      let cut = false
      for await (const part of models.generate(workspaceId, ref, {
        messages: [{ role: 'system', content: system }, { role: 'user', content: question }],
        parameters: { ...modest(info, most), ...given }, signal: signal ? AbortSignal.any([signal, late]) : late,
        ...Array.isArray(stop) ? { stop: stop.map(String) } : {},
      })) {
        if (part.type === 'text') text += part.text
        else if (part.type === 'end') cut = part.finish === 'length'
        if (text.length > LONGEST) break
      }
      return { text, cut }
    },
  }),
})
