/** What the servers of the vendors have in common: a script of answers, ways to go wrong, and a memory of what was asked. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: any
  readonly at: number
}
export interface Script {
  readonly reasoning?: readonly string[]
  readonly text?: readonly string[]
  /** The input of each in the pieces in which it is sent. */
  readonly tools?: readonly { readonly id: string; readonly name: string; readonly input: readonly string[] }[]
  readonly finish?: 'stop' | 'length' | 'filter'
  /** Null: it tells none. */
  readonly usage?: { readonly input: number; readonly output: number } | null
}
/** What one request meets. */
export type Turn =
  | Script
  /** Refused, in the vendor's own form, or with this very body. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string; readonly type?: string }
  /** After so many events: the connection is cut, ends without an end, falls silent, or an error comes as a part of the answer. */
  | { readonly after: number; readonly then: 'cut' | 'end' | 'silence' | 'overloaded' | 'rate limit' | 'garbage'; readonly script?: Script }
  | 'page' | 'silence' | 'cut'
export interface Refusal { readonly status: number; readonly message: string }
export interface Vendor {
  /** Below the origin, up to and with the version. */
  readonly base: string
  /** What it says to a request that it does not take; undefined where it takes it. */
  refuse(asked: Asked, keys: readonly string[]): Refusal | undefined
  refusal(refusal: Refusal): unknown
  /** Events of an answer, as they go over the wire. */
  events(script: Script, asked: Asked): string[]
  /** Events of an error in the middle of one. */
  error(what: 'overloaded' | 'rate limit'): string
  models: unknown
}
export interface VendorServer {
  readonly url: string
  readonly asked: Asked[]
  /** Answers that whoever asked did not read to their end. */
  readonly abandoned: number
  /** Resolves when one more was abandoned. */
  abandonment(): Promise<void>
  /** Each for one request, in this order; then it says "Yes." */
  next(...turns: Turn[]): void
  close(): Promise<void>
}

export const event = (data: unknown, name?: string): string => `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const yes: Script = { text: ['Yes.'], usage: { input: 3, output: 1 } }

/** @param keys that it takes */
export const vendorServer = async (vendor: Vendor, keys: readonly string[]): Promise<VendorServer> => {
  const asked: Asked[] = []
  const turns: Turn[] = []
  const waiting: (() => void)[] = []
  let abandoned = 0

  const stream = async (response: ServerResponse, events: readonly string[]): Promise<void> => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    for (const [index, one] of events.entries()) {
      // In the middle of an event, and of a character: no reader may count on pieces.
      const bytes = Buffer.from(one)
      const middle = index % 2 === 0 ? bytes.length : Math.floor(bytes.length / 2) + 1
      for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
        if (response.destroyed || piece.length === 0) continue
        response.write(piece)
        await sleep(0)
      }
    }
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    const one: Asked = {
      method: request.method ?? '', path: pathname, query: Object.fromEntries(searchParams), headers: request.headers, at: performance.now(),
      body: chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined,
    }
    asked.push(one)
    const send = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof value === 'string' ? value : JSON.stringify(value))
    }
    const refusal = vendor.refuse(one, keys)
    if (refusal) { send(refusal.status, vendor.refusal(refusal)); return }
    if (request.method === 'GET') { send(200, vendor.models); return }
    const turn = turns.shift() ?? yes
    if (turn === 'cut') { request.socket.destroy(); return }
    if (turn === 'silence') return
    if (turn === 'page') { send(200, '<!doctype html><p>Welcome</p>', { 'content-type': 'text/html' }); return }
    if ('status' in turn) { send(turn.status, turn.body ?? vendor.refusal({ status: turn.status, message: 'a mishap' }), { ...turn.headers, ...turn.type === undefined ? {} : { 'content-type': turn.type } }); return }
    if (!('after' in turn)) { await stream(response, vendor.events(turn, one)); response.end(); return }
    const { after, then, script = { ...yes, text: ['A', ' long', ' answer', ' that', ' goes', ' on'] } } = turn
    await stream(response, vendor.events(script, one).slice(0, after))
    if (then === 'cut') { setTimeout(() => request.socket.destroy(), 20); return }
    if (then === 'end') { response.end(); return }
    if (then === 'garbage') { response.end(event('{"this is": no JSON')); return }
    if (then !== 'silence') response.end(vendor.error(then))
  }
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (response.writableFinished) return
      abandoned += 1
      for (const done of waiting.splice(0)) done()
    })
    void answer(request, response)
  })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${vendor.base}`,
    asked,
    get abandoned() { return abandoned },
    abandonment: () => new Promise((done) => { waiting.push(done) }),
    next: (...more) => { turns.push(...more) },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => { server.close(done) })
    },
  }
}
