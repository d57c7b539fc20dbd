import { defineAdapter } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { readText } from '../extraction/read-text.ts'
import { extractor } from '../ports.ts'

export const text = defineAdapter(extractor, 'text', {
  uses: { config: datasetsConfig },
  create: ({ config }) => ({
    extensions: ['txt'],
    extract: async function* (file, options) { yield await readText(file, { ...options, maxLength: config.maxTextLength }) },
  }),
})
