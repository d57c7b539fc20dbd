/** One JSON-RPC message in, its answer out. There are no sessions, so any replica may answer, and GET and DELETE are 405 as the protocol has it. */
import Joi from 'joi'
import { route } from '../../../core/index.ts'
import type { Resource } from '../../../core/index.ts'
import { mcpErrors } from '../errors.ts'
import { endpoint } from '../services/endpoint.ts'

interface Where { readonly dataset_id: string }
const oneDataset = Joi.object<Where, true>({ dataset_id: Joi.string().guid({ separator: '-', wrapper: false }).length(36).lowercase().required() })

const message = Joi.object().unknown().messages({ 'object.base': 'Send one JSON-RPC message, as a JSON object; batches are not taken.' })
/** A notification is answered by 202 and nothing. */
const answer = Joi.object().unknown().allow('')

const mcp = <P extends Joi.ObjectSchema<Where> | undefined>(path: string, resource: Resource, params: P, summary: string) => route({
  method: 'POST', path, surface: 'root', credential: 'dataset', access: 'dataset:retrieve', resource, summary,
  description: 'The Model Context Protocol over streamable HTTP: tools `search` and `list_datasets`, within what the key reaches.',
  params,
  body: message,
  reply: answer,
  errors: [mcpErrors.originRefused],
  uses: { endpoint },
  handle: async ({ actor, params, body, signal, log, ctx }, { endpoint }) => {
    // The protocol wants this of servers. What `cors` lets in, it has marked by now; programs send no origin.
    if (ctx.get('Origin') !== '' && !ctx.res.hasHeader('Access-Control-Allow-Origin')) throw mcpErrors.originRefused()
    const { status, message } = await endpoint.answer(body, { actor, only: params?.dataset_id, protocol: ctx.get('MCP-Protocol-Version'), signal, log })
    ctx.status = status
    return message
  },
})

export const mcpRoutes = [
  mcp('/mcp', { dataset: 'filtered' }, undefined, 'Search knowledge bases by the Model Context Protocol'),
  // For keys that are bound to one: they are refused wherever none is named.
  mcp('/mcp/{dataset_id}', { dataset: 'params.dataset_id' }, oneDataset, 'Search one knowledge base by the Model Context Protocol'),
]
