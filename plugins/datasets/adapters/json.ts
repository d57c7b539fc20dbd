import { defineAdapter } from '../../../core/index.ts'
import { jsonLines } from '../extraction/json-text.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

export const json = defineAdapter(extractor, 'json', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['json', 'jsonl', 'ndjson'],
    extract: (file, options) => reading.bounded(jsonLines(reading.text(file, options), options.name), options),
  }),
})
