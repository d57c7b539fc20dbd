/** The laws of `chunker`: what the indexing of a document relies on, whichever way a text is cut. */
import assert from 'node:assert/strict'
import { defineContract } from '../../../core/index.ts'
import { chunker } from '../ports.ts'
import type { ChunkingRule, SegmentationRule } from '../ports.ts'

const rule = (mode: ChunkingRule['mode'], segmentation: Partial<SegmentationRule> = {}, more: Partial<ChunkingRule> = {}): ChunkingRule =>
  ({ mode, segmentation: { separator: '\n\n', maxLength: 60, overlap: 0, ...segmentation }, removeExtraSpaces: true, removeUrlsEmails: false, ...more })
const modes = ['automatic', 'custom'] as const
const length = (text: string): number => [...text].length
const letters = (texts: readonly string[]): string => texts.join('').replace(/[^\p{L}]/gu, '')

const prose = 'The heron stands in the shallow water. It does not move for an hour! Is it asleep? No: it waits.\n\nThen the fish comes. '.repeat(5)
const texts = {
  prose,
  'one long word': 'wordwithoutanyend'.repeat(20),
  Chinese: '夜里下了一场大雪。早晨，孩子们都跑到外面去玩。'.repeat(10),
  emoji: '👩‍🚀🚀🌍'.repeat(40),
  'full stops': '. '.repeat(200),
  'Windows line ends': 'first line\r\nsecond line\r\n\r\nsecond paragraph\r\n'.repeat(8),
}

export const chunkerContract = defineContract(chunker, {
  laws: {
    'no passage is longer than the rule allows, counted in code points': (subject) => {
      for (const [name, text] of Object.entries(texts)) {
        for (const mode of modes) for (const overlap of [0, 20, 60]) for (const separator of ['\n\n', '\n', ' ', 'x']) {
          for (const passage of subject.split(text, rule(mode, { overlap, separator }))) {
            assert(length(passage) <= 60, `${name}: a passage of ${length(passage)} code points`)
          }
        }
      }
    },
    'without overlap, every letter comes out once and in order': (subject) => {
      for (const [name, text] of Object.entries(texts)) {
        for (const mode of modes) assert.equal(letters(subject.split(text, rule(mode))), letters([text]), name)
      }
    },
    'the same text and rule give the same passages': (subject) => {
      for (const text of Object.values(texts)) {
        const again = rule('custom', { overlap: 20 })
        assert.deepEqual(subject.split(text, again), subject.split(text, again))
      }
    },
    'passages are never blank, and a blank text has none': (subject) => {
      for (const text of ['', ' \n\t\n ', '\u3000', '\n\n\n']) for (const mode of modes) assert.deepEqual(subject.split(text, rule(mode)), [])
      for (const text of Object.values(texts)) {
        for (const passage of subject.split(text, rule('custom', { separator: ' ' }))) assert.notEqual(passage.trim(), '')
      }
    },
    'a custom rule cuts at its separator, written out or escaped, whatever characters it has': (subject) => {
      const escaped = [['\\n', '\n'], ['\\t', '\t'], ['\\u3002', '。'], ['\\\\', '\\']] as const
      for (const [separator, meant] of [...escaped, ...['###', '。', '.*', '$&', '('].map((plain) => [plain, plain] as const)]) {
        const colours = ['red', 'green', 'blue']
        assert.deepEqual(subject.split(colours.join(meant), rule('custom', { separator }, { removeExtraSpaces: false })), colours, separator)
      }
    },
    'what a database cannot keep does not come out': (subject) => {
      for (const mode of modes) {
        const [passage = ''] = subject.split('a\0b\u0007c \uD800 naïve ¿qué? ¾', rule(mode))
        assert(!/[\0\u0007\p{Cs}]/u.test(passage), JSON.stringify(passage))
        assert(passage.includes('naïve ¿qué? ¾'), 'letters stay')
      }
    },
    'addresses go where the rule says so, and only there': (subject) => {
      const text = 'Write to ann@example.org or see https://example.org/a?b=c now.'
      const without = subject.split(text, rule('automatic', {}, { removeUrlsEmails: true })).join(' ')
      assert(!without.includes('example.org') && without.includes('Write to') && without.includes('now'), without)
      assert(subject.split(text, rule('automatic', { maxLength: 200 })).join(' ').includes('https://example.org/a?b=c'))
    },
  },
})
