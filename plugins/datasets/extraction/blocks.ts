/** Bytes as they are read by formats that are text: in blocks of one size, however they come. */
import { setImmediate } from 'node:timers/promises'

const BLOCK = 64 * 1024

/**
 * Every block but the last has `BLOCK` bytes, and is good until the one after the next is asked for: two take turns, since memory of that
 * size, allocated anew for each, waits long to be collected. Between two blocks others get their turn.
 */
export const blocks = async function* (file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block: Uint8Array = new Uint8Array(BLOCK)
  let other: Uint8Array | undefined
  let filled = 0
  for await (const chunk of file) {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.subarray(at, at + BLOCK - filled)
      block.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < BLOCK) continue
      yield block
      ;[block, other] = [other ?? new Uint8Array(BLOCK), block]
      filled = 0
      await setImmediate()
    }
  }
  if (filled > 0) yield block.subarray(0, filled)
}
