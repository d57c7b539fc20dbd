import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

/** Markdown stays as it is: headings and lists tell a reader, and a model, how the text hangs together. */
export const markdown = defineAdapter(extractor, 'markdown', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['md', 'markdown', 'mdx'],
    extract: (file, options) => reading.bounded(reading.text(file, options), options),
  }),
})
