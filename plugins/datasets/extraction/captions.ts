/** WebVTT (https://www.w3.org/TR/webvtt1/): what is said and by whom, without times. */
import { lines } from './lines.ts'
import { unreadable } from './unreadable.ts'

const ENTITIES = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', nbsp: ' ', lrm: '', rlm: '' }))
const plain = (text: string): string =>
  text.replace(/<[^<>]*>/g, '').replace(/&(\w+);/g, (whole, name: string) => ENTITIES.get(name) ?? whole).replace(/\s+/g, ' ').trim()
/** `<v Name>` or `<v.class Name>`, before what that voice says. One blank only: more of them, which `plain` takes away, could be divided in many ways. */
const VOICE = /<v(?:\.[^\s<>]*)?\s([^<>]+)>/
/** Longer than any screen: a line is worked on at once, and nobody else has a turn meanwhile. */
const LONGEST_LINE = 100_000

/** One line a line of a cue. A line that is shown again, as in captions that roll, comes once; a voice is named when it changes. */
export const captionLines = async function* (text: AsyncIterable<string>): AsyncGenerator<string> {
  let inCue = false
  let speaker = ''
  let shown = new Set<string>()
  let current = new Set<string>()
  for await (const line of lines(text)) {
    if (line.trim() === '') {
      inCue = false
      continue
    }
    if (line.includes('-->')) {
      inCue = true
      if (current.size > 0) shown = current
      current = new Set()
      continue
    }
    // The signature, notes, styles, regions and the names of cues.
    if (!inCue) continue
    if (line.length > LONGEST_LINE) throw unreadable(`The captions have a line of more than ${LONGEST_LINE} characters. Break it into several, or send the text as .txt.`)
    for (const part of line.split(/(?=<v[.\s])/)) {
      const voice = plain(VOICE.exec(part)?.[1] ?? '')
      const said = plain(part)
      if (said === '') continue
      const isNew = !shown.has(said) && !current.has(said)
      current.add(said)
      if (!isNew) continue
      yield voice === '' || voice === speaker ? `${said}\n` : `${speaker === '' ? '' : '\n'}${voice}: ${said}\n`
      if (voice !== '') speaker = voice
    }
  }
}
