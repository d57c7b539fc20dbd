/** What in an app's file belongs to one server alone: knowledge bases, credentials, addresses. No I/O. */
import { isUuid } from '../schemas/common.ts'

type Part = Record<string, unknown>
const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null && !Array.isArray(value)
const at = (value: unknown, ...path: readonly string[]): unknown => path.reduce<unknown>((part, name) => isPart(part) ? part[name] : undefined, value)
const listAt = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}
/** A copy in which the list at the path is another one; the same where there is no list. */
const withList = (value: Part, [name = '', ...path]: readonly string[], change: (list: readonly unknown[]) => readonly unknown[]): Part => {
  const inner = value[name]
  if (path.length === 0) return Array.isArray(inner) ? { ...value, [name]: change(inner) } : value
  return isPart(inner) ? { ...value, [name]: withList(inner, path, change) } : value
}
export const without = (part: Part, ...names: readonly string[]): Part => Object.fromEntries(Object.entries(part).filter(([name]) => !names.includes(name)))
const nodesOf = (workflow: Part): readonly unknown[] => listAt(workflow, 'graph', 'nodes')
const eachNode = (workflow: Part, change: (data: Part, index: number) => Part): Part => withList(workflow, ['graph', 'nodes'], (nodes) =>
  nodes.map((node, index) => isPart(node) && isPart(node['data']) ? { ...node, data: change(node['data'], index) } : node))

export interface DroppedKnowledge { readonly path: string; readonly id: string }
export interface Kept { readonly part: Part; readonly dropped: readonly DroppedKnowledge[] }

const CONFIGURED = ['dataset_configs', 'datasets', 'datasets'] as const
const TOOLS = ['agent_mode', 'tools'] as const
/** Ids of knowledge bases that settings name, as they stand there. */
export const knowledgeOfSettings = (settings: Part): readonly unknown[] =>
  [...listAt(settings, ...CONFIGURED), ...listAt(settings, ...TOOLS)].flatMap((one) => isPart(at(one, 'dataset')) ? [at(one, 'dataset', 'id')] : [])
export const knowledgeOfWorkflow = (workflow: Part): readonly unknown[] => nodesOf(workflow).flatMap((node) => [...listAt(node, 'data', 'dataset_ids')])

const shown = (id: unknown): string => typeof id === 'string' ? id.slice(0, 200) : ''
/** Without the knowledge bases that are not among the known ones. */
export const keepOfSettings = (settings: Part, known: ReadonlySet<string>): Kept => {
  const dropped: DroppedKnowledge[] = []
  const filter = (path: readonly string[]) => (list: readonly unknown[]) => list.filter((one, index) => {
    if (!isPart(at(one, 'dataset'))) return true
    const id = at(one, 'dataset', 'id')
    if (isUuid(id) && known.has(id.toLowerCase())) return true
    dropped.push({ path: `model_config.${path.join('.')}.${index}`, id: shown(id) })
    return false
  })
  return { part: withList(withList(settings, CONFIGURED, filter(CONFIGURED)), TOOLS, filter(TOOLS)), dropped }
}
export const keepOfWorkflow = (workflow: Part, known: ReadonlySet<string>): Kept => {
  const dropped: DroppedKnowledge[] = []
  const part = eachNode(workflow, (data, index) => withList(data, ['dataset_ids'], (list) => list.filter((id, place) => {
    if (isUuid(id) && known.has(id.toLowerCase())) return true
    dropped.push({ path: `workflow.graph.nodes.${index}.data.dataset_ids.${place}`, id: shown(id) })
    return false
  })))
  return { part, dropped }
}

/** Credentials are of one server, whatever file names them. */
export const withoutCredentials = (settings: Part): Part =>
  withList(settings, TOOLS, (tools) => tools.map((tool) => isPart(tool) ? without(tool, 'credential_id') : tool))
export const withoutPlaces = (workflow: Part): Part => eachNode(workflow, (data) => {
  const plain = without(data, 'credential_id')
  const tools = withList(plain, ['agent_parameters', 'tools', 'value'], (list) => list.map((tool) => isPart(tool) ? without(tool, 'credential_id') : tool))
  const emptied = ['webhook_url', 'webhook_debug_url', 'subscription_id'].filter((name) => name in tools)
  return emptied.length === 0 ? tools : { ...tools, ...Object.fromEntries(emptied.map((name) => [name, ''])) }
})

const VARIABLES = ['environment_variables'] as const
/** The values of the variables that are secret, by their place in the list; and the rest without them. */
export const splitSecrets = (workflow: Part): { readonly part: Part; readonly secrets: Readonly<Record<string, unknown>> } => {
  const secrets: Record<string, unknown> = {}
  const part = withList(workflow, VARIABLES, (list) => list.map((one, index) => {
    if (!isPart(one) || one['value_type'] !== 'secret' || one['value'] === undefined || one['value'] === '') return one
    secrets[index] = one['value']
    return { ...one, value: '' }
  }))
  return { part, secrets }
}
export const joinSecrets = (workflow: Part, secrets: Readonly<Record<string, unknown>>): Part => withList(workflow, VARIABLES, (list) =>
  list.map((one, index) => isPart(one) && Object.hasOwn(secrets, index) ? { ...one, value: secrets[index] } : one))

/** The model providers that an app names, in the words of whoever wrote it. */
export const providersOf = (parts: { readonly settings?: unknown; readonly workflow?: unknown }): readonly string[] => {
  const { settings, workflow } = parts
  const named = [
    at(settings, 'model', 'provider'), at(settings, 'suggested_questions_after_answer', 'model', 'provider'), at(settings, 'dataset_configs', 'reranking_model', 'reranking_provider_name'),
    ...isPart(workflow) ? nodesOf(workflow).map((node) => at(node, 'data', 'model', 'provider')) : [],
  ]
  return [...new Set(named.filter((name): name is string => typeof name === 'string' && name !== ''))]
}
