/** What the extractors are made of: the two ways to read a file, and the limits of both. */
import { addAbortSignal } from 'node:stream'
import type { Readable } from 'node:stream'
import { service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import type { ExtractOptions } from '../ports.ts'
import { decoded } from './decode.ts'
import type { DecodeOptions } from './decode.ts'
import { createReader } from './reader.ts'
import type { Kind } from './sniff.ts'
import type { Piece } from './thread.ts'
import { unreadable } from './unreadable.ts'

export interface Reading {
  /** The text of a file that is text, as it comes. */
  text(file: Readable, options: ExtractOptions & Pick<DecodeOptions, 'declares'>): AsyncIterable<string>
  /** What a parser finds in a packed file, in a thread of its own. */
  apart<K extends Kind>(kind: K, file: Readable, options: ExtractOptions): AsyncIterable<Piece<K>>
  /** The same pieces, as long as the text is not too long and whoever wants it still does. */
  bounded(pieces: AsyncIterable<string>, options: ExtractOptions): AsyncIterable<string>
}

const abortable = (file: Readable, signal: AbortSignal | undefined): Readable => {
  // It may fail while its parser is being loaded; whoever reads it then hears of it.
  file.on('error', () => undefined)
  return signal ? addAbortSignal(signal, file) : file
}

export const reading = service('datasets.reading', {
  uses: { config: datasetsConfig },
  create: ({ config }): Reading & { close(): Promise<void> } => {
    const reader = createReader(config)
    return {
      text: (file, options) => decoded(abortable(file, options.signal), options),
      apart: (kind, file, options) => reader.read(kind, abortable(file, options.signal), options),
      close: reader.close,
      bounded: async function* (pieces, { name, signal }) {
        const most = config.maxTextLength
        let length = 0
        for await (const piece of pieces) {
          signal?.throwIfAborted()
          length += piece.length
          if (length > most) throw unreadable(`"${name}" has more than ${most} characters of text. Split it into several files, or raise maxTextLength of the datasets plugin.`)
          if (piece !== '') yield piece
        }
      },
    }
  },
  dispose: ({ close }) => close(),
})
