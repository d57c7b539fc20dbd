/**
 * ZIP (PKWARE's APPNOTE, 4.3 and 4.5) as it is read here: by its directory, one part at a time, and never more bytes than are allowed. A part
 * that unpacks to more than the directory says is refused, so that what was checked is what is read. Archives in archives stay closed.
 */
import { inflateRawSync } from 'node:zlib'
import { locked } from './sniff.ts'
import { unreadable } from './unreadable.ts'

export interface Archive {
  readonly names: readonly string[]
  /** Undefined where there is no such part. Throws an error for whoever sent the file. */
  part(name: string): Uint8Array | undefined
}
export interface ArchiveOptions {
  readonly name: string
  /** Bytes that all parts which are read may have together. */
  readonly unpackedBytes: number
}
interface Entry { readonly flags: number; readonly method: number; readonly packed: number; readonly size: number; readonly at: number }

const MOST_PARTS = 10_000
const CENTRAL = 0x02014B50
const END = 0x06054B50
const END_64 = 0x06064B50
const LOCATOR_64 = 0x07064B50
/** In place of a number that stands elsewhere, in 64 bits. */
const ELSEWHERE = 0xFFFFFFFF
/** The end of the directory and the longest comment after it. */
const TAIL = 22 + 0xFFFF

export const openArchive = (bytes: Uint8Array, { name, unpackedBytes }: ArchiveOptions): Archive => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = (() => { try { return directory(view, name) } catch (error) { throw error instanceof RangeError ? cutOff(name, error) : error } })()
  let left = unpackedBytes
  const inflate = (entry: Entry): Uint8Array => {
    if (entry.flags & 1) throw locked(name)
    if (entry.size > left) throw tooLarge(name, unpackedBytes)
    const packed = packedBytes(view, entry)
    if (packed.length < entry.packed) throw cutOff(name)
    if (entry.method !== 0 && entry.method !== 8) throw unreadable(`"${name}" is packed in a way that is not read here (method ${entry.method}). Save it anew where it was made and upload it again.`)
    const part = entry.method === 0 ? packed : unpack(packed, entry.size, name)
    if (part.length > entry.size) throw lying(name)
    left -= part.length
    return part
  }
  return {
    names: [...entries.keys()],
    part: (wanted) => {
      const entry = entries.get(wanted)
      try { return entry && inflate(entry) } catch (error) { throw error instanceof RangeError ? cutOff(name, error) : error }
    },
  }
}

const directory = (view: Buffer, name: string): Map<string, Entry> => {
  const end = view.subarray(Math.max(0, view.length - TAIL)).lastIndexOf('PK\x05\x06', undefined, 'latin1') + Math.max(0, view.length - TAIL)
  if (end < 0 || end + 22 > view.length || view.readUInt32LE(end) !== END) throw cutOff(name)
  let count = view.readUInt16LE(end + 10)
  let at = view.readUInt32LE(end + 16)
  if (end >= 20 && view.readUInt32LE(end - 20) === LOCATOR_64) {
    const end64 = Number(view.readBigUInt64LE(end - 12))
    if (view.readUInt32LE(end64) !== END_64) throw cutOff(name)
    count = Number(view.readBigUInt64LE(end64 + 32))
    at = Number(view.readBigUInt64LE(end64 + 48))
  }
  if (count > MOST_PARTS) throw unreadable(`"${name}" consists of ${count} parts; ${MOST_PARTS} at most are read. Save it anew where it was made, or split it.`)
  const entries = new Map<string, Entry>()
  for (let left = count; left > 0; left -= 1) {
    if (view.readUInt32LE(at) !== CENTRAL) throw cutOff(name)
    const [nameLength, extraLength, commentLength] = [view.readUInt16LE(at + 28), view.readUInt16LE(at + 30), view.readUInt16LE(at + 32)]
    const extra = view.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const [size, packed, offset] = wide(extra, [view.readUInt32LE(at + 24), view.readUInt32LE(at + 20), view.readUInt32LE(at + 42)])
    const path = view.toString('utf8', at + 46, at + 46 + nameLength).replaceAll('\\', '/')
    entries.set(path, { flags: view.readUInt16LE(at + 8), method: view.readUInt16LE(at + 10), packed, size, at: offset })
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

/** Of the numbers of an entry, those that stand in its extra field, in their order. */
const wide = (extra: Buffer, numbers: readonly [number, number, number]): [number, number, number] => {
  const found: number[] = []
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    for (let value = at + 4; value + 8 <= at + 4 + extra.readUInt16LE(at + 2); value += 8) found.push(Number(extra.readBigUInt64LE(value)))
  }
  return numbers.map((number) => number === ELSEWHERE ? found.shift() ?? number : number) as [number, number, number]
}

const packedBytes = (view: Buffer, { at, packed }: Entry): Buffer => {
  const from = at + 30 + view.readUInt16LE(at + 26) + view.readUInt16LE(at + 28)
  return view.subarray(from, from + packed)
}

const unpack = (packed: Buffer, size: number, name: string): Uint8Array => {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1), chunkSize: Math.min(Math.max(size, 64), 1 << 20) })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw lying(name)
    throw unreadable(`"${name}" is damaged: a part of it cannot be unpacked. Save it anew where it was made and upload it again.`, error)
  }
}

const cutOff = (name: string, cause?: unknown): Error =>
  unreadable(`"${name}" is damaged: it breaks off, or its list of parts is wrong. Upload it again; if that does not help, save it anew where it was made.`, cause)
const lying = (name: string): Error =>
  unreadable(`"${name}" is damaged: a part of it is larger than it says. Save it anew where it was made and upload it again.`)
const tooLarge = (name: string, bytes: number): Error =>
  unreadable(`"${name}" would have more than ${bytes} bytes once it is unpacked. Split it into several files, or raise unpackedBytes of the datasets plugin.`)
