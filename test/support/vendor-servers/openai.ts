/** OpenAI's conversations: POST /v1/chat/completions, and /v1/completions of old. */
import { event } from './server.ts'
import type { Vendor } from './server.ts'

const FINISH = { stop: 'stop', length: 'length', filter: 'content_filter' } as const
const isText = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value) && value.length > 0 || value === null

export const openAi: Vendor = {
  base: '/v1',
  models: { object: 'list', data: [{ id: 'gpt', object: 'model' }] },
  refuse: ({ method, path, headers, body }, keys) => {
    const key = (headers.authorization ?? '').replace('Bearer ', '') || String(headers['api-key'] ?? '')
    if (!keys.includes(key)) return { status: 401, message: `Incorrect API key provided: ${key}.` }
    if (method === 'GET') return path === '/v1/models' ? undefined : { status: 404, message: `no ${path}` }
    if (String(body.model).startsWith('no-such')) return { status: 404, message: `The model ${String(body.model)} does not exist` }
    if (body.stream !== true) return { status: 400, message: 'this server streams' }
    if (path === '/v1/completions') return typeof body.prompt === 'string' && !body.tools ? undefined : { status: 400, message: 'a prompt is a text' }
    if (path !== '/v1/chat/completions') return { status: 404, message: `no ${path}` }
    if (!Array.isArray(body.messages) || body.messages.length === 0) return { status: 400, message: 'messages are missing' }
    return body.messages.every(({ content }: { content: unknown }) => isText(content)) ? undefined : { status: 400, message: 'a message has no content' }
  },
  refusal: ({ status, message }) => ({ error: { message, type: status === 429 ? 'requests' : 'invalid_request_error', param: null, code: status === 429 ? 'rate_limit_exceeded' : null } }),
  error: (what) => event({ error: what === 'overloaded' ? { message: 'a word of theirs: overloaded', type: 'server_error', code: null } : { message: 'a word of theirs', type: 'requests', code: 'rate_limit_exceeded' } }),
  events: ({ reasoning = [], text = [], tools = [], finish = 'stop', usage }, { path, body }) => {
    const base = { id: 'cmpl-1', created: 1_700_000_000, model: body.model as string }
    const legacy = path === '/v1/completions'
    const chunk = (delta: object, reason: string | null = null): string => event({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason, logprobs: null }], usage: null })
    const told = usage === null || body.stream_options?.include_usage !== true ? [] : [event({
      ...base, choices: [], usage: { prompt_tokens: usage?.input ?? 1, completion_tokens: usage?.output ?? 1, total_tokens: (usage?.input ?? 1) + (usage?.output ?? 1) },
    })]
    if (legacy) {
      const piece = (words: string, reason: string | null = null): string => event({ ...base, object: 'text_completion', choices: [{ index: 0, text: words, finish_reason: reason, logprobs: null }] })
      return [...text.map((words) => piece(words)), piece('', FINISH[finish]), ...told, event('[DONE]')]
    }
    return [
      chunk({ role: 'assistant', content: '' }),
      ...reasoning.map((words) => chunk({ reasoning_content: words })),
      ...text.map((words) => chunk({ content: words })),
      ...tools.flatMap(({ id, name, input: [first = '', ...rest] }, index) => [
        chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: first } }] }), ...rest.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
      ]),
      chunk({}, tools.length > 0 ? 'tool_calls' : FINISH[finish]), ...told, event('[DONE]'),
    ]
  },
}
