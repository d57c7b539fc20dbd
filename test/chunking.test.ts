/** How a text is cleaned and cut: laws for all texts, examples for people, and work for texts that are made to cause it. */
import test from 'ava'
import fc from 'fast-check'
import { recursive } from '../plugins/datasets/adapters/recursive.ts'
import { clean, cleaner } from '../plugins/datasets/chunking/clean.ts'
import { codePoints } from '../plugins/datasets/chunking/code-points.ts'
import { chunkingRule } from '../plugins/datasets/chunking/rule.ts'
import { decoded, split, splitter, tidy } from '../plugins/datasets/chunking/split.ts'
import { chunkerContract } from '../plugins/datasets/contracts/chunker.ts'
import { htmlText } from '../plugins/datasets/extraction/html-text.ts'
import type { Chunker, ChunkingRule, SegmentationRule } from '../plugins/datasets/ports.ts'
import { AUTOMATIC, ruleToStore } from '../plugins/datasets/schemas/process-rule.ts'
import { brokenLaws } from './support/broken-laws.ts'

const everything = { removeExtraSpaces: true, removeUrlsEmails: true }
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-zé]{1,12}$/u) }, { weight: 2, arbitrary: fc.constantFrom(' ', '. ', '。', '\n', '\n\n', '\t', '  ') },
  fc.constantFrom('🚀', '👩‍🚀', '夜里下了一场大雪', '.', '。。', 'x'.repeat(90)),
)
const text = fc.array(piece, { maxLength: 120 }).map((parts) => parts.join(''))
const segmentation = fc.record({ separator: fc.constantFrom('\n', '\\n\\n', ' ', '。', '###', 'é', '.*'), maxLength: fc.integer({ min: 50, max: 120 }), overlap: fc.nat(120) })
const ways = {
  automatic: (given: string, rule: SegmentationRule) => split(given, rule, ''),
  custom: (given: string, rule: SegmentationRule) => split(given, rule, decoded(rule.separator)),
}
/** The text in pieces, whose sizes are taken in turn. */
const slices = (given: string, sizes: readonly number[]): string[] => {
  const found: string[] = []
  for (let at = 0, n = 0; at < given.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1
    found.push(given.slice(at, at + size))
    at += size
  }
  return found
}
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

for (const [mode, cut] of Object.entries(ways)) {
  test(`${mode}: passages fit, none is blank, and without overlap nothing but blanks and boundaries is lost`, (t) => {
    fc.assert(fc.property(text, segmentation, (given, rule) => {
      for (const passage of cut(given, rule)) {
        if (codePoints(passage) > rule.maxLength || passage.trim() === '') return false
      }
      const letters = (value: string): string => value.replaceAll(mode === 'custom' ? rule.separator.replaceAll('\\n', '\n') : '\0', '').replace(/[\s.。]/g, '')
      return letters(cut(given, { ...rule, overlap: 0 }).join('')) === letters(given)
    }), { numRuns: 400 })
    t.pass()
  })
  test(`${mode}: with overlap every passage is a run of the text, they follow each other, and no word is left out`, (t) => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), segmentation, fc.constantFrom(' ', '. ', '\n\n'), (count, { maxLength, overlap }, between) => {
      const words = Array.from({ length: count }, (_, n) => `w${n}`)
      let covered = 0
      for (const passage of cut(words.join(between), { separator: '###', maxLength, overlap })) {
        const found = (passage.match(/w\d+/g) ?? []).map((word) => Number(word.slice(1)))
        const first = found[0] ?? Infinity
        if (first > covered || found.some((n, index) => n !== first + index) || first + found.length <= covered) return false
        if (covered > 0 && words.slice(first, covered).join(between).length > overlap) return false
        covered = first + found.length
      }
      return covered === count
    }), { numRuns: 400 })
    t.pass()
  })
}

