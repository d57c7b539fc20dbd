/** From bytes to text, where the bytes are text already. */
import { isAscii } from 'node:buffer'
import { blocks } from './blocks.ts'
import type { Decoder } from './charset.ts'
import { refuseBinary } from './sniff.ts'
import { unreadable } from './unreadable.ts'

export interface DecodeOptions {
  /** As the file is called. */
  readonly name: string
  /** Whether the text may say of itself in which encoding it is, as HTML and XML do. */
  readonly declares?: boolean
}
const ESCAPE = 0x1B
const DECLARED = /(?:charset|encoding)\s*=\s*["']?([\w-]{3,20})/i

/**
 * UTF-8, what a byte order mark says, or what the bytes look like, which is decided where the first byte comes that is not ASCII. The text
 * comes in pieces and is never in memory as a whole. Throws an error that tells whoever sent the file what to do.
 */
export const decoded = async function* (file: AsyncIterable<Uint8Array>, { name, declares = false }: DecodeOptions): AsyncGenerator<string> {
  const { decoderOf, narrowEncoding, wideEncoding } = await import('./charset.ts')
  let decoder: Decoder | undefined
  let declared: string | undefined
  let read = 0
  const decode = (bytes: Uint8Array, last: boolean): string => {
    try {
      const text = (decoder as Decoder).decode(bytes, last)
      read += bytes.length
      return text
    } catch (cause) {
      const { encoding } = decoder as Decoder
      throw unreadable(`"${name}" is not text in ${encoding.toUpperCase()}, though it begins like it; what is wrong stands after byte ${read}. Save it as UTF-8 and upload it again.`, cause)
    }
  }
  for await (const [block, next] of withNext(blocks(file))) {
    if (read === 0) {
      const encoding = wideEncoding(block)
      if (encoding === undefined) await refuseBinary(block, name)
      else decoder = decoderOf(encoding)
      if (declares) declared = DECLARED.exec(Buffer.from(block.subarray(0, 2048)).toString('latin1'))?.[1]
    }
    if (!decoder && isAscii(block) && !block.includes(ESCAPE)) {
      read += block.length
      yield Buffer.from(block).toString('latin1')
      continue
    }
    // The next block too, since this one may have a single such byte, at its end.
    decoder ??= decoderOf(narrowEncoding(next ? Buffer.concat([block, next]) : block, { name, declared, last: !next || next.length < block.length }))
    yield decode(block, next === undefined)
  }
}

const withNext = async function* <T>(all: AsyncIterable<T>): AsyncGenerator<readonly [T, T | undefined]> {
  let held: { readonly value: T } | undefined
  for await (const value of all) {
    if (held) yield [held.value, value]
    held = { value }
  }
  if (held) yield [held.value, undefined]
}
