import { defineAdapter } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { readText } from '../extraction/read-text.ts'
import { extractor } from '../ports.ts'

/** Markdown stays as it is: headings and lists tell a reader, and a model, how the text hangs together. */
export const markdown = defineAdapter(extractor, 'markdown', {
  uses: { config: datasetsConfig },
  create: ({ config }) => ({
    extensions: ['md', 'markdown', 'mdx'],
    extract: async function* (file, options) { yield await readText(file, { ...options, maxLength: config.maxTextLength }) },
  }),
})
