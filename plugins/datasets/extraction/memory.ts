/**
 * The heap of a thread has a limit; the buffers of typed arrays lie outside of it, and what a bomb unpacks to lies in those. So whoever makes
 * one in this thread is asked for its size first.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const CHECK_EVERY = 1 << 20
const KINDS = ['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'ArrayBuffer'] as const

/** Bytes of arrays that are still in use: what is not is collected first. */
const inUse = (() => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return (atMost: number): number => {
    if (process.memoryUsage().arrayBuffers > atMost) collect()
    return process.memoryUsage().arrayBuffers
  }
})()

export interface ArrayLimit {
  /** What is said of the next array that is too much. */
  onRefusal(error: () => Error): void
  /** The error with which an array was refused, since a parser may go on after it. */
  refused(): Error | undefined
}
/** From now on, for all that runs in this thread. Call it before parsers are loaded, since they may keep the constructors. */
export const limitArrays = (bytes: number): ArrayLimit => {
  let unchecked = 0
  let refused: Error | undefined
  let refusal = (): Error => new Error('too much memory')
  const charge = (length: number): void => {
    unchecked += length
    if (unchecked <= CHECK_EVERY) return
    unchecked = 0
    if (inUse(bytes - length) > bytes - length) throw refused ??= refusal()
  }
  for (const kind of KINDS) {
    const real = globalThis[kind]
    const width = 'BYTES_PER_ELEMENT' in real ? real.BYTES_PER_ELEMENT : 1
    const guarded: unknown = new Proxy(real, {
      construct: (target, values: unknown[], made) => {
        const [first] = values
        charge(typeof first === 'number' ? first * width : Array.isArray(first) || ArrayBuffer.isView(first) ? (first as { length: number }).length * width : 0)
        return Reflect.construct(target, values, made === guarded ? target : made) as object
      },
    })
    Object.defineProperty(real.prototype, 'constructor', { value: guarded, configurable: true, writable: true })
    Object.assign(globalThis, { [kind]: guarded })
  }
  // It makes its arrays where no constructor is called.
  globalThis.DecompressionStream = new Proxy(DecompressionStream, {
    construct: (target, values: ConstructorParameters<typeof DecompressionStream>) => {
      const { readable, writable } = new target(...values)
      const transform = (chunk: Uint8Array, out: { enqueue(chunk: Uint8Array): void }): void => {
        charge(chunk.length)
        out.enqueue(chunk)
      }
      return { readable: readable.pipeThrough(new TransformStream({ transform })), writable }
    },
  })
  return {
    onRefusal: (error) => {
      refusal = error
      refused = undefined
    },
    refused: () => refused,
  }
}
