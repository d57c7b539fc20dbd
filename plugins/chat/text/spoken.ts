/** What a model said, made fit for use: without its thinking, its quotation marks, and what is too much of it. */

const OPENING = /<(think|thinking|reasoning)\b[^<>]*>/gi
/** Some models think aloud before they answer, in a pair of tags; of some the first tag is lost, and where the answer was cut short, the last. */
export const withoutThinking = (said: string): string => {
  const lower = said.toLowerCase()
  let kept = ''
  let at = 0
  for (const opening of said.matchAll(OPENING)) {
    if (opening.index < at) continue
    kept += said.slice(at, opening.index)
    const closing = lower.indexOf(`</${(opening[1] ?? '').toLowerCase()}>`, opening.index)
    at = closing < 0 ? said.length : lower.indexOf('>', closing) + 1
  }
  return (kept + said.slice(at)).replace(/^[\s\S]*<\/(?:think|thinking|reasoning)>/i, '').trim()
}

/** Never cuts a character in two. */
export const shortened = (text: string, length: number, end = '...'): string => {
  const points = [...text]
  return points.length <= length ? text : `${points.slice(0, length).join('').trimEnd()}${end}`
}
/** Its beginning and its end, where it is long. */
export const trimmed = (text: string, length: number, part: number): string => {
  const points = [...text]
  return points.length <= length ? text : `${points.slice(0, part).join('')}\n…\n${points.slice(-part).join('')}`
}
const MARKS: readonly (readonly [string, string])[] = [['"', '"'], ['“', '”'], ['«', '»'], ['「', '」'], ["'", "'"], ['`', '`'], ['**', '**']]
export const unquoted = (text: string): string => {
  const line = text.trim()
  const pair = MARKS.find(([begin, end]) => line.length > begin.length + end.length && line.startsWith(begin) && line.endsWith(end))
  return pair ? unquoted(line.slice(pair[0].length, -pair[1].length)) : line
}
/** Lines with something in them, without the fences of code. */
export const linesOf = (text: string): string[] => text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('```'))
