/** Answering: JSON, nothing, a file, or a stream of events; and the one form that every error takes. */
import { finished, Readable } from 'node:stream'
import Joi from 'joi'
import type Koa from 'koa'
import { errors, HttpError } from './errors.ts'
import type { Logger } from './ports.ts'
import type { Call, FileBody, Reply, Route, ServerEvent } from './route.ts'

/** Puts what a handler returned on the wire. With `check`, a JSON body that is not as its schema says is an error of ours (500). */
export const send = async (ctx: Koa.Context, route: Route, result: unknown, check: boolean, call: Pick<Call, 'log'>): Promise<void> => {
  const kind = route.reply === undefined || Joi.isSchema(route.reply, { legacy: true }) ? 'json' : (route.reply as Reply<unknown>).kind
  if (kind === 'empty') {
    ctx.status = route.status ?? 204
    ctx.body = null
  } else if (kind === 'file') {
    sendFile(ctx, result as FileBody)
  } else if (kind === 'events' || kind === 'json-or-events' && isEvents(result)) {
    await sendEvents(ctx, result as AsyncIterable<ServerEvent>, call)
  } else {
    const schema = kind === 'json' ? route.reply as Joi.Schema | undefined : (route.reply as Reply<unknown>).schema
    if (check && schema) {
      const { error } = schema.validate(JSON.parse(JSON.stringify(result)), { convert: false, abortEarly: false })
      if (error) throw new Error(`${route.method} ${route.path} answers other than its reply schema says: ${error.message}`)
    }
    // A handler that answers with one of several statuses has set it on the context.
    if (ctx.status === 404) ctx.status = route.status ?? 200
    if (typeof result !== 'object' || result === null) ctx.body = result
    // As text, at once: whoever asks Koa how long an object is has it made into text, which is then thrown away; and to see what an
    // object is, Koa asks whether it is a Response, for which Node loads all of fetch.
    else Object.assign(ctx, { type: 'json', body: JSON.stringify(result) })
  }
}

const isEvents = (value: unknown): value is AsyncIterable<ServerEvent> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

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

const sendEvents = async (ctx: Koa.Context, events: AsyncIterable<ServerEvent>, call: Pick<Call, 'log'>): Promise<void> => {
  const iterator = events[Symbol.asyncIterator]()
  // Until the first event the answer is still open, so a failure there is an ordinary error.
  const first = await iterator.next()
  // By hand: an async generator and `Readable.from` cost more for each event than all that comes before them.
  let more = (): void => { void pump().catch((error: unknown) => { body.push(failure(asHttpError(error, call.log))) }).finally(() => { body.push(null) }) }
  const body: Readable = ctx.body = new Readable({ highWaterMark: 16 * 1024, read: () => { more() } })
  const pump = async (): Promise<void> => {
    more = () => undefined
    for (let next = first; !next.done; next = await iterator.next()) if (!body.push(format(next.value))) await new Promise<void>((go) => { more = go })
  }
  // Not by a `finally` above: it never runs where nobody takes the first line, as after HEAD or when the client has left.
  finished(ctx.res, () => { iterator.return?.().catch((error: unknown) => { call.log.error({ err: error }, 'a stream of events did not end cleanly') }) })
  ctx.status = 200
  ctx.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' })
  ctx['compress'] = false
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
