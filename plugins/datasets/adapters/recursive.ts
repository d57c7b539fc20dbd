import { defineAdapter } from '../../../core/index.ts'
import { clean } from '../chunking/clean.ts'
import { splitAtBoundaries, splitAtSeparator } from '../chunking/split.ts'
import { chunker } from '../ports.ts'

/** Cleans, cuts at the separator of a custom rule, and cuts what is still too long at paragraphs, sentences, words, characters. */
export const recursive = defineAdapter(chunker, 'recursive', {
  create: () => ({
    split: (text, rule) => {
      const cleaned = clean(text, rule)
      return rule.mode === 'automatic' ? splitAtBoundaries(cleaned, rule.segmentation) : splitAtSeparator(cleaned, rule.segmentation)
    },
  }),
})
