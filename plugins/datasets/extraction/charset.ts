/** In which encoding bytes are text. */
import { analyse } from 'chardet'
import iconv from 'iconv-lite'
import { unreadable } from './unreadable.ts'

/** Bytes in, text out; `last` with the end of the file. Throws where the bytes are not of the encoding. */
export interface Decoder { readonly encoding: string; decode(bytes: Uint8Array, last: boolean): string }

/** Decoders of the platform: strict, but wrong for windows-1252 (https://github.com/nodejs/node/issues/56542). */
const STRICT = /^(utf-8|utf-16le|utf-16be|iso-2022-jp)$/i
/** To be sure that it is one of them takes more: almost any bytes are text of theirs. */
const MULTIBYTE = /^(shift_jis|big5|euc-|gb18030|iso-2022)/i
const SURE = 50

export const decoderOf = (encoding: string): Decoder => {
  if (STRICT.test(encoding)) {
    const decoder = new TextDecoder(encoding, { fatal: true })
    return { encoding, decode: (bytes, last) => decoder.decode(bytes, { stream: !last }) }
  }
  const decoder = iconv.getDecoder(encoding)
  return {
    encoding,
    decode: (bytes, last) => {
      const text = decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) + (last ? decoder.end() ?? '' : '')
      if (text.includes('\uFFFD')) throw new Error(`not ${encoding}`)
      return text
    },
  }
}

const marked = (bytes: Uint8Array): string | undefined => {
  const [a, b, c, d] = bytes
  if (a === 0xEF && b === 0xBB && c === 0xBF) return 'utf-8'
  if (a === 0xFF && b === 0xFE) return c === 0 && d === 0 && bytes.length % 4 === 0 ? 'utf-32le' : 'utf-16le'
  if (a === 0xFE && b === 0xFF) return 'utf-16be'
  return a === 0 && b === 0 && c === 0xFE && d === 0xFF ? 'utf-32be' : undefined
}

/** By a mark at the beginning, or because every second byte is NUL as in Western text. */
export const wideEncoding = (head: Uint8Array): string | undefined => {
  const byMark = marked(head)
  if (byMark !== undefined) return byMark
  const sample = head.subarray(0, 4096)
  const nuls = [0, 0]
  sample.forEach((byte, index) => { if (byte === 0) nuls[index % 2] = (nuls[index % 2] ?? 0) + 1 })
  const [even = 0, odd = 0] = nuls
  const many = sample.length / 8
  if (sample.length < 2) return undefined
  return odd > many && even * 20 < odd ? 'utf-16le' : even > many && odd * 20 < even ? 'utf-16be' : undefined
}

const fits = (encoding: string, sample: Uint8Array, last: boolean): boolean => {
  if (!STRICT.test(encoding) && !iconv.encodingExists(encoding)) return false
  try {
    // Characters that nobody writes say that it is another encoding.
    return !/[\x80-\x9F]/.test(decoderOf(encoding).decode(sample, last))
  } catch { return false }
}

/** Where the first byte stands that is not ASCII; what is before it says nothing. */
const firstForeign = (sample: Uint8Array): number => Math.max(sample.findIndex((byte) => byte > 0x7F || byte === 0x1B), 0)

/**
 * Of a sample that is not ASCII alone; `last` where the file ends with it. `declared` is what the text says of itself.
 * Throws an error for whoever sent the file where nothing fits.
 */
export const narrowEncoding = (sample: Uint8Array, { name, last, declared }: { name: string; last: boolean; declared: string | undefined }): string => {
  const isUtf8 = (() => { try { decoderOf('utf-8').decode(sample, last); return true } catch { return false } })()
  if (isUtf8) return 'utf-8'
  const lossy = new TextDecoder().decode(sample)
  const bad = lossy.match(/\uFFFD/g)?.length ?? 0
  const good = lossy.match(/[^\0-\x7F\uFFFD]/g)?.length ?? 0
  if (good > 4 * bad) throw unreadable(`"${name}" is text in UTF-8 with ${bad} damaged characters, the first after "${lossy.slice(0, lossy.indexOf('\uFFFD')).slice(-30)}". Mend it and upload it again.`)
  const guesses = analyse(sample.subarray(firstForeign(sample))).filter(({ name: guess, confidence }) => confidence >= (MULTIBYTE.test(guess) ? SURE : 5) && !/^(utf|ascii)/i.test(guess))
  const candidates = [...declared === undefined ? [] : [declared], ...guesses.map(({ name: guess }) => guess), 'windows-1252']
  const found = candidates.map((encoding) => /^iso-8859-1$/i.test(encoding) ? 'windows-1252' : encoding).find((encoding) => fits(encoding, sample, last))
  if (found === undefined) throw unreadable(`"${name}" is not text in UTF-8, nor in another encoding that is known here. Save it as UTF-8 and upload it again.`)
  return found
}