test('where a text is cut into pieces makes no difference: not to what is cleaned, not to the blocks, not to the passages', (t) => {
  const sign = fc.constantFrom(
    '\r', '\n', '\u0085', '<', '|', '>', '\uD83D', '\uDE80', '\0', '\uFFFE', 'http://', '![', 'a', '](', ')', ']', '@', '.', 'b-c', ' ', '\t', '\u00A0', '🚀', '!', 'é', 'x'.repeat(70))
  // Long enough for addresses to be looked for before the end.
  const dirty = fc.array(sign, { minLength: 1, maxLength: 40 }).map((parts) => parts.join(''))
  const flags = fc.record({ removeExtraSpaces: fc.boolean(), removeUrlsEmails: fc.boolean() })
  fc.assert(fc.property(fc.array(dirty, { maxLength: 200, size: 'max' }).map((parts) => parts.join('')), flags, fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }), (given, rule, cuts) => {
    const { push, end } = cleaner(rule)
    return slices(given, cuts).map(push).join('') + end() === clean(given, rule)
  }), { numRuns: 150 })
  fc.assert(fc.property(dirty, flags, sizes, (given, rule, cuts) => {
    const { push, end } = cleaner(rule)
    return slices(given, cuts).map(push).join('') + end() === clean(given, rule)
  }), { numRuns: 2000 })

  const passages = (parts: readonly string[], rule: SegmentationRule, separator: string, block: number): string[] => {
    const { push, end } = splitter(rule, separator, block)
    return [...parts.flatMap((part) => [...push(part)]), ...end()].flatMap(tidy)
  }
  let several = 0
  fc.assert(fc.property(text, segmentation, sizes, fc.integer({ min: 10, max: 300 }), (given, rule, cuts, block) => {
    for (const separator of ['', decoded(rule.separator)]) {
      const whole = passages([given], rule, separator, block)
      if (JSON.stringify(passages(slices(given, cuts), rule, separator, block)) !== JSON.stringify(whole)) return false
      if (whole.some((passage) => codePoints(passage) > rule.maxLength || /\p{Cs}/u.test(passage))) return false
      if (given.length > block) several += 1
    }
    return true
  }), { numRuns: 1000 })
  t.true(several > 100, 'there were texts of several blocks')
})

test('examples', (t) => {
  const rule = (separator: string, maxLength = 50, overlap = 0) => ({ separator, maxLength, overlap })
  const { automatic, custom } = ways
  t.deepEqual(custom('a\nb\n\nc', rule('\\n')), ['a', 'b', 'c'])
  t.deepEqual(custom('一。二。三', rule('。')), ['一', '二', '三'])
  t.deepEqual(custom('a.b', rule('.*')), ['a.b'])
  t.deepEqual(custom('。a', rule('#')), ['a'])
  t.deepEqual(custom('abc', rule('\\f')), ['abc'])
  // What is too long for the separator is cut at sentences; the overlap is made of whole ones.
  const four = 'The first one is here. The second one is here. The third one is here. The fourth one is here.'
  t.deepEqual(automatic(four, rule('', 50, 25)), ['The first one is here. The second one is here.', 'The second one is here. The third one is here.', 'The third one is here. The fourth one is here.'])
  t.deepEqual(custom(`${four}\nshort`, rule('\n')), ['The first one is here. The second one is here.', 'The third one is here. The fourth one is here.', 'short'])
  t.deepEqual(automatic('🚀'.repeat(120), rule('', 50, 10)).map(codePoints), [50, 50, 40])
  t.deepEqual(automatic('word '.repeat(30), rule('', 50)).map((passage) => passage.length), [49, 49, 49])
  // Blocks end at the strongest boundary of their second half.
  const { push, end } = splitter(rule('', 50), '', 40)
  t.deepEqual([...push('A first sentence. And one more.\n\nA second paragraph, which is longer'), ...end()], ['A first sentence. And one more.\n\n', 'A second paragraph, which is longer'])

  t.is(clean('<|system|>\0 naïve ¿qué? ¾\u0007\u007F\uFFFE\uD800\u0085x\r\ny', { removeExtraSpaces: false, removeUrlsEmails: false }), '<system> naïve ¿qué? ¾\uFFFD\nx\ny')
  t.is(clean('a\n\n\n\nb \u00A0 \u3000c\td', { removeExtraSpaces: true, removeUrlsEmails: false }), 'a\n\nb c\td')
  t.is(clean('see https://a.b/c?d=e, (http://x.y) ![photo](https://i.j/k.png) or ann.b+c@mail.example.org.', everything), 'see () ![image](https://i.j/k.png) or .')
  t.is(clean('3@ @b not@mail a@b', everything), '3@ @b not@mail a@b')
  t.is(clean(`a http://x/${'y'.repeat(9000)} b`, everything), 'a b')
})

