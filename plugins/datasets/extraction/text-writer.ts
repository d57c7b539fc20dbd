/** Puts words and marks together as text, and knows which line ends and blanks belong between them. */
export interface TextWriter {
  /** At least so many line ends before whatever comes next; not at the beginning of a cell. */
  gap(lines: number): void
  /** One more line end. */
  line(): void
  /** What comes next is a row of a table, the first or a later one. */
  row(first: boolean): void
  /** What comes next is a cell of a row, the first or a later one. */
  cell(first: boolean): void
  /** Before whatever comes next. */
  mark(sign: string): void
  text(data: string, preformatted: boolean): void
  /** What is written and was not taken yet. Never ends in blanks, which come with the next words. */
  take(): string
}

export const textWriter = (): TextWriter => {
  let parts: string[] = []
  let begun = false
  let lines = 0
  let before = ''
  let blank = false
  let freshCell = false
  let freshRow = false
  const put = (words: string): void => {
    if (begun && lines > 0) parts.push('\n'.repeat(Math.min(lines, 2)))
    else if (begun && blank && before === '') parts.push(' ')
    parts.push(before, words)
    begun = true
    freshCell = false
    freshRow = false
    blank = false
    lines = 0
    before = ''
  }
  const flowing = (data: string): void => {
    const words = data.replace(/\s+/g, ' ')
    if (words.startsWith(' ')) blank = true
    const trimmed = words.trim()
    if (trimmed === '') return
    put(trimmed)
    blank = words.endsWith(' ')
  }
  const asItIs = (data: string): void => {
    data.split(/\r\n|\r|\n/).forEach((row, index) => {
      if (index > 0) lines += 1
      const shown = row.trimEnd()
      if (shown !== '') put(shown)
      blank = shown.length < row.length
    })
  }
  return {
    gap: (count) => { if (!freshCell) lines = Math.max(lines, count) },
    line: () => { lines += 1 },
    row: (first) => {
      freshRow = true
      lines = first ? Math.max(lines, 1) : 1
      before = ''
    },
    cell: (first) => {
      freshCell = true
      if (first) return
      if (!freshRow) lines = 0
      before += before === '' && !freshRow ? ' | ' : '| '
    },
    mark: (sign) => { before += sign },
    text: (data, preformatted) => { if (preformatted) asItIs(data); else flowing(data) },
    take: () => {
      const text = parts.join('')
      parts = []
      return text
    },
  }
}
