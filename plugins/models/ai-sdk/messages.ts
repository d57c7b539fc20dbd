/** Messages as the AI SDK takes them, in forms that every vendor takes. */
import type { HttpClient } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import { readable } from '../openai/embedding.ts'
import type { MessagePart, PromptMessage, ToolCall } from '../ports.ts'
import type { Message, Prompt } from './packages.ts'

export interface Reader {
  readonly http: HttpClient
  /** Of the provider. */
  readonly label: string
  readonly model: string
  readonly features: readonly string[]
  /** Whether what the system says may stand first alone. */
  readonly systemFirst: boolean
  readonly signal?: AbortSignal | undefined
}
/** @property room bytes of files that may still be loaded */
interface Loading extends Reader { room: number }
type File = Extract<MessagePart, { type: 'file' }>
type Content = Extract<Message, { role: 'user' }>['content'][number]

const textOf = (content: PromptMessage['content']): string =>
  readable(typeof content === 'string' ? content : content.flatMap((part) => part.type === 'text' ? [part.text] : []).join('\n'))

/** Of one that is loaded, and of all of them. */
const [FILE_BYTES, ALL_BYTES] = [50 * 1024 * 1024, 100 * 1024 * 1024]
const FILE_MS = 30_000
const PLAIN = /^(text\/|application\/(json|xml|yaml|x-yaml|javascript|csv)\b)/
/** What a model must have for a kind of file, and how it is called. */
const needed = (mediaType: string): readonly [feature: string, called: string] =>
  mediaType.startsWith('image/') ? ['vision', 'images'] : mediaType.startsWith('audio/') ? ['audio', 'sounds'] : mediaType.startsWith('video/') ? ['video', 'videos'] : ['document', 'texts or PDF files']

const bytesOf = async ({ data }: File, reader: Loading): Promise<Uint8Array> => {
  if (!(data instanceof URL)) return data
  const { http, signal } = reader
  const refuse = (cause?: unknown): Error => modelErrors.requestRefused(`A file at ${data.host} cannot be loaded. Look whether its address still holds and it is not too large, or upload it.`, { cause })
  try {
    const answer = await http.send({ url: data.href, timeout: FILE_MS, maxBytes: Math.max(1, Math.min(FILE_BYTES, reader.room)), ...signal ? { signal } : {} })
    const pieces: Buffer[] = []
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      reader.room -= piece.length
    }
    if (answer.status === 200) return Buffer.concat(pieces)
  } catch (error) {
    signal?.throwIfAborted()
    throw refuse(error)
  }
  throw refuse()
}
const fileOf = async (file: File, reader: Loading): Promise<Content> => {
  const mediaType = file.mediaType.toLowerCase()
  const [feature, called] = needed(mediaType)
  const refuse = (): Error => modelErrors.requestRefused(`${reader.label}/${reader.model} takes no ${called}. Leave the file out, or use a model with the feature "${feature}".`)
  if (!reader.features.includes(feature)) throw refuse()
  if (feature !== 'document') return { type: 'file', mediaType, data: await bytesOf(file, reader), ...file.name === undefined ? {} : { filename: readable(file.name) } }
  if (PLAIN.test(mediaType)) {
    const text = readable(new TextDecoder().decode(await bytesOf(file, reader)))
    return { type: 'text', text: file.name === undefined ? text : `${readable(file.name)}:\n${text}` }
  }
  if (mediaType !== 'application/pdf') {
    throw modelErrors.requestRefused(`${reader.label}/${reader.model} takes PDF and plain text, and not documents of the type ${mediaType.slice(0, 100)}. Leave the file out, or convert it.`)
  }
  return { type: 'file', mediaType, data: await bytesOf(file, reader), filename: readable(file.name ?? 'document.pdf') }
}
/** A conversation goes on, though the address of a file that came along long ago has expired. */
const givenOf = (file: File, reader: Loading): Promise<Content> => fileOf(file, reader).catch((error: unknown) => {
  if (!file.isEarlier || reader.signal?.aborted) throw error
  return { type: 'text', text: `(A file came along${file.name === undefined ? '' : `, "${readable(file.name)}"`}, which cannot be read any more.)` }
})
/** Vendors refuse a text without a word. */
const contentOf = async (content: PromptMessage['content'], reader: Loading): Promise<Content[]> => {
  const made: Content[] = []
  for (const part of typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content) {
    if (part.type === 'file') made.push(await givenOf(part, reader))
    else if (part.text.trim() !== '') made.push({ type: 'text', text: readable(part.text) })
  }
  return made
}

/** A model may have said something else than JSON; vendors want an object back. */
const inputOf = ({ input }: ToolCall): unknown => {
  try {
    const value = JSON.parse(input) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch { return {} }
}
const messageOf = async (message: PromptMessage, reader: Loading): Promise<Message | undefined> => {
  const { role, content, toolCalls = [], toolCallId = '', toolName = '' } = message
  if (role === 'tool') return { role, content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: textOf(content) } }] }
  if (role === 'system') return textOf(content).trim() === '' ? undefined : { role, content: textOf(content) }
  const parts = await contentOf(content, reader)
  if (role === 'user') return parts.length === 0 ? undefined : { role, content: parts }
  const calls = toolCalls.map((call) => ({ type: 'tool-call' as const, toolCallId: call.id, toolName: call.name, input: inputOf(call) }))
  return parts.length + calls.length === 0 ? undefined : { role, content: [...parts, ...calls] }
}

/** Throws 400 for a file that the model does not take, or that cannot be loaded. */
export const promptOf = async (messages: readonly PromptMessage[], reader: Reader): Promise<Prompt> => {
  const made: Message[] = []
  const loading: Loading = { ...reader, room: ALL_BYTES }
  for (const message of messages) {
    const one = await messageOf(message, loading)
    if (one) made.push(one)
  }
  const said = made.filter((message) => message.role !== 'system')
  const system = made.filter((message) => message.role === 'system')
  if (!reader.systemFirst && said.length > 0) return made
  // A conversation has something to answer: a prompt alone is the question.
  if (said.length === 0) return [{ role: 'user', content: [{ type: 'text', text: system.map(({ content }) => content).join('\n\n') || '.' }] }]
  return [...system.length === 0 ? [] : [{ role: 'system' as const, content: system.map(({ content }) => content).join('\n\n') }], ...said]
}
