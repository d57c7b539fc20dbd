/** Changes to a text that comes in pieces, such that it makes no difference where it is cut. */

/** What the pieces to come may still change is held back; it is short, whatever the text. */
export interface Rewriter {
  push(piece: string): string
  /** What was held back. */
  end(): string
}

/** `open` says where that begins which may go on in the next piece, `shrink` makes it short where it may have any length. */
export const rewriter = (rewrite: (text: string) => string, open: (text: string) => number, shrink = (text: string): string => text): Rewriter => {
  let held = ''
  return {
    push: (piece) => {
      const text = held + piece
      const at = open(text)
      held = shrink(text.slice(at))
      return rewrite(text.slice(0, at))
    },
    end: () => {
      const rest = held
      held = ''
      return rewrite(rest)
    },
  }
}

export interface Pattern {
  /** With the flag `g`, and looking one character behind at most. */
  readonly start: RegExp
  /** Characters that a match of `start` has, or looks at, at most. */
  readonly reach: number
  readonly replace: (match: RegExpExecArray) => string
  /** With the flag `y`: what goes with a match that was replaced by nothing, however long. */
  readonly rest?: RegExp
}
/** Replaces what a pattern matches, as if the text were whole. */
export const replacing = ({ start, reach, replace, rest }: Pattern): Rewriter => {
  let held = ''
  let behind = 0
  let inside = false
  const take = (piece: string, last: boolean): string => {
    const text = held + piece
    const limit = last ? text.length : text.length - reach
    let found = ''
    let from = behind
    const skip = (at: number): number => {
      if (!rest) return at
      rest.lastIndex = at
      rest.exec(text)
      inside = rest.lastIndex === text.length
      return rest.lastIndex
    }
    if (inside) from = skip(from)
    for (;;) {
      start.lastIndex = from
      const match = from <= limit ? start.exec(text) : null
      if (!match || match.index > limit) break
      const replacement = replace(match)
      found += text.slice(from, match.index) + replacement
      from = match.index + match[0].length
      if (replacement === '') from = skip(from)
    }
    const until = Math.max(from, limit)
    found += text.slice(from, until)
    behind = Math.min(1, until)
    held = text.slice(until - behind)
    return found
  }
  return { push: (piece) => take(piece, false), end: () => take('', true) }
}

export const chain = (rewriters: readonly Rewriter[]): Rewriter => ({
  push: (piece) => rewriters.reduce((text, one) => one.push(text), piece),
  end: () => rewriters.reduce((text, one) => one.push(text) + one.end(), ''),
})
