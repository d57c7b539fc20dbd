import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { pairsOf, sheetBlocks, sheetRows } from '../extraction/table.ts'
import { extractor } from '../ports.ts'

export const sheet = defineAdapter(extractor, 'sheet', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['xlsx'],
    extract: (file, options) => reading.bounded(sheetBlocks(reading.apart('xlsx', file, options)), options),
    pairs: (file, options) => pairsOf(sheetRows(reading.apart('xlsx', file, options)), options.name),
  }),
})
