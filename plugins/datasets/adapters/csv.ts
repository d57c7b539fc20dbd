import { defineAdapter } from '../../../core/index.ts'
import { csvRows } from '../extraction/csv.ts'
import { reading } from '../extraction/reading.ts'
import { pairsOf, rowBlocks } from '../extraction/table.ts'
import { extractor } from '../ports.ts'

export const csv = defineAdapter(extractor, 'csv', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['csv'],
    extract: (file, options) => reading.bounded(rowBlocks(csvRows(reading.text(file, options), options.name)), options),
    pairs: (file, options) => pairsOf(csvRows(reading.bounded(reading.text(file, options), options), options.name), options.name),
  }),
})
