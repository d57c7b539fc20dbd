/** What can be set of a conversation, by the names of the wire, and how each vendor is told. */
import type { ConfiguredModel } from './model-options.ts'
import type { ParameterRule } from '../ports.ts'
import type { CallOptions } from './packages.ts'

export type Vendor = 'openai-compatible' | 'openai' | 'anthropic' | 'google'

const rules = {
  temperature: { name: 'temperature', label: 'Temperature', type: 'float', min: 0, max: 2 },
  top_p: { name: 'top_p', label: 'Top P', type: 'float', min: 0, max: 1 },
  top_k: { name: 'top_k', label: 'Top K', type: 'int', min: 1, max: 1_000 },
  presence_penalty: { name: 'presence_penalty', label: 'Presence penalty', type: 'float', min: -2, max: 2 },
  frequency_penalty: { name: 'frequency_penalty', label: 'Frequency penalty', type: 'float', min: -2, max: 2 },
  max_tokens: { name: 'max_tokens', label: 'Max tokens', type: 'int', min: 1 },
  seed: { name: 'seed', label: 'Seed', type: 'int', min: 0, max: 2_147_483_647 },
  response_format: { name: 'response_format', label: 'Response format', type: 'string', options: ['text', 'json_object'] },
  reasoning_effort: { name: 'reasoning_effort', label: 'Reasoning effort', type: 'string', options: ['low', 'medium', 'high'] },
} satisfies Record<string, ParameterRule>
type Name = keyof typeof rules

const customary: Name[] = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'max_tokens', 'seed', 'response_format', 'reasoning_effort']
const ofVendor: Readonly<Record<Vendor, readonly Name[]>> = {
  'openai-compatible': [...customary, 'top_k'],
  openai: customary,
  // It has no word for JSON without a schema.
  anthropic: ['temperature', 'top_p', 'top_k', 'max_tokens', 'reasoning_effort'],
  google: [...customary, 'top_k'],
}
const ofChat = new Set<Name>(['response_format', 'reasoning_effort'])

export const rulesOf = (vendor: Vendor, { mode, maxTokens }: Pick<ConfiguredModel, 'mode' | 'maxTokens'>): ParameterRule[] =>
  ofVendor[vendor].filter((name) => mode !== 'completion' || !ofChat.has(name)).map((name) => {
    if (name === 'max_tokens' && maxTokens !== undefined) return { ...rules[name], max: maxTokens }
    if (name === 'temperature' && vendor === 'anthropic') return { ...rules[name], max: 1 }
    if (name === 'reasoning_effort' && (vendor === 'openai' || vendor === 'openai-compatible')) return { ...rules[name], options: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] }
    return rules[name]
  })

type Effort = 'low' | 'medium' | 'high'
/** Tokens for thinking, of models that are told a number. */
const BUDGETS: Readonly<Record<Effort, number>> = { low: 2_048, medium: 8_192, high: 24_576 }
const isEffort = (value: unknown): value is Effort => typeof value === 'string' && value in BUDGETS

/** Claude up to 4.5 is told how many tokens it may think for, later ones how hard to think. */
const thinksByBudget = (model: string): boolean => /claude-3|claude-(opus|sonnet|haiku)-4(-[015])?(-\d{8})?$/.test(model)
const anthropic = (model: string, effort: unknown) => !isEffort(effort) ? {}
  : thinksByBudget(model) ? { thinking: { type: 'enabled' as const, budgetTokens: BUDGETS[effort] } } : { thinking: { type: 'adaptive' as const, display: 'summarized' as const }, effort }
/** Gemini up to 2.5 likewise. */
const google = (model: string, effort: unknown) => !isEffort(effort) ? {}
  : { thinkingConfig: { includeThoughts: true, .../gemini-(1|2)/.test(model) ? { thinkingBudget: BUDGETS[effort] } : { thinkingLevel: effort } } }

const present = <T extends object>(fields: T): T => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
const number = (value: unknown): number | undefined => typeof value === 'number' && Number.isFinite(value) ? value : undefined
const text = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

export interface Chosen {
  readonly model: string
  readonly mode: 'chat' | 'completion'
  /** As the rules of the model allow. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
  readonly stop?: readonly string[] | undefined
  readonly user?: string | undefined
}
/** The instance of a package is called so, and finds what is meant for it by that name. */
export const COMPATIBLE = 'compatible'
export const settingsOf = (vendor: Vendor, { model, mode, parameters = {}, stop = [], user }: Chosen): Partial<CallOptions> => {
  const effort = text(parameters['reasoning_effort'])
  const topK = number(parameters['top_k'])
  const ofThem = {
    // What the package does not know, it hands on as it is.
    'openai-compatible': { [COMPATIBLE]: present({ user, reasoningEffort: mode === 'chat' ? effort : undefined, top_k: topK }) },
    openai: { openai: present({ user, reasoningEffort: mode === 'chat' ? effort : undefined }) },
    anthropic: { anthropic: { ...user === undefined ? {} : { metadata: { userId: user } }, ...anthropic(model, effort) } },
    google: { google: google(model, effort) },
  }[vendor]
  const isSet = stop.filter((word) => word !== '')
  return present({
    temperature: number(parameters['temperature']), topP: number(parameters['top_p']),
    topK: vendor === 'anthropic' || vendor === 'google' ? topK : undefined,
    presencePenalty: number(parameters['presence_penalty']), frequencyPenalty: number(parameters['frequency_penalty']),
    maxOutputTokens: number(parameters['max_tokens']), seed: number(parameters['seed']),
    responseFormat: parameters['response_format'] === 'json_object' ? { type: 'json' as const } : undefined,
    stopSequences: isSet.length > 0 ? isSet : undefined,
    providerOptions: ofThem,
  }) as Partial<CallOptions>
}
