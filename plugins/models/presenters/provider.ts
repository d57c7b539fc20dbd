import type { ModelInfo } from '../ports.ts'

const bothLanguages = (label: string) => ({ en_US: label, zh_Hans: label })
/** Who offers something; our providers have no icons. */
export const presentProvider = (workspaceId: string, { id, label }: { readonly id: string; readonly label: string }) =>
  ({ tenant_id: workspaceId, provider: id, label: bothLanguages(label), icon_small: {}, icon_small_dark: {} })
export const presentModel = ({ name, label, type, dimensions, contextSize }: ModelInfo) => ({
  model: name, label: bothLanguages(label), model_type: type, features: null, fetch_from: 'predefined-model' as const,
  model_properties: { ...(contextSize === undefined ? {} : { context_size: contextSize }), ...(dimensions === undefined ? {} : { dimensions }) },
  status: 'active' as const, deprecated: false, load_balancing_enabled: false, has_invalid_load_balancing_configs: false,
})
