/** Anthropic's messages: POST /v1/messages. */
import { event } from './server.ts'
import type { Vendor } from './server.ts'

const FINISH = { stop: 'end_turn', length: 'max_tokens', filter: 'refusal' } as const
const TYPES: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error', 404: 'not_found_error', 429: 'rate_limit_error', 529: 'overloaded_error' }
const KNOWN = new Set(['model', 'max_tokens', 'messages', 'system', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata', 'thinking', 'output_config', 'tools', 'tool_choice'])

export const anthropic: Vendor = {
  base: '/v1',
  models: { data: [{ type: 'model', id: 'claude' }], has_more: false },
  refuse: ({ method, path, headers, body }, keys) => {
    if (!keys.includes(String(headers['x-api-key']))) return { status: 401, message: `invalid x-api-key ${String(headers['x-api-key'])}` }
    if (headers['anthropic-version'] !== '2023-06-01') return { status: 400, message: 'anthropic-version: header is required' }
    if (method === 'GET') return path === '/v1/models' ? undefined : { status: 404, message: `no ${path}` }
    if (path !== '/v1/messages') return { status: 404, message: `no ${path}` }
    if (String(body.model).startsWith('no-such')) return { status: 404, message: `model: ${String(body.model)}` }
    const stranger = Object.keys(body as object).find((name) => !KNOWN.has(name))
    if (stranger !== undefined) return { status: 400, message: `${stranger}: Extra inputs are not permitted` }
    if (!Number.isInteger(body.max_tokens)) return { status: 400, message: 'max_tokens: Field required' }
    if (!Array.isArray(body.messages) || body.messages[0]?.role !== 'user') return { status: 400, message: 'messages: first message must use the user role' }
    const blocks = (body.messages as { content: { type: string; text?: string }[] }[]).flatMap(({ content }) => content)
    return blocks.some(({ type, text }) => type === 'text' && text?.trim() === '') ? { status: 400, message: 'text content blocks must contain non-whitespace text' } : undefined
  },
  refusal: ({ status, message }) => ({ type: 'error', error: { type: TYPES[status] ?? 'api_error', message }, request_id: 'req_1' }),
  error: (what) => event({ type: 'error', error: { type: what === 'overloaded' ? 'overloaded_error' : 'rate_limit_error', message: 'a word of theirs' } }, 'error'),
  events: ({ reasoning = [], text = [], tools = [], finish = 'stop', usage }, { body }) => {
    const { input = 0, output = 0 } = usage ?? {}
    const say = (data: { type: string } & Record<string, unknown>): string => event(data, data.type)
    let index = -1
    const block = (content_block: object, deltas: readonly object[]): string[] => {
      index += 1
      return [say({ type: 'content_block_start', index, content_block }), ...deltas.map((delta) => say({ type: 'content_block_delta', index, delta })), say({ type: 'content_block_stop', index })]
    }
    return [
      say({ type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: body.model as string, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: input, output_tokens: 1 } } }),
      say({ type: 'ping' }),
      ...reasoning.length === 0 ? [] : block({ type: 'thinking', thinking: '', signature: '' },
        [...reasoning.map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: 'EqQBCgIYAhIM' }]),
      ...text.length === 0 ? [] : block({ type: 'text', text: '' }, text.map((words) => ({ type: 'text_delta', text: words }))),
      ...tools.flatMap(({ id, name, input: pieces }) => block({ type: 'tool_use', id, name, input: {} }, ['', ...pieces].map((partial_json) => ({ type: 'input_json_delta', partial_json })))),
      say({ type: 'message_delta', delta: { stop_reason: tools.length > 0 ? 'tool_use' : FINISH[finish], stop_sequence: null }, usage: { output_tokens: output } }),
      say({ type: 'message_stop' }),
    ]
  },
}
