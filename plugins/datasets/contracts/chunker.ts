/** The laws of `chunker`: what the indexing of a document relies on, whichever way a text is cut. */
import assert from 'node:assert/strict'
import { defineContract } from '../../../core/index.ts'
import { chunker } from '../ports.ts'
import type { Chunker, ChunkingRule, Passage, SegmentationRule } from '../ports.ts'

const rule = (mode: ChunkingRule['mode'], segmentation: Partial<SegmentationRule> = {}, more: Partial<ChunkingRule> = {}): ChunkingRule =>
  ({ mode, segmentation: { separator: '\n\n', maxLength: 60, overlap: 0, ...segmentation }, removeExtraSpaces: true, removeUrlsEmails: false, ...more })
const modes = ['automatic', 'custom'] as const
const sentences: SegmentationRule = { separator: '. ', maxLength: 20, overlap: 0 }
const length = (text: string): number => [...text].length
const letters = (texts: readonly string[]): string => texts.join('').replace(/[^\p{L}]/gu, '')

/** The text in pieces of `size` units, wherever that cuts it, with an empty one in between. */
async function* pieces(text: string, size = 1000): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) {
    yield text.slice(at, at + size)
    yield ''
  }
}
const passagesOf = async (subject: Chunker, text: string | AsyncIterable<string>, of: ChunkingRule): Promise<readonly Passage[]> => {
  const found: Passage[] = []
  for await (const passage of subject.split(typeof text === 'string' ? pieces(text) : text, of)) found.push(passage)
  return found
}
const contentsOf = async (subject: Chunker, text: string | AsyncIterable<string>, of: ChunkingRule): Promise<readonly string[]> =>
  (await passagesOf(subject, text, of)).map(({ content }) => content)

const prose = 'The heron stands in the shallow water. It does not move for an hour! Is it asleep? No: it waits.\n\nThen the fish comes. '.repeat(5)
const texts = {
  prose,
  'one long word': 'wordwithoutanyend'.repeat(20),
  Chinese: '夜里下了一场大雪。早晨，孩子们都跑到外面去玩。'.repeat(10),
  emoji: '👩‍🚀🚀🌍'.repeat(40),
  'full stops': '. '.repeat(200),
  'Windows line ends': 'first line\r\nsecond line\r\n\r\nsecond paragraph\r\n'.repeat(8),
}
const addresses = 'Write to ann@example.org or see https://example.org/a?b=c now.'

