import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const slides = defineAdapter(extractor, 'slides', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['pptx'],
    extract: (file, options) => reading.bounded(reading.apart('pptx', file, options), options),
  }),
})
