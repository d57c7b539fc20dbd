import { defineAdapter } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { htmlText } from '../extraction/html-text.ts'
import { readText } from '../extraction/read-text.ts'
import { extractor } from '../ports.ts'

export const html = defineAdapter(extractor, 'html', {
  uses: { config: datasetsConfig },
  create: ({ config }) => ({
    extensions: ['html', 'htm'],
    extract: async function* (file, options) { yield htmlText(await readText(file, { ...options, maxLength: config.maxTextLength })) },
  }),
})