export const chunkerContract = defineContract(chunker, {
  laws: {
    'no passage is longer than the rule allows, counted in code points': async (subject) => {
      for (const [name, text] of Object.entries(texts)) {
        for (const mode of modes) for (const overlap of [0, 20, 60]) for (const separator of ['\n\n', '\n', ' ', 'x']) {
          for (const passage of await contentsOf(subject, text, rule(mode, { overlap, separator }))) {
            assert(length(passage) <= 60, `${name}: a passage of ${length(passage)} code points`)
          }
        }
      }
    },
    'what fits between two separators stays together, counted in code points': async (subject) => {
      const section = '🚀'.repeat(60)
      assert.deepEqual(await contentsOf(subject, `${section}\n\n${section}`, rule('custom')), [section, section])
    },
    'without overlap, every letter comes out once and in order': async (subject) => {
      for (const [name, text] of Object.entries(texts)) {
        for (const mode of modes) assert.equal(letters(await contentsOf(subject, text, rule(mode))), letters([text]), name)
      }
    },
    'the same text and rule give the same passages, wherever the text is cut into pieces': async (subject) => {
      const others = ['<|user|>hello\r\n\r\n\r\n<|end|>  \t good  bye \uD83D', `${addresses} ![a photo](https://example.org/photo.png) `.repeat(3)]
      for (const text of [...Object.values(texts), ...others]) {
        for (const mode of modes) for (const separator of ['\n\n', 'hour! Is it', '🚀🌍']) {
          const again = rule(mode, { overlap: 20, separator }, { removeUrlsEmails: true, children: sentences })
          const whole = await passagesOf(subject, pieces(text, text.length), again)
          for (const size of [1, 2, 3, 61]) assert.deepEqual(await passagesOf(subject, pieces(text, size), again), whole, `in pieces of ${size}`)
        }
      }
    },
    'a long text is cut while it comes, and let go where nobody asks for more': async (subject) => {
      for (const mode of modes) {
        let given = 0
        let isLetGo = false
        const long = async function* (): AsyncGenerator<string> {
          try { for (; given < 100; given += 1) yield prose.repeat(100) } finally { isLetGo = true }
        }
        for await (const { content } of subject.split(long(), rule(mode))) if (content !== '') break
        assert(given < 100, 'the first passage came when all of a text of 6 MB had been read')
        assert(isLetGo, 'the text was not told that nobody reads on')
      }
    },
    'what goes wrong with the text is told to whoever asks for passages': async (subject) => {
      const broken = async function* (): AsyncGenerator<string> { yield prose; throw new Error('torn') }
      for (const mode of [...modes, 'whole'] as const) await assert.rejects(passagesOf(subject, broken(), rule(mode, { maxLength: 1000 })), /torn/)
    },
    'passages are never blank, and a blank text has none': async (subject) => {
      for (const text of ['', ' \n\t\n ', '\u3000', '\n\n\n']) {
        for (const mode of [...modes, 'whole'] as const) assert.deepEqual(await passagesOf(subject, text, rule(mode, {}, { children: sentences })), [])
      }
      for (const text of Object.values(texts)) {
        for (const passage of await contentsOf(subject, text, rule('custom', { separator: ' ' }))) assert.notEqual(passage.trim(), '')
      }
    },
    'a custom rule cuts at its separator, written out or escaped, whatever characters it has': async (subject) => {
      const escaped = [['\\n', '\n'], ['\\t', '\t'], ['\\u3002', '。'], ['\\\\', '\\']] as const
      for (const [separator, meant] of [...escaped, ...['###', '。', '.*', '$&', '(', '<|end|>'].map((plain) => [plain, plain] as const)]) {
        const colours = ['red', 'green', 'blue']
        assert.deepEqual(await contentsOf(subject, colours.join(meant), rule('custom', { separator }, { removeExtraSpaces: false })), colours, separator)
      }
    },
    'each passage is cut again into its children, of which it has one at least': async (subject) => {
      for (const mode of [...modes, 'whole'] as const) for (const separator of ['. ', '\\n', 'e', '.']) {
        for (const [name, text] of Object.entries({ ...texts, dots: '...' })) {
          const of = rule(mode, { maxLength: mode === 'whole' ? 10_000 : 60 }, { children: { ...sentences, separator } })
          for (const { content, children = [] } of await passagesOf(subject, text, of)) {
            assert(children.length > 0, `${name}: no child`)
            for (const child of children) assert(child.trim() !== '' && length(child) <= 20, `${name}: a child of ${length(child)} code points`)
            const kept = (all: readonly string[]): string => letters(all).replaceAll(separator, '')
            assert.equal(kept(children), kept([content]), name)
          }
        }
      }
      for (const { children } of await passagesOf(subject, prose, rule('custom'))) assert.equal(children, undefined)
    },
    'a whole text is one passage, cleaned, and refused where that would be longer than the rule allows': async (subject) => {
      assert.deepEqual(await contentsOf(subject, '<|a|>\n\n\n\nb\0', rule('whole', { separator: 'a' })), ['<a>\n\nb'])
      assert.deepEqual(await contentsOf(subject, '🚀'.repeat(60), rule('whole')), ['🚀'.repeat(60)])
      await assert.rejects(contentsOf(subject, '🚀'.repeat(61), rule('whole')), /60/)
    },
    'what a database cannot keep does not come out': async (subject) => {
      for (const mode of [...modes, 'whole'] as const) {
        const [passage = ''] = await contentsOf(subject, 'a\0b\u0007c \uD800 naïve ¿qué? ¾', rule(mode))
        assert(!/[\0\u0007\p{Cs}]/u.test(passage), JSON.stringify(passage))
        assert(passage.includes('naïve ¿qué? ¾'), 'letters stay')
      }
      for (const passage of await contentsOf(subject, texts.emoji, rule('custom', { separator: '\\ud83d' }))) assert(!/\p{Cs}/u.test(passage), 'a pair was cut')
    },
    'addresses go where the rule says so, and only there': async (subject) => {
      const without = (await contentsOf(subject, addresses, rule('automatic', {}, { removeUrlsEmails: true }))).join(' ')
      assert(!without.includes('example.org') && without.includes('Write to') && without.includes('now'), without)
      assert((await contentsOf(subject, addresses, rule('automatic', { maxLength: 200 }))).join(' ').includes('https://example.org/a?b=c'))
    },
  },
})