test('a stored rule and the form of the document say how it is cut', (t) => {
  const bounds = { maxSegmentLength: 4000, maxParentLength: 9000 }
  const stored = (mode: 'custom' | 'hierarchical', more: object = {}) => ruleToStore(
    { mode, rules: { pre_processing_rules: [{ id: 'remove_extra_spaces', enabled: true }, { id: 'from_elsewhere', enabled: true }], segmentation: { delimiter: '#', max_tokens: 300, chunk_overlap: 30 }, ...more } }, 'hierarchical_model')
  const cleaning = { removeExtraSpaces: true, removeUrlsEmails: false }
  const parents = { separator: '#', maxLength: 300, overlap: 30 }
  const usual = { separator: '\n', maxLength: 200, overlap: 0 }
  t.deepEqual(chunkingRule(stored('custom'), 'text_model', bounds), { mode: 'custom', segmentation: parents, ...cleaning })
  t.deepEqual(chunkingRule({ mode: 'automatic', rules: AUTOMATIC }, 'text_model', bounds), { mode: 'automatic', segmentation: { separator: '\n', maxLength: 500, overlap: 50 }, ...cleaning })
  // Whatever the mode, the parents of a parent-child document have children.
  t.deepEqual(chunkingRule(stored('custom'), 'hierarchical_model', bounds), { mode: 'custom', segmentation: parents, children: usual, ...cleaning })
  t.deepEqual(chunkingRule({ mode: 'automatic', rules: AUTOMATIC }, 'hierarchical_model', bounds).children, usual)
  const subchunk_segmentation = { separator: '.', max_tokens: 60 }
  t.deepEqual(chunkingRule(stored('hierarchical', { subchunk_segmentation }), 'hierarchical_model', bounds), { mode: 'custom', segmentation: parents, children: { separator: '.', maxLength: 60, overlap: 0 }, ...cleaning })
  t.is(stored('hierarchical').rules.parent_mode, 'paragraph')
  t.is(stored('custom').rules.parent_mode, undefined)
  const whole = stored('hierarchical', { parent_mode: 'full-doc', segmentation: {} })
  t.deepEqual(whole.rules.segmentation, { separator: '\n', chunk_overlap: 0 })
  t.deepEqual(chunkingRule(whole, 'hierarchical_model', bounds), { mode: 'whole', segmentation: { separator: '\n', maxLength: 9000, overlap: 0 }, children: usual, ...cleaning })
  const faults = [
    [{ segmentation: { max_tokens: 49 } }, /max_tokens of the segmentation is 49; it takes 50 to 4000/], [{ segmentation: { max_tokens: 60, chunk_overlap: 61 } }, /chunk_overlap of the segmentation is 61/],
    [{ subchunk_segmentation: { max_tokens: 4001 } }, /max_tokens of the subchunk_segmentation is 4001/], [{ subchunk_segmentation: { max_tokens: 60, chunk_overlap: 61 } }, /chunk_overlap of the subchunk/],
  ] as const
  for (const [more, message] of faults) t.throws(() => chunkingRule(stored('hierarchical', more), 'hierarchical_model', bounds), { name: 'DocumentFault', message })
})

