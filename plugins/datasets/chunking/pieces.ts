/** The same text in pieces of a size that is quick to work on and not too small to be worth it. */

/** UTF-16 units. */
const PIECE = 2 ** 16

export async function* pieces(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const given of text) {
    rest += given
    let from = 0
    for (; rest.length - from >= PIECE; from += PIECE) yield rest.slice(from, from + PIECE)
    rest = rest.slice(from)
  }
  if (rest !== '') yield rest
}
