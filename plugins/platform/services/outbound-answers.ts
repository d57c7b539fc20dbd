/** An answer that cannot take more memory or time than it may. */
import { pipeline, Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { OutboundAnswer } from '../../../core/index.ts'
import type { Incoming } from './outbound-connections.ts'

export interface Bounds {
  readonly maxBytes: number
  /** Milliseconds for each next piece, taken or given. */
  readonly timeout: number
}

/** Throws where it is packed: a few bytes could become a great many. @param host as it is shown in errors */
export const bounded = ({ status, headers: received, body: raw }: Incoming, host: string, { maxBytes, timeout }: Bounds): OutboundAnswer => {
  const headers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
  const coding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (coding !== 'identity' && coding !== '') {
    raw.on('error', () => undefined).destroy()
    throw new Error(`${host} answered in the coding ${JSON.stringify(coding.slice(0, 40))}, though it was asked for none.`)
  }
  let size = 0
  const body = new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      idle.refresh()
      size += piece.length
      if (size > maxBytes) done(new Error(`${host} answered with more than ${maxBytes} bytes, and no more are read.`))
      else done(null, piece)
    },
  })
  const idle = setTimeout(() => { body.destroy(new Error(`${host} began to answer, and then nothing moved for ${timeout} ms. Try again, or allow it more time.`)) }, timeout)
  // Whoever reads is told of a failure by what they read; where nobody does, it must not end the process.
  body.on('error', () => undefined)
  raw.once('error', (error) => { body.destroy('code' in error ? new Error(`${host} broke off its answer: ${error.message}. Try again.`, { cause: error }) : error) })
  pipeline(raw, body, () => { clearTimeout(idle) })
  const text = async (): Promise<string> => new TextDecoder().decode(await buffer(body))
  return {
    status, headers, body, text,
    json: async () => {
      const said = await text()
      try { return JSON.parse(said) as unknown } catch { throw new Error(`${host} answered (${status}) with something that is not JSON. Look whether the address is the right one.`) }
    },
  }
}
