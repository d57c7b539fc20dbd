import type { ModelInfo, ParameterRule } from '../ports.ts'
import type { ModelProperties, ShownRule } from '../schemas/models.ts'

const bothLanguages = (label: string) => ({ en_US: label, zh_Hans: label })
/** Who offers something; our providers have no icons. */
export const presentProvider = (workspaceId: string, { id, label }: { readonly id: string; readonly label: string }) =>
  ({ tenant_id: workspaceId, provider: id, label: bothLanguages(label), icon_small: {}, icon_small_dark: {} })
const propertiesOf = ({ type, mode, dimensions, contextSize, voices }: ModelInfo): ModelProperties => ({
  ...type === 'llm' ? { mode: mode ?? 'chat' } : {},
  ...contextSize === undefined ? {} : { context_size: contextSize },
  ...dimensions === undefined ? {} : { dimensions },
  ...voices?.[0] ? { default_voice: voices[0].value, voices: voices.map(({ value, name, languages = [] }) => ({ mode: value, name, language: [...languages] })) } : {},
})
export const presentModel = (model: ModelInfo) => ({
  model: model.name, label: bothLanguages(model.label), model_type: model.type, features: model.type === 'llm' ? [...model.features ?? []] : null,
  fetch_from: 'predefined-model' as const, model_properties: propertiesOf(model),
  status: 'active' as const, deprecated: false, load_balancing_enabled: false, has_invalid_load_balancing_configs: false,
})

/** Rules that clients know by these names, whatever the model. */
const templates = new Set(['temperature', 'top_p', 'top_k', 'presence_penalty', 'frequency_penalty', 'max_tokens', 'response_format', 'json_schema'])
export const presentRule = ({ name, label, type, required = false, default: usual, min, max, options = [] }: ParameterRule): ShownRule => ({
  name, use_template: templates.has(name) ? name : null, label: bothLanguages(label), type, help: null, required, default: usual ?? null, min: min ?? null, max: max ?? null,
  precision: type === 'float' ? 2 : type === 'int' ? 0 : null, options: [...options],
})
