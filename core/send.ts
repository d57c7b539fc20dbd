/** Answering: JSON, nothing, a file, or a stream of events; and the one form that every error takes. */
import type { ServerResponse } from 'node:http'
import { finished, Readable } from 'node:stream'
import Joi from 'joi'
import type Koa from 'koa'
import { errors, HttpError } from './errors.ts'
import type { Logger } from './ports.ts'
import type { Call, FileBody, Reply, Route, ServerEvent } from './route.ts'

/** Puts what a handler returned on the wire. With `check`, a JSON body that is not as its schema says is an error of ours (500). */
export const send = async (ctx: Koa.Context, route: Route, result: unknown, check: boolean, call: Pick<Call, 'log'>): Promise<void> => {
  const kind = route.reply === undefined || Joi.isSchema(route.reply, { legacy: true }) ? 'json' : (route.reply as Reply<unknown>).kind
  if (kind === 'empty') Object.assign(ctx, { status: route.status ?? 204, body: null })
  else if (kind === 'file') sendFile(ctx, result as FileBody)
  else if (kind === 'events' || kind === 'json-or-events' && Symbol.asyncIterator in Object(result)) await sendEvents(ctx, result as AsyncIterable<ServerEvent>, call)
  else {
    const schema = kind === 'json' ? route.reply as Joi.Schema | undefined : (route.reply as Reply<unknown>).schema
    const error = check ? schema?.validate(JSON.parse(JSON.stringify(result)), { convert: false, abortEarly: false }).error : undefined
    if (error) throw new Error(`${route.method} ${route.path} answers other than its reply schema says: ${error.message}`)
    // A handler that answers with one of several statuses has set it on the context.
    if (ctx.status === 404) ctx.status = route.status ?? 200
    // As text, at once: whoever asks Koa how long an object is has it made into text, which is then thrown away; and to see what an
    // object is, Koa asks whether it is a Response, for which Node loads all of fetch.
    Object.assign(ctx, typeof result === 'object' && result !== null ? { type: 'json', body: JSON.stringify(result) } : { body: result })
  }
}

const sendFile = (ctx: Koa.Context, file: FileBody): void => {
  ctx.type = file.mediaType
  if (file.size !== undefined) ctx.length = file.size
  if (file.name === undefined) ctx.set('Content-Disposition', file.disposition ?? 'attachment')
  else ctx.attachment(file.name, { type: file.disposition ?? 'attachment' })
  ctx.body = file.body
}

const format = ({ event, id, data }: ServerEvent): string =>
  `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}${data === undefined ? '' : `data: ${JSON.stringify(data)}\n`}\n`
const failure = ({ status, code, message }: HttpError): string => format({ data: { event: 'error', status, code, message } })

/**
 * Chunks framed here and written to the socket at once: Node would write each in four pieces a tick later, which costs a third more.
 * Undefined where the answer has no chunks, or an earlier one of its connection is still under way.
 */
const chunkWriter = (res: ServerResponse, onDrain: () => void): ((text: string) => boolean) | undefined => {
  res.flushHeaders()
  const { socket, chunkedEncoding } = res
  if (!socket || !chunkedEncoding) return undefined
  return (text) => socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`) || (socket.once('drain', onDrain), false)
}

const sendEvents = async (ctx: Koa.Context, events: AsyncIterable<ServerEvent>, call: Pick<Call, 'log'>): Promise<void> => {
  const iterator = events[Symbol.asyncIterator]()
  // Until the first event the answer is still open, so a failure there is an ordinary error.
  const first = await iterator.next()
  let go = (): void => { void pump((text) => body.push(text)) }
  const pump = async (write: (text: string) => boolean): Promise<void> => {
    go = () => undefined
    try { for (let next = first; !next.done; next = await iterator.next()) if (!write(format(next.value))) await new Promise<void>((on) => { go = on }) }
    catch (error) { write(failure(asHttpError(error, call.log))) }
    body.push(null)
  }
  const body: Readable = ctx.body = new Readable({ highWaterMark: 16 * 1024, read: () => { go() } })
  // Straight into what takes it, as Koa does: the buffers of a stream between cost more for each event than all that comes before them.
  body.pipe = (to, { end = true } = {}) => {
    const write = Object.is(to, ctx.res) ? chunkWriter(ctx.res, () => { go() }) : undefined
    void pump(write ?? ((text) => to.write(text))).finally(() => body.resume())
    if (end) body.once('end', () => { to.end() })
    return to.on('drain', () => { go() })
  }
  // Not by a `finally` above: it never runs where nobody takes the first line, as after HEAD or when the client has left.
  finished(ctx.res, () => { iterator.return?.().catch((error: unknown) => { call.log.error({ err: error }, 'a stream of events did not end cleanly') }) })
  Object.assign(ctx, { compress: false }).set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' })
}

/** Any failure as an answer. What we did not foresee is logged in full and told to nobody. */
export const asHttpError = (error: unknown, log: Logger): HttpError => {
  if (error instanceof HttpError) return error
  if (error instanceof URIError) return errors.notFound()
  log.error({ err: error }, 'a request failed')
  return new HttpError({ status: 500, code: 'unknown' }, 'Internal Server Error', { cause: error })
}

export const sendError = (ctx: Koa.Context, error: HttpError): void => {
  ctx.set(error.headers)
  const { code, message, params, status } = error
  Object.assign(ctx, { status, type: 'json', body: JSON.stringify({ code, message, ...(params === undefined ? {} : { params }), status }) })
}
