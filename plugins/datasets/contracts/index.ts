/** The laws of this plugin's ports. */
export * from './chunker.ts'
export * from './datasets.ts'
export * from './extractor.ts'
export * from './shelf.ts'
export * from './text-index.ts'
export * from './vector-index.ts'
