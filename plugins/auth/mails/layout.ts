/** From what a mail says to the mail itself: everything that is put into HTML is escaped here, and nowhere else. */

/** A paragraph, a code to type in, or a link to follow. */
export type Block = string | { readonly code: string } | { readonly link: string; readonly label: string }
export interface Letter { readonly subject: string; readonly body: readonly Block[] }

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')
/** Names come from people: on one line, and without what turns the direction of writing or hides itself. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()

const asText = (block: Block): string =>
  typeof block === 'string' ? oneLine(block) : 'code' in block ? `    ${block.code}` : `${oneLine(block.label)}:\n${block.link}`
const asHtml = (block: Block): string => {
  if (typeof block === 'string') return `<p>${escape(oneLine(block))}</p>`
  if ('code' in block) return `<p style="font-size:28px;letter-spacing:6px"><strong>${escape(block.code)}</strong></p>`
  return `<p><a href="${escape(block.link)}">${escape(oneLine(block.label))}</a></p><p style="color:#666">${escape(block.link)}</p>`
}

export const render = ({ subject, body }: Letter): { readonly subject: string; readonly text: string; readonly html: string } => ({
  subject: oneLine(subject),
  text: `${body.map(asText).join('\n\n')}\n`,
  html: `<!doctype html><html><body style="font-family:sans-serif;line-height:1.5;max-width:36em">${body.map(asHtml).join('')}</body></html>`,
})
