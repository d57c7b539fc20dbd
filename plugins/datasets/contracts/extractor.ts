/** The laws of `extractor`, for all that the configuration names at once. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { defineContract } from '../../../core/index.ts'
import type { Port } from '../../../core/index.ts'
import { extractor } from '../ports.ts'
import type { Extractor, Pair } from '../ports.ts'

const nameOf = ({ extensions }: Extractor): string => `sample.${extensions[0] ?? ''}`

/** What an extractor can be asked for, each as a run of pieces. */
const readings = (one: Extractor): Readonly<Record<string, Extractor['extract'] | NonNullable<Extractor['pairs']>>> => ({
  text: (file, options) => one.extract(file, options),
  ...one.pairs && { pairs: (file, options) => (one.pairs as NonNullable<Extractor['pairs']>)(file, options) },
})

const checked = (piece: string | Pair): string => {
  if (typeof piece === 'string') return piece
  assert(typeof piece.question === 'string' && typeof piece.answer === 'string', 'a pair has a question and an answer')
  return `${piece.question}\0${piece.answer}\0`
}

/** All the text, or the error. */
const settle = async (pieces: AsyncIterable<string | Pair>): Promise<string | Error> => {
  let all = ''
  try {
    for await (const piece of pieces) all += checked(piece)
    return all
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    assert(error instanceof Error, `${String(error)} is no error`)
    return error
  }
}

/** Whatever it does, it must do it soon. */
const soon = async <T>(work: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => { reject(new assert.AssertionError({ message: `${what} is not over after a minute` })) }, 60_000) })
  return Promise.race([work, late]).finally(() => { clearTimeout(timer) })
}

const samples = (): Buffer[] => [
  Buffer.alloc(0), Buffer.from([0xFF, 0xFE]), Buffer.from([0xC3, 0x28]), Buffer.alloc(4096), Buffer.from('%PDF-1.7 \x89PNG\r\n\x1a\n'), Buffer.from('<'.repeat(5000)), Buffer.from('{"question": "Grüße, 你好 👋?",\r\n"answer": "<b>yes</b>"}\r\n\r\n'.repeat(20)), Buffer.from('Frage,Antwort\nWieso?,"Dar\xFCm, \xE4h"\n'.repeat(20), 'latin1'),
]
const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from((function* () { for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size) })())

const each = async (all: ReadonlyMap<string, Extractor>, check: (read: Extractor['extract'] | NonNullable<Extractor['pairs']>, file: string, what: string) => Promise<void>): Promise<void> => {
  for (const [name, one] of all) for (const [what, read] of Object.entries(readings(one))) await check(read, nameOf(one), `${name}, ${what}`)
}

export const extractorContract = defineContract(extractor as unknown as Port<ReadonlyMap<string, Extractor>>, {
  laws: {
    'an extractor names at least one ending: lower case, without a dot': (all) => {
      for (const [name, { extensions }] of all) {
        assert(extensions.length > 0, name)
        for (const extension of extensions) assert.match(extension, /^[a-z0-9]+$/, `${name}: "${extension}"`)
      }
    },
    'whatever bytes come, there is text or an error with words for whoever sent the file': (all) => each(all, async (read, name, what) => {
      for (const bytes of samples()) {
        const outcome = await soon(settle(read(Readable.from([bytes]), { name })), what)
        assert(typeof outcome === 'string' || outcome.message.length > 20, `${what}: ${String(outcome)}`)
      }
    }),
    'how a file is cut while it comes makes no difference': (all) => each(all, async (read, name, what) => {
      for (const bytes of samples()) {
        const [whole, inBytes, inThrees] = [await settle(read(Readable.from([bytes]), { name })), await settle(read(inPieces(bytes, 1), { name })), await settle(read(inPieces(bytes, 3), { name }))]
        for (const other of [inBytes, inThrees]) assert.equal(String(other), String(whole), what)
      }
    }),
    'a file that breaks off is an error, never half a text': (all) => each(all, async (read, name, what) => {
      const broken = Readable.from((async function* () { yield Buffer.from('half a te'); throw new Error('the disk is gone') })())
      const outcome = await soon(settle(read(broken, { name })), what)
      assert(outcome instanceof Error, `${what}: ${String(outcome)}`)
      assert.match(outcome.message, /the disk is gone/, `${what} hides why`)
    }),
    'an aborted extraction ends, before it begins and while the file does not come': (all) => each(all, async (read, name, what) => {
      assert(await soon(settle(read(Readable.from([Buffer.from('some text')]), { name, signal: AbortSignal.abort() })), what) instanceof Error, `${what}: goes on`)
      const controller = new AbortController()
      const stalled = new Readable({ read: () => undefined })
      stalled.push('some text, and then nothing')
      setTimeout(() => { controller.abort() }, 20)
      assert(await soon(settle(read(stalled, { name, signal: controller.signal })), what) instanceof Error, `${what}: goes on`)
    }),
  },
})
