/** The lines of a text that comes in pieces, without their ends. */
export const lines = async function* (text: AsyncIterable<string>): AsyncGenerator<string> {
  let parts: string[] = []
  // The first half of \r\n may end a piece.
  let afterReturn = false
  for await (const piece of text) {
    if (piece === '') continue
    const [first = '', ...others] = (afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece).split(/\r\n|\r|\n/)
    afterReturn = piece.endsWith('\r')
    parts.push(first)
    for (const other of others) {
      yield parts.join('')
      parts = [other]
    }
  }
  if (parts.some((part) => part !== '')) yield parts.join('')
}
