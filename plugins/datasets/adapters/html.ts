import { defineAdapter } from '../../../core/index.ts'
import { reading } from '../extraction/reading.ts'
import { extractor } from '../ports.ts'

const htmlPieces = async function* (html: AsyncIterable<string>): AsyncGenerator<string> {
  const parser = await import('../extraction/html-text.ts')
  yield* parser.htmlPieces(html)
}

export const html = defineAdapter(extractor, 'html', {
  uses: { reading },
  create: ({ reading }) => ({
    extensions: ['html', 'htm'],
    extract: (file, options) => reading.bounded(htmlPieces(reading.text(file, { ...options, declares: true })), options),
  }),
})
