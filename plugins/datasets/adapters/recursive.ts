import { setImmediate } from 'node:timers/promises'
import { defineAdapter } from '../../../core/index.ts'
import { cleaner } from '../chunking/clean.ts'
import { advance } from '../chunking/code-points.ts'
import { pieces } from '../chunking/pieces.ts'
import { decoded, split, splitter, tidy } from '../chunking/split.ts'
import { keeper } from '../chunking/whole.ts'
import { chunker } from '../ports.ts'
import type { ChunkingRule, SegmentationRule } from '../ports.ts'

/** Units of text, and as many for each passage as it is trouble, after which others may have the thread: a few milliseconds. */
const TURN = 2 ** 16
const TROUBLE = 50

/** Cleans, cuts at the separator of a custom rule, and cuts what is still too long at paragraphs, sentences, words, characters. */
export const recursive = defineAdapter(chunker, 'recursive', {
  create: () => ({
    split: async function* (text, rule) {
      const childrenOf = rule.children && cutAgain(rule.children)
      let work = 0
      for await (const found of stretches(text, rule)) {
        await setImmediate()
        for (const passage of found) {
          work += passage.length + TROUBLE
          if (work > TURN) {
            await setImmediate()
            work = 0
          }
          for (const content of rule.mode === 'whole' ? [passage.trim()].filter(Boolean) : tidy(passage)) {
            yield childrenOf ? { content, children: childrenOf(content) } : { content }
          }
        }
      }
    },
  }),
})

/** What each piece of the text brings to an end. */
async function* stretches(text: AsyncIterable<string>, rule: ChunkingRule): AsyncGenerator<Iterable<string>> {
  const cleaning = cleaner(rule)
  const { separator, maxLength } = rule.segmentation
  const splitting = rule.mode === 'whole' ? keeper(maxLength) : splitter(rule.segmentation, rule.mode === 'custom' ? decoded(separator) : '')
  for await (const piece of pieces(text)) yield splitting.push(cleaning.push(piece))
  yield splitting.push(cleaning.end())
  yield splitting.end()
}

/** At least one: of a passage that is nothing but separators, its beginning. */
const cutAgain = (rule: SegmentationRule): (content: string) => readonly string[] => {
  const separator = decoded(rule.separator)
  return (content) => {
    const found = split(content, rule, separator)
    return found.length > 0 ? found : [content.slice(0, advance(content, 0, rule.maxLength))]
  }
}
