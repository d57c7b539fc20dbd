import { defineAdapter } from '../../../core/index.ts'
import { clean } from '../chunking/clean.ts'
import { splitAtBoundaries, splitAtSeparator } from '../chunking/split.ts'
import { chunker } from '../ports.ts'

/** Cleans, cuts at the separator of a custom rule, and cuts what is still too long at paragraphs, sentences, words, characters. */
export const recursive = defineAdapter(chunker, 'recursive', {
  create: () => ({
    split: async function* (text, rule) {
      let whole = ''
      for await (const piece of text) whole += piece
      const cleaned = clean(whole, rule)
      const found = rule.mode === 'automatic' ? splitAtBoundaries(cleaned, rule.segmentation) : splitAtSeparator(cleaned, rule.segmentation)
      yield* found.map((content) => ({ content }))
    },
  }),
})
