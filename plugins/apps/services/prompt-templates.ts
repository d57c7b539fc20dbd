/** Prompts to begin with, in our own words. No I/O. */
import type { PromptTemplateQuery } from '../schemas/prompt-template.ts'

interface Template {
  readonly chat_prompt_config?: { readonly prompt: readonly { readonly role: 'system' | 'user'; readonly text: string }[] }
  readonly completion_prompt_config?: {
    readonly prompt: { readonly text: string }
    readonly conversation_histories_role: { readonly user_prefix: string; readonly assistant_prefix: string }
  }
  readonly stop?: readonly string[]
}

const CONTEXT = 'Here is what is known about the subject. Keep to it, and where it does not say, say so.\n\n<context>\n{{#context#}}\n</context>\n\n'
/** Names that a model of the kind was trained with. */
const ROLES = { others: ['Human', 'Assistant'], baichuan: ['用户', '助手'] } as const

/** An empty object where there is none for the combination. */
export const promptTemplate = ({ app_mode: app, model_mode: model, has_context: hasContext, model_name: name }: PromptTemplateQuery): Template => {
  const context = hasContext ? CONTEXT : ''
  const [user, assistant] = /baichuan/i.test(name) ? ROLES.baichuan : ROLES.others
  const roles = { user_prefix: user, assistant_prefix: assistant }
  switch (`${app} on ${model}`) {
    case 'chat on chat':
      return { chat_prompt_config: { prompt: [{ role: 'system', text: `${context}{{#pre_prompt#}}` }] } }
    case 'chat on completion':
      return {
        completion_prompt_config: {
          prompt: { text: `${context}{{#pre_prompt#}}\n\nThis was said so far:\n<histories>\n{{#histories#}}\n</histories>\n\n${user}: {{#query#}}\n\n${assistant}: ` },
          conversation_histories_role: roles,
        },
        stop: [`${user}:`],
      }
    case 'completion on chat':
      return { chat_prompt_config: { prompt: [{ role: 'user', text: `${context}{{#pre_prompt#}}` }] } }
    case 'completion on completion':
      return { completion_prompt_config: { prompt: { text: `${context}{{#pre_prompt#}}` }, conversation_histories_role: roles } }
    default:
      return {}
  }
}
