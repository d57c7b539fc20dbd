import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const pdf = defineAdapter(extractor, 'pdf', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['pdf'],
    extract: (file, options) => reading.bounded(reading.apart('pdf', file, options), options),
  }),
})
