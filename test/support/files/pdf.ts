/** Makes small PDFs by hand: one object after the other, and the table of where they begin. */
import { deflateSync } from 'node:zlib'

export interface PdfOptions {
  /** What the content streams say they are packed with, outermost first; the content must be so. */
  readonly filters?: readonly string[]
  readonly trailer?: string
}
const text = (line: string): string => line.replaceAll(/[\\()]/g, (sign) => `\\${sign}`)

/** Lines of a page, one paragraph from the other by an empty line. */
export const pageContent = (lines: readonly string[]): Buffer => {
  const shown = lines.map((line) => line === '' ? '0 -28 Td' : `0 -14 Td (${text(line)}) Tj`)
  return Buffer.from(`BT /F1 12 Tf 72 760 Td ${shown.join(' ')} ET`, 'latin1')
}

export const pdfOf = (contents: readonly Buffer[], { filters = [], trailer = '' }: PdfOptions = {}): Buffer => {
  const kids = contents.map((_, index) => `${4 + 2 * index} 0 R`).join(' ')
  const objects: Buffer[] = [
    Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'), Buffer.from(`<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`),
    Buffer.from('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'),
    ...contents.flatMap((content, index) => [
      Buffer.from(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + 2 * index} 0 R >>`),
      Buffer.concat([Buffer.from(`<< /Length ${content.length}${filters.length === 0 ? '' : ` /Filter [${filters.map((filter) => `/${filter}`).join(' ')}]`} >>\nstream\n`), content, Buffer.from('\nendstream')]),
    ]),
  ]
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n%\xE2\xE3\xCF\xD3\n', 'latin1')]
  let at = parts[0]?.length ?? 0
  const starts = objects.map((object, index) => {
    const start = at
    const whole = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')])
    parts.push(whole)
    at += whole.length
    return start
  })
  parts.push(Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${starts.map((start) => `${String(start).padStart(10, '0')} 00000 n \n`).join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer}>>\nstartxref\n${at}\n%%EOF\n`))
  return Buffer.concat(parts)
}

export const pdf = (...pages: readonly (readonly string[])[]): Buffer => pdfOf(pages.map((lines) => deflateSync(pageContent(lines))), { filters: ['FlateDecode'] })