const chunker = recursive.create({}, {}) as Chunker
const cutting = (mode: ChunkingRule['mode'], separator: string): ChunkingRule => ({ mode, segmentation: { separator, maxLength: 4000, overlap: 4000 }, ...everything })
/** So many units of text, and how many were taken so far. */
const flowing = (unit: string, length: number): { readonly text: AsyncIterable<string>; readonly taken: () => number } => {
  const some = unit.repeat(Math.ceil(50_000 / unit.length))
  let taken = 0
  return { taken: () => taken, text: (async function* () { for (; taken < length; taken += some.length) yield some })() }
}

test.serial('texts that are made to be slow take time in proportion to their length', async (t) => {
  const a = (count: number): string => 'a'.repeat(count)
  const poison: readonly (readonly [unit: string, separator?: string])[] = [
    ['a', `${a(199)}b`], ['a', `b${a(199)}`], [`${a(150)}c`, `${a(100)}b${a(99)}`], ['ab', `${'ab'.repeat(99)}aa`], ['a', '(a+)+b'], ['\\', '\\\\'],
    ...['a', 'a@', 'a@b.', 'a.', '![', '![](', '![](http://', '![](http://x"', 'http://', ' ', '\n', '\n\n', '. ', '。', '<|', '\u00A0\t', '😀', '\u0301', '\u200D', '👩‍🚀', '\0', '\uD83D', '\r'].map((unit) => [unit, unit] as const),
  ]
  const cost = async (work: (length: number) => void | Promise<void>, length: number): Promise<number> => {
    const before = process.cpuUsage()
    await work(length)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const isLinear = async (name: string, work: (length: number) => void | Promise<void>): Promise<void> => {
    let [short, long] = [Infinity, Infinity]
    // What else goes on in this process is counted too, so the least of several is right; four times as long costs four times as much, or sixteen times.
    for (let tries = 0; tries < 8 && !(long <= 10 * short); tries += 1) {
      short = Math.min(short, await cost(work, 100_000))
      long = Math.min(long, await cost(work, 400_000))
    }
    t.true(long <= 10 * short, `${name}: ${long / short}`)
  }
  for (const [unit, separator = unit] of poison) for (const mode of ['automatic', 'custom'] as const) {
    await isLinear(`${mode}, ${JSON.stringify(unit)}`, async (length) => {
      for await (const { content } of chunker.split(flowing(unit, length).text, cutting(mode, separator))) if (content === '') t.fail()
    })
  }
  for (const unit of ['<', '<a ', '&', '<!--', '<p>x', '</b>', '<script>', '<pre> ', '&lt;', '<br>', '<td>', '<b></b>']) {
    await isLinear(unit, (length) => {
      try { htmlText(unit.repeat(length / unit.length)) } catch (error) { t.regex((error as Error).message, unit === '<a ' ? /more than 10000 attributes/ : /nested/) }
    })
  }
})

test.serial('a long text is cut as it comes, and others have their turns meanwhile', async (t) => {
  const paragraph = 'The heron stands in the shallow water, and does not move for an hour. Then the fish comes.\n\n'
  for (const [unit, mode] of [[paragraph, 'automatic'], [paragraph, 'custom'], ['x', 'automatic'], ['x', 'custom'], ['\n\n', 'custom']] as const) {
    const length = 6_000_000
    const flow = flowing(unit, length)
    let turns = 0
    let isDone = false
    const others = (): void => { turns += 1; if (!isDone) setImmediate(others) }
    setImmediate(others)
    let given = 0
    let held = 0
    for await (const { content } of chunker.split(flow.text, { ...cutting(mode, '\\n\\n'), segmentation: { separator: '\\n\\n', maxLength: 500, overlap: 0 } })) {
      given += content.length
      // Passages lose the blanks around them.
      held = Math.max(held, flow.taken() - given * (unit === paragraph && mode === 'custom' ? paragraph.length / (paragraph.length - 2) : 1))
    }
    isDone = true
    t.true(held < 1_500_000, `${mode}, ${JSON.stringify(unit)}: ${held} units`)
    t.true(turns > 80, `${mode}, ${JSON.stringify(unit)}: ${turns} turns`)
  }
})

test('the suite of chunkers takes a sound one, and catches what somebody could do wrong', async (t) => {
  t.deepEqual(await brokenLaws(chunkerContract, chunker), [])
  const all = async (given: AsyncIterable<string>): Promise<string> => { let whole = ''; for await (const one of given) whole += one; return whole }
  const of = (given: string): AsyncIterable<string> => (async function* () { yield given })()
  type Split = Chunker['split']
  const faults: Readonly<Record<string, readonly [law: string, split: Split]>> = {
    'cuts each piece by itself': ['the same text', async function* (given, rule) { for await (const one of given) yield* chunker.split(of(one), rule) }],
    'cleans each piece by itself': ['the same text', (given, rule) => chunker.split((async function* () { for await (const one of given) yield clean(one, rule) })(), rule)],
    'waits for all of the text': ['a long text', async function* (given, rule) { yield* chunker.split(of(await all(given)), rule) }],
    'keeps the text open': ['a long text', async function* (given, rule) { const held = given[Symbol.asyncIterator](); yield* chunker.split({ [Symbol.asyncIterator]: () => ({ next: () => held.next() }) }, rule) }],
    'ends where the text breaks': ['what goes', (given, rule) => chunker.split((async function* () { try { yield* given } catch { return } })(), rule)],
    'counts UTF-16 units': ['what fits', async function* (given, rule) {
      for await (const { content } of chunker.split(given, rule)) for (let at = 0; at < content.length; at += rule.segmentation.maxLength) yield { content: content.slice(at, at + rule.segmentation.maxLength) }
    }],
    'takes a length for bytes of some kind': ['no passage', (given, rule) => chunker.split(given, { ...rule, segmentation: { ...rule.segmentation, maxLength: 64 } })],
    'loses what is too long': ['without overlap', async function* (given, rule) { for await (const one of chunker.split(given, rule)) if (one.content.length < 59) yield one }],
    'gives blanks': ['passages are', async function* (given, rule) { yield* chunker.split(given, rule); yield { content: ' ' } }],
    'runs the separator': ['a custom', (given, rule) => chunker.split((async function* () { yield (await all(given)).replace(new RegExp(rule.segmentation.separator.replace(/^[($]|\\$/, ''), 'g'), rule.segmentation.separator) })(), rule)],
    'loses a child': ['each passage', async function* (given, rule) { for await (const { content, children } of chunker.split(given, rule)) yield children ? { content, children: children.slice(1) } : { content } }],
    'gives children that nobody asked for': ['each passage', (given, rule) => chunker.split(given, { children: { separator: '\n', maxLength: 20, overlap: 0 }, ...rule })],
    'cuts what should be whole': ['a whole', (given, rule) => chunker.split(given, rule.mode === 'whole' ? { ...rule, mode: 'custom' } : rule)],
    'takes a whole of any length': ['a whole', (given, rule) => chunker.split(given, rule.mode === 'whole' ? { ...rule, segmentation: { ...rule.segmentation, maxLength: 1e6 } } : rule)],
    'does not clean': ['what a', async function* (given, rule) { yield* split(await all(given), rule.segmentation, '').map((content) => ({ content })) }],
    'keeps addresses': ['addresses go', (given, rule) => chunker.split(given, { ...rule, removeUrlsEmails: false })],
  }
  for (const [name, [law, faulty]] of Object.entries(faults)) t.is((await brokenLaws(chunkerContract, { split: faulty }, {}, law)).length, 1, name)
  const named = new Set(Object.values(faults).flatMap(([law]) => Object.keys(chunkerContract.laws).filter((one) => one.startsWith(law))))
  t.deepEqual(Object.keys(chunkerContract.laws).filter((law) => !named.has(law)), [])
})
