/** Google's Gemini: POST /v1beta/models/{model}:streamGenerateContent?alt=sse. A call of a tool comes whole. */
import { event } from './server.ts'
import type { Vendor } from './server.ts'

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY' } as const
const STATUSES: Readonly<Record<number, string>> = { 400: 'INVALID_ARGUMENT', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 503: 'UNAVAILABLE' }
const PATH = /^\/v1beta\/models\/([^/]+):streamGenerateContent$/

export const google: Vendor = {
  base: '/v1beta',
  models: { models: [{ name: 'models/gemini' }] },
  refuse: ({ method, path, query, headers, body }, keys) => {
    if (!keys.includes(String(headers['x-goog-api-key']))) return { status: 400, message: `API key not valid: ${String(headers['x-goog-api-key'])}` }
    if (method === 'GET') return path === '/v1beta/models' ? undefined : { status: 404, message: `no ${path}` }
    const model = PATH.exec(path)?.[1]
    if (model === undefined || model.startsWith('no-such')) return { status: 404, message: `models/${model ?? ''} is not found` }
    if (query['alt'] !== 'sse') return { status: 400, message: 'this server streams events' }
    const { contents } = body as { contents?: { role: string; parts: unknown[] }[] }
    return contents && contents.length > 0 && contents.every(({ parts }) => parts.length > 0) ? undefined : { status: 400, message: 'contents is not specified' }
  },
  refusal: ({ status, message }) => ({
    error: {
      code: status, message, status: STATUSES[status] ?? 'UNKNOWN',
      ...message.startsWith('API key') ? { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' }] } : {},
    },
  }),
  error: (what) => event({ error: what === 'overloaded' ? { code: 503, message: 'a word of theirs', status: 'UNAVAILABLE' } : { code: 429, message: 'a word of theirs', status: 'RESOURCE_EXHAUSTED' } }),
  events: ({ reasoning = [], text = [], tools = [], finish = 'stop', usage }) => {
    const chunk = (parts: object[], more: object = {}): string => event({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], responseId: 'r1', modelVersion: 'gemini' })
    const told = usage ? { usageMetadata: { promptTokenCount: usage.input, candidatesTokenCount: usage.output, totalTokenCount: usage.input + usage.output } } : {}
    return [
      ...reasoning.map((words) => chunk([{ text: words, thought: true }])),
      ...text.map((words) => chunk([{ text: words }])),
      ...tools.map(({ id, name, input }) => chunk([{ functionCall: { id, name, args: JSON.parse(input.join('')) as object }, thoughtSignature: 'c2ln' }])),
      event({ candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: FINISH[finish], index: 0 }], ...told, responseId: 'r1' }),
    ]
  },
}
