/** Pieces of files, for those who play them. */
import { pipeline, Transform } from 'node:stream'
import type { Readable } from 'node:stream'

/** Both are of the piece. */
export interface ByteRange { readonly from: number; readonly to: number }

/** The one piece that is asked for; undefined where all of it is to be sent, as where several are asked for or none of them is there. */
export const rangeOf = (header: string, size: number): ByteRange | undefined => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return from <= to && from < size ? { from, to } : undefined
}

/** What stands outside is read and dropped; nothing more is read once the piece is over. */
export const partOf = (body: Readable, { from, to }: ByteRange): Readable => {
  let at = 0
  const part = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const start = at
      at += chunk.length
      const piece = chunk.subarray(Math.max(0, from - start), Math.max(0, to + 1 - start))
      if (piece.length > 0) this.push(piece)
      if (at > to) this.push(null)
      done()
    },
  })
  part.once('end', () => { body.destroy() })
  pipeline(body, part, () => undefined)
  return part
}
