/** What the protocol's own kit does, which only this file knows: a server for each message, gone when it is answered. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js'
import type { CallToolResult, Tool as ToolOnWire } from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv-provider.js'
import type Joi from 'joi'
import { HttpError } from '../../../core/index.ts'
import type { Logger } from '../../../core/index.ts'
import { listDatasets } from '../tools/list-datasets.ts'
import { search } from '../tools/search.ts'
import { ToolError } from '../tools/tool.ts'
import type { Knowledge, Tool } from '../tools/tool.ts'
import type { Answered } from './endpoint.ts'

const tools: readonly Tool[] = [search, listDatasets]
const jsonSchema = (schema: Joi.Schema, side: 'input' | 'output') => schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }) as ToolOnWire['inputSchema']
const described: ToolOnWire[] = tools.map(({ name, title, description, input, output }) => ({
  name, title, description, inputSchema: jsonSchema(input, 'input'), outputSchema: jsonSchema(output, 'output'),
  annotations: { title, readOnlyHint: true, openWorldHint: false },
}))
const instructions = 'Knowledge bases of documents, to be searched before answering from memory. Begin with `search`; `list_datasets` tells what there is.'
/** One for all: the kit would make it anew for each server, which takes longer than all else. */
const jsonSchemaValidator = new AjvJsonSchemaValidator()

interface Heard extends Knowledge { readonly log: Logger }
export const converse = async (message: unknown, { version, protocol }: { version: string; protocol: string }, heard: () => Promise<Heard>): Promise<Answered> => {
  const kit = new McpServer({ name: 'mortise', title: 'Mortise', version }, { instructions, jsonSchemaValidator })
  // Not by its option, which would promise word of changes: nobody is connected to hear it.
  kit.server.registerCapabilities({ tools: {} })
  kit.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: described }))
  kit.server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}; see tools/list.`)
    return call(tool, params.arguments ?? {}, await heard())
  })
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await kit.connect(transport)
  try {
    // The kernel has read and limited the body; what it answers with is JSON, whatever else a client would take.
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...protocol === '' ? {} : { 'MCP-Protocol-Version': protocol } }
    const response = await transport.handleRequest(new Request('http://localhost/mcp', { method: 'POST', headers }), { parsedBody: message })
    return { status: response.status, message: response.body ? await response.json() : '' }
  } finally {
    await kit.close()
  }
}

const call = async (tool: Tool, given: unknown, { log, ...knowledge }: Heard): Promise<CallToolResult> => {
  try {
    const result = await tool.call(given, knowledge)
    return { structuredContent: { ...result }, content: [{ type: 'text', text: JSON.stringify(result) }] }
  } catch (error) {
    if (error instanceof ToolError || error instanceof HttpError) return failed(error.message)
    log.error({ err: error, tool: tool.name }, 'a tool failed')
    return failed('The server could not do that. Try again; if it stays so, its log says why.')
  }
}
const failed = (text: string): CallToolResult => ({ isError: true, content: [{ type: 'text', text }] })
