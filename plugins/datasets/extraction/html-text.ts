/** From an HTML page to the text that a reader sees. One pass over the page, no tree: its cost does not depend on how it is nested. */
import { Parser } from 'htmlparser2'

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))
/** What a reader does not read: code, pictures, controls, and the ways to other pages. */
const UNREAD = words('script style noscript template svg math canvas iframe object embed audio video map nav dialog button select input textarea option')
/** Stands apart, with an empty line around it. */
const PARAGRAPH = words('p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure article section main header footer aside details fieldset address hr title')
const LINE = words('div li tr dt dd caption figcaption summary form center legend')
const CELL = words('td th')
/** Deeper than any page that somebody wrote; the parser's own work grows with the depth. */
const DEEPEST = 500

/** Line breaks where blocks end, blanks collapsed as a browser does, the title first unless the page begins with it. */
export const htmlText = (html: string): string => {
  const title = writer()
  const body = writer()
  let depth = 0
  /** The depth at which something unread began; what lies in it is unread too. */
  let unread = Infinity
  let preformatted = 0
  let inTitle = false
  const into = (): Writer => inTitle ? title : body
  const parser = new Parser({
    onopentag: (name, { hidden, role }) => {
      depth += 1
      if (depth > DEEPEST) throw new Error(`The page is nested more than ${DEEPEST} elements deep. Save it as plain text and send that.`)
      if (depth > unread) return
      if (UNREAD.has(name) || hidden !== undefined || role === 'navigation') { unread = depth; return }
      if (name === 'title') inTitle = true
      if (name === 'pre') preformatted += 1
      if (name === 'br') body.line()
      else if (CELL.has(name)) body.cell()
      else body.gap(gapOf(name))
      if (name === 'li') body.mark('- ')
    },
    ontext: (text) => { if (depth < unread) into().text(text, preformatted > 0) },
    onclosetag: (name) => {
      depth -= 1
      if (depth >= unread) return
      if (unread !== Infinity) { unread = Infinity; return }
      if (name === 'title') inTitle = false
      if (name === 'pre') preformatted -= 1
      body.gap(gapOf(name))
    },
  })
  parser.end(html)
  const text = body.done()
  const head = title.done()
  return head === '' || text.startsWith(head) ? text : `${head}\n\n${text}`.trimEnd()
}

const gapOf = (name: string): number => PARAGRAPH.has(name) ? 2 : LINE.has(name) ? 1 : 0

interface Writer {
  /** At least so many line ends before whatever comes next. */
  gap(lines: number): void
  /** One more line end. */
  line(): void
  /** Apart from what stands before it on the same line. */
  cell(): void
  /** Before whatever comes next. */
  mark(sign: string): void
  text(data: string, preformatted: boolean): void
  done(): string
}
const writer = (): Writer => {
  const parts: string[] = []
  let lines = 0
  let before = ''
  let endsBlank = true
  return {
    gap: (count) => { lines = Math.max(lines, count) },
    line: () => { lines += 1 },
    cell: () => { if (lines === 0) before = '\t' },
    mark: (sign) => { before = sign },
    text: (data, preformatted) => {
      let shown = preformatted ? data : data.replace(/\s+/g, ' ')
      if (!preformatted && (lines > 0 || before !== '' || endsBlank)) shown = shown.trimStart()
      if (shown === '') return
      if (parts.length > 0) parts.push('\n'.repeat(Math.min(lines, 2)))
      parts.push(before, shown)
      lines = 0
      before = ''
      endsBlank = /\s$/.test(shown)
    },
    done: () => parts.join('').split('\n').map((line) => line.trimEnd()).join('\n').replace(/\n{3,}/g, '\n\n').trim(),
  }
}
