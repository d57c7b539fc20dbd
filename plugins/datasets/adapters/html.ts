import { defineAdapter } from '../../../core/index.ts'
import { htmlPieces } from '../extraction/html-text.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const html = defineAdapter(extractor, 'html', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['html', 'htm'],
    extract: (file, options) => reading.bounded(htmlPieces(reading.text(file, { ...options, declares: true })), options),
  }),
})
