/** From an HTML page to the text that a reader sees. One pass over the page, no tree: its cost does not depend on how it is nested. */
import { Parser } from 'htmlparser2'
import { unreadable } from './unreadable.ts'
import { textWriter } from './text-writer.ts'

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))
/** What a reader does not read: code, pictures, controls, and the ways to other pages. */
const UNREAD = words('script style noscript template svg math canvas iframe object embed audio video map nav dialog button select input textarea option')
/** Stands apart, with an empty line around it. */
const PARAGRAPH = words('p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure article section main header footer aside details fieldset address hr title')
const LINE = words('div li dt dd caption figcaption summary form center legend')
const CELL = words('td th')
const HEADING = /^h([1-6])$/
/** Deeper than any page that somebody wrote; the parser's own work grows with the depth. */
const DEEPEST = 500
/** Of one element, all of which the parser keeps until its end. */
const MOST_ATTRIBUTES = 10_000
/** What stands in a page longer than this is not a title. */
const LONGEST_TITLE = 1000

/**
 * Line breaks where blocks end, blanks collapsed as a browser does, the title first unless the page begins with it. Headings, items of lists
 * and cells of tables are marked as in Markdown.
 */
export const htmlPieces = async function* (html: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  const reader = htmlReader()
  for await (const piece of html) yield reader.write(piece)
  yield reader.end()
}

export const htmlText = (html: string): string => {
  const reader = htmlReader()
  return reader.write(html) + reader.end()
}

const htmlReader = (): { write(piece: string): string; end(): string } => {
  const body = textWriter()
  let title = ''
  /** Held back until it is known whether the page begins with its title. */
  let beginning: string | undefined = ''
  let depth = 0
  /** The depth at which something unread began; what lies in it is unread too. */
  let unread = Infinity
  let preformatted = 0
  let inTitle = false
  /** Of each list around: the number of its last item, undefined where it has none. */
  const lists: (number | undefined)[] = []
  let rows = 0
  let cells = 0
  let attributes = 0
  const parser = new Parser({
    onattribute: () => {
      attributes += 1
      if (attributes > MOST_ATTRIBUTES) throw unreadable(`The page has an element with more than ${MOST_ATTRIBUTES} attributes. Save it as plain text and send that.`)
    },
    onopentag: (name, { hidden, role, start }) => {
      attributes = 0
      depth += 1
      if (depth > DEEPEST) throw unreadable(`The page is nested more than ${DEEPEST} elements deep. Save it as plain text and send that.`)
      if (depth > unread) return
      if (UNREAD.has(name) || hidden !== undefined || role === 'navigation') { unread = depth; return }
      if (name === 'title') inTitle = true
      if (name === 'pre') preformatted += 1
      if (name === 'ul') lists.push(undefined)
      if (name === 'ol') lists.push(Number.parseInt(start ?? '1', 10) - 1 || 0)
      if (name === 'table') rows = 0
      if (name === 'br') body.line()
      else if (name === 'tr') {
        body.row((rows += 1) === 1)
        cells = 0
      } else if (CELL.has(name)) body.cell((cells += 1) === 1)
      else body.gap(gapOf(name))
      if (name === 'li') body.mark(itemMark(lists))
      const level = HEADING.exec(name)?.[1]
      if (level) body.mark(`${'#'.repeat(Number(level))} `)
    },
    ontext: (text) => {
      if (depth >= unread) return
      if (inTitle) title = (title + text).slice(0, LONGEST_TITLE)
      else body.text(text, preformatted > 0)
    },
    onclosetag: (name) => {
      depth -= 1
      if (depth >= unread) return
      if (unread !== Infinity) { unread = Infinity; return }
      if (name === 'title') inTitle = false
      if (name === 'pre') preformatted -= 1
      if (name === 'ul' || name === 'ol') lists.pop()
      body.gap(gapOf(name))
    },
  })
  const headed = (text: string, last: boolean): string => {
    if (beginning === undefined) return text
    beginning += text
    const head = title.replace(/\s+/g, ' ').trim()
    const first = beginning.replace(/^#+ /, '')
    if (!last && (first.length < LONGEST_TITLE)) return ''
    const shown = head === '' || first.startsWith(head) ? beginning : `# ${head}\n\n${beginning}`.trimEnd()
    beginning = undefined
    return shown
  }
  return {
    write: (piece) => {
      parser.write(piece)
      return headed(body.take(), false)
    },
    end: () => {
      parser.end()
      return headed(body.take(), true)
    },
  }
}

const gapOf = (name: string): number => PARAGRAPH.has(name) ? 2 : LINE.has(name) ? 1 : 0

/** Items of a list in a list stand further in. */
const itemMark = (lists: (number | undefined)[]): string => {
  const last = lists.length - 1
  const number = lists[last]
  if (number !== undefined) lists[last] = number + 1
  return `${'  '.repeat(Math.min(Math.max(last, 0), 9))}${number === undefined ? '-' : `${number + 1}.`} `
}
