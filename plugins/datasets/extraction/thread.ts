/** Runs in a worker thread: reads one file after the other, and hands on what it finds piece by piece, each when the one before was taken. */
import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { limitArrays } from './memory.ts'
import type { ArrayLimit } from './memory.ts'
import type { Kind } from './sniff.ts'
import type { Source } from './source.ts'
import { asUnreadable, tooMuchMemory } from './unreadable.ts'

/** Loaded when they are needed, and after the limit is set. */
const parsers = {
  pdf: async () => (await import('./pdf.ts')).readPdf,
  docx: async () => (await import('./docx.ts')).readDocx,
  xlsx: async () => (await import('./xlsx.ts')).readXlsx,
  pptx: async () => (await import('./pptx.ts')).readPptx,
  epub: async () => (await import('./epub.ts')).readEpub,
} satisfies Record<Kind, unknown>
/** What the parser of a kind yields. */
export type Piece<K extends Kind> = ReturnType<Awaited<ReturnType<(typeof parsers)[K]>>> extends AsyncIterable<infer T> ? T : never
export interface Order extends Source { readonly kind: Kind; readonly mb: number }
export type Answer<T = unknown> = { readonly piece: T } | { readonly failure: string; readonly isSound: boolean } | { readonly done: true }

const port = parentPort as MessagePort
const answer = (message: Answer): void => { port.postMessage(message) }
let memory: ArrayLimit | undefined

const run = async ({ kind, mb, ...source }: Order): Promise<void> => {
  const limit = memory ??= limitArrays(mb * 1024 * 1024)
  limit.onRefusal(() => tooMuchMemory(source.name, mb))
  const check = (): void => {
    const refused = limit.refused()
    if (refused) throw refused
  }
  try {
    const read = await parsers[kind]()
    for await (const piece of read(source)) {
      check()
      answer({ piece })
      await once(port, 'message')
    }
    check()
    answer({ done: true })
  } catch (error) {
    // What a parser that ran out of something has left behind is not to meet another file.
    const isSound = limit.refused() === undefined && !(error instanceof RangeError)
    answer({ failure: asUnreadable(limit.refused() ?? error, source.name).message, isSound })
  }
}
port.on('message', (message: Order | 'more') => { if (message !== 'more') void run(message) })
