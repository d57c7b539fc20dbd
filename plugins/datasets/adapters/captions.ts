import { defineAdapter } from '../../../core/index.ts'
import { captionLines } from '../extraction/captions.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const captions = defineAdapter(extractor, 'captions', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['vtt'],
    extract: (file, options) => reading.bounded(captionLines(reading.text(file, options)), options),
  }),
})
