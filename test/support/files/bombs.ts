/** Files that are made to do harm when they are unpacked or parsed. */
import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'
import { docxParts, epubParts, pptxParts, sheetXml, xlsxParts, zipped } from './office.ts'
import { pdfOf } from './pdf.ts'

type Parts = Record<string, string | Uint8Array>
export type Packed = 'docx' | 'xlsx' | 'pptx' | 'epub'

/** The part that holds the text. */
const MAIN: Readonly<Record<Packed, string>> = { docx: 'word/document.xml', xlsx: 'xl/worksheets/sheet1.xml', pptx: 'ppt/slides/slide1.xml', epub: 'OEBPS/text/one.xhtml' }
const parts = (kind: Packed): Parts => ({
  docx: () => docxParts(''), xlsx: () => xlsxParts({ one: sheetXml([['a']]) }), pptx: () => pptxParts([{ title: 'a', lines: [] }]), epub: () => epubParts({ 'one.xhtml': '<p>a</p>' }),
})[kind]()

/** With `main` in place of the part that holds the text. */
export const packedWith = (kind: Packed, main: string | Uint8Array, more: Parts = {}): Buffer => zipped({ ...parts(kind), ...more, [MAIN[kind]]: main })

export const flat = (kind: Packed, bytes: number): Buffer => packedWith(kind, Buffer.alloc(bytes, ' '))

/** Says in all places that each of its parts has a hundred bytes. */
export const lying = (kind: Packed, bytes: number): Buffer => {
  const file = flat(kind, bytes)
  for (const [signature, at] of [['PK\x01\x02', 24], ['PK\x03\x04', 22]] as const) {
    for (let found = file.indexOf(signature, 0, 'latin1'); found >= 0; found = file.indexOf(signature, found + 4, 'latin1')) {
      if (file.readUInt32LE(found + at) > 1_000_000) file.writeUInt32LE(100, found + at)
    }
  }
  return file
}

export const manyParts = (kind: Packed, count: number): Buffer =>
  zipped({ ...parts(kind), ...Object.fromEntries(Array.from({ length: count }, (_, n) => [`x/${n}.xml`, Buffer.from('x')])) })

/** The file has itself, and a bomb, among its parts. */
export const nested = (kind: Packed): Buffer => {
  const inner = flat(kind, 10_000_000)
  return zipped({ ...parts(kind), 'inner.xml': inner, [`again.${kind}`]: zipped({ 'inner.zip': inner, 'again.zip': inner }) })
}

/** Many names for one and the same packed bytes (D. Fifield, "A better zip bomb", 2019). */
export const overlapping = (kind: Packed, bytes: number, count: number): Buffer => {
  const file = zipped({ ...parts(kind), 'x00000.xml': Buffer.alloc(bytes) })
  const end = file.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  const directory = file.readUInt32LE(end + 16)
  const name = file.lastIndexOf('x00000.xml')
  const entry = file.subarray(name - 46, end)
  const copies = Array.from({ length: count }, (_, n) => {
    const copy = Buffer.from(entry)
    copy.write(`x${String(n + 1).padStart(5, '0')}.xml`, 46)
    return copy
  })
  const tail = Buffer.from(file.subarray(end))
  const all = file.readUInt16LE(end + 10) + count
  tail.writeUInt16LE(all, 8)
  tail.writeUInt16LE(all, 10)
  tail.writeUInt32LE(end - directory + entry.length * count, 12)
  return Buffer.concat([file.subarray(0, end), ...copies, tail])
}

export const laughs = (root: string): string => {
  const entities = Array.from({ length: 12 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n};`.repeat(10)}">`).join('')
  return `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY lol0 "lol">${entities}]><${root}>&lol12;</${root}>`
}
export const deepXml = (depth: number): string => `<x>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}</x>`

/** A content stream that unpacks to `bytes`, packed `times` times. */
export const pdfBomb = (bytes: number, times: number, pages = 1): Buffer => {
  let content: Buffer = Buffer.alloc(bytes, ' ')
  for (let n = 0; n < times; n += 1) content = deflateSync(content)
  return pdfOf(Array.from({ length: pages }, () => content), { filters: Array.from({ length: times }, () => 'FlateDecode') })
}
/** Runs of 128 blanks, and each of the runs again. */
export const pdfRuns = (bytes: number): Buffer => {
  const runs = (length: number): Buffer => Buffer.alloc(2 * Math.ceil(length / 128), Buffer.from([129, 32]))
  return pdfOf([deflateSync(runs(bytes))], { filters: ['FlateDecode', 'RunLengthDecode'] })
}
/** Says that it has more pages than anybody wrote, in a tree that ends in itself. */
export const pdfPages = (): Buffer => Buffer.from(pdfOf([Buffer.from('BT ET')]).toString('latin1').replace(/\/Kids \[4 0 R\] \/Count 1 >>/, '/Kids [2 0 R] /Count 999999999>>'), 'latin1')
