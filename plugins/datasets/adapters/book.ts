import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const book = defineAdapter(extractor, 'book', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['epub'],
    extract: (file, options) => reading.bounded(reading.apart('epub', file, options), options),
  }),
})
