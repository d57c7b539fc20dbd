/** Reading what a client sends: JSON, or a form whose files go straight to storage. Nothing is read before the sender is known. */
import { createHash, randomUUID } from 'node:crypto'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import type Joi from 'joi'
import type Koa from 'koa'
import rawBody from 'raw-body'
import secureJson from 'secure-json-parse'
import { errors, HttpError } from './errors.ts'
import type { Storage } from './ports.ts'
import type { Route, Upload, UploadedFile } from './route.ts'

export interface BodyLimits { readonly bodyBytes: number; readonly uploadBytes: number }
export interface ReceivedBody {
  readonly body: unknown
  readonly files: readonly UploadedFile[]
  /** Removes the files that nobody kept. */
  discard(): Promise<void>
}
const nothing: ReceivedBody = { body: undefined, files: [], discard: async () => undefined }

/** Reads the body that a route asks for. Throws 400, 413 or 415 with what to do about it. */
export const readBody = async (ctx: Koa.Context, route: Route, limits: BodyLimits, storage: Storage): Promise<ReceivedBody> => {
  if (!route.body && !route.upload) return nothing
  if (!['', 'identity'].includes(ctx.get('content-encoding'))) throw errors.unsupportedMediaType('Compressed bodies are not taken. Send it without Content-Encoding.')
  if (!route.upload) return { ...nothing, body: await readJson(ctx, limits) }
  if (!ctx.is('multipart')) throw errors.unsupportedMediaType('Send a form as multipart/form-data.')
  const form = await readForm(ctx, route.upload, limits, storage)
  try { return { ...form, body: parseFields(form.body as Record<string, string>, route) } } catch (error) {
    await form.discard()
    throw error
  }
}

/** A form carries only text: a field whose schema is an object or a list is JSON. */
const parseFields = (fields: Readonly<Record<string, string>>, { body }: Route): Record<string, unknown> => {
  const { keys = {} } = ((body as Joi.ObjectSchema | undefined)?.describe() ?? {}) as { keys?: Record<string, { type?: string }> }
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => {
    if (!['object', 'array'].includes(keys[name]?.type ?? '')) return [name, text]
    try { return [name, parseJson(text)] } catch (error) { throw errors.invalidParam(`The form field ${name} must be JSON.`, { params: name, cause: error }) }
  }))
}
const parseJson = (text: string): unknown => secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' })

const readJson = async (ctx: Koa.Context, { bodyBytes }: BodyLimits): Promise<unknown> => {
  if (ctx.get('transfer-encoding') === '' && !Number(ctx.get('content-length'))) return undefined
  if (!ctx.is('json', '+json')) throw errors.unsupportedMediaType('Send JSON, with Content-Type: application/json.')
  let text: string
  try { text = await rawBody(ctx.req, { limit: bodyBytes, encoding: 'utf-8', length: ctx.get('content-length') || null }) } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') throw errors.bodyTooLarge(`The body is larger than ${bodyBytes} bytes. Send less at a time, or raise server.bodyBytes.`)
    throw errors.badRequest('The body ended before all of it had arrived. Send it again.', { cause: error })
  }
  try { return parseJson(text) } catch (error) { throw errors.invalidJson(undefined, { cause: error }) }
}

const readForm = (ctx: Koa.Context, upload: Upload, limits: BodyLimits, storage: Storage): Promise<ReceivedBody> => {
  const maxBytes = upload.maxBytes ?? limits.uploadBytes
  const count = upload.count ?? 1
  const fields: Record<string, string> = Object.create(null) as Record<string, string>
  const stored: Promise<UploadedFile>[] = []
  const kept = new Set<string>()
  const discard = async (): Promise<void> => {
    for (const result of await Promise.allSettled(stored)) {
      if (result.status === 'fulfilled' && !kept.has(result.value.key)) await storage.delete(result.value.key)
    }
  }
  const received = new Promise<ReceivedBody>((resolve, reject) => {
    let parser: busboy.Busboy
    try {
      parser = busboy({
        headers: ctx.req.headers, defParamCharset: 'utf8', preservePath: true,
        limits: { fileSize: maxBytes + 1, files: count + 1, fields: 50, fieldSize: limits.bodyBytes, parts: count + 52, headerPairs: 100 },
      })
    } catch (error) {
      reject(errors.badRequest('The form has no boundary. Let your client set Content-Type for multipart/form-data.', { cause: error }))
      return
    }
    const fail = (error: Error): void => {
      ctx.req.unpipe(parser)
      ctx.req.resume()
      // Or a file that is under way would wait for the rest for ever. What the parser still holds may begin another.
      parser.destroy(error)
      reject(error instanceof HttpError ? error : errors.badRequest('The form could not be read. Send it again.', { cause: error }))
    }
    const broken = (): void => { parser.destroy(new Error('the client went away')) }
    parser.on('field', (name, value, { valueTruncated }) => {
      if (valueTruncated) fail(errors.bodyTooLarge(`The form field ${name} is too long.`))
      else if (name in fields) fail(errors.invalidParam(`The form field ${name} is there twice. Send it once.`, { params: name }))
      else fields[name] = value
    })
    parser.on('file', (name, stream, info) => {
      stream.on('error', fail)
      const { filename, mimeType } = info as { filename?: string; mimeType: string }
      const refusal = name !== upload.field ? errors.invalidParam(`The form has a file called ${name}; this address takes ${upload.field}.`, { params: name })
        : stored.length >= count ? errors.tooManyFiles(`Send ${count === 1 ? 'one file' : `${count} files at most`}.`)
        : undefined
      if (refusal || !filename || parser.destroyed) { stream.resume(); fail(refusal ?? errors.filenameMissing()); return }
      const file = store(storage, stream, { field: upload.field, name: filename, mediaType: mimeType }, maxBytes, (key) => kept.add(key))
      file.catch(fail)
      stored.push(file)
    })
    parser.on('fieldsLimit', () => { fail(errors.badRequest('The form has too many fields.')) })
    parser.on('partsLimit', () => { fail(errors.badRequest('The form has too many parts.')) })
    parser.on('error', (error) => { fail(error as Error) })
    parser.on('close', () => {
      ctx.req.off('close', broken)
      Promise.all(stored).then((files) => {
        if (files.length === 0 && upload.required) throw errors.noFileUploaded(`The form has no file. Send one in the field ${upload.field}.`)
        resolve({ body: { ...fields }, files, discard })
      }).catch(fail)
    })
    ctx.req.once('close', () => { if (!ctx.req.complete) broken() })
    ctx.req.pipe(parser)
  })
  return received.catch(async (error: unknown) => {
    await discard()
    throw error
  })
}

const store = async (
  storage: Storage, stream: Readable, label: Pick<UploadedFile, 'field' | 'name' | 'mediaType'>, maxBytes: number, keep: (key: string) => void,
): Promise<UploadedFile> => {
  const key = `uploads/${randomUUID()}`
  const hash = createHash('sha256')
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > maxBytes) { done(errors.fileTooLarge(`The file is larger than ${maxBytes} bytes.`)); return }
      hash.update(chunk)
      done(null, chunk)
    },
  })
  stream.on('error', (error) => measure.destroy(error))
  try { await storage.put(key, stream.pipe(measure)) } catch (error) {
    stream.resume()
    throw error
  }
  return { ...label, key, size, hash: hash.digest('hex'), keep: () => { keep(key) } }
}
