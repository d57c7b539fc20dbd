import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const word = defineAdapter(extractor, 'word', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['docx'],
    extract: (file, options) => reading.bounded(reading.apart('docx', file, options), options),
  }),
})
