import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const text = defineAdapter(extractor, 'text', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['txt'],
    extract: (file, options) => reading.bounded(reading.text(file, options), options),
  }),
})
