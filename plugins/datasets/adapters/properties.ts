import { defineAdapter } from '../../../core/index.ts'
import { propertyLines } from '../extraction/properties.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const properties = defineAdapter(extractor, 'properties', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['properties'],
    extract: (file, options) => reading.bounded(propertyLines(reading.text(file, options)), options),
  }),
})
