/** From an HTML page to the text that a reader sees. */
import { load } from 'cheerio'

type Node = ReturnType<ReturnType<typeof load>['root']>[0]['childNodes'][number]

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))
/** What a reader does not read: code, pictures, controls, and the ways to other pages. */
const UNREAD = words('head script style noscript template svg math canvas iframe object embed audio video map nav dialog button select input textarea option')
/** Stands apart, with an empty line around it. */
const PARAGRAPH = words('p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure article section main header footer aside details fieldset address hr')
const LINE = words('div li tr dt dd br caption figcaption summary form center legend')
const CELL = words('td th')

/** Line breaks where blocks end, blanks collapsed as a browser does, the title first unless the page begins with it. */
export const htmlText = (html: string): string => {
  const $ = load(html)
  const body = textOf($.root()[0]?.childNodes ?? [])
  const title = $('head > title').first().text().replace(/\s+/g, ' ').trim()
  return title === '' || body.startsWith(title) ? body : `${title}\n\n${body}`
}

const isSkipped = (node: Node): boolean =>
  node.type === 'comment' || node.type === 'directive'
  || 'name' in node && (UNREAD.has(node.name) || 'hidden' in node.attribs || node.attribs['role'] === 'navigation')

/** Walks without recursion: a page may be nested deeper than the stack is. */
const textOf = (roots: readonly Node[]): string => {
  const out: string[] = []
  const pending: (Node | string)[] = [...roots].reverse()
  let preformatted = 0
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node === 'string') {
      if (node === END_PRE) preformatted -= 1
      else out.push(node)
      continue
    }
    if (isSkipped(node)) continue
    if (node.type === 'text') out.push(preformatted > 0 ? node.data : node.data.replace(/\s+/g, ' '))
    if (!('childNodes' in node) || !('name' in node)) continue
    const around = PARAGRAPH.has(node.name) ? '\n\n' : LINE.has(node.name) ? '\n' : ''
    out.push(around, node.name === 'li' ? '- ' : '')
    pending.push(around || (CELL.has(node.name) ? '\t' : ''))
    if (node.name === 'pre') {
      preformatted += 1
      pending.push(END_PRE)
    }
    for (const child of [...node.childNodes].reverse()) pending.push(child)
  }
  return out.join('').split('\n').map((line) => line.trim()).join('\n').replace(/\n{3,}/g, '\n\n').trim()
}
const END_PRE = '\0end of preformatted text'
