/** How a text is cleaned and cut: laws for all texts, examples for people, and time for texts that are made to take it. */
import test from 'ava'
import fc from 'fast-check'
import { clean } from '../plugins/datasets/chunking/clean.ts'
import { codePoints, splitAtBoundaries, splitAtSeparator } from '../plugins/datasets/chunking/split.ts'
import { htmlText } from '../plugins/datasets/extraction/html-text.ts'

const everything = { removeExtraSpaces: true, removeUrlsEmails: true }
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-zé]{1,12}$/u) }, { weight: 2, arbitrary: fc.constantFrom(' ', '. ', '。', '\n', '\n\n', '\t', '  ') },
  fc.constantFrom('🚀', '👩‍🚀', '夜里下了一场大雪', '.', '。。', 'x'.repeat(90)),
)
const text = fc.array(piece, { maxLength: 120 }).map((parts) => parts.join(''))
const segmentation = fc.record({ separator: fc.constantFrom('\n', '\\n\\n', ' ', '。', '###', 'é', '.*'), maxLength: fc.integer({ min: 50, max: 120 }), overlap: fc.nat(120) })
const split = { automatic: splitAtBoundaries, custom: splitAtSeparator }

for (const [mode, cut] of Object.entries(split)) {
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

test('examples', (t) => {
  const rule = (separator: string, maxLength = 50, overlap = 0) => ({ separator, maxLength, overlap })
  t.deepEqual(splitAtSeparator('a\nb\n\nc', rule('\\n')), ['a', 'b', 'c'])
  t.deepEqual(splitAtSeparator('一。二。三', rule('。')), ['一', '二', '三'])
  t.deepEqual(splitAtSeparator('a.b', rule('.*')), ['a.b'])
  t.deepEqual(splitAtSeparator('。a', rule('#')), ['a'])
  // What is too long for the separator is cut at sentences; the overlap is made of whole ones.
  const four = 'The first one is here. The second one is here. The third one is here. The fourth one is here.'
  t.deepEqual(splitAtBoundaries(four, rule('', 50, 25)), ['The first one is here. The second one is here.', 'The second one is here. The third one is here.', 'The third one is here. The fourth one is here.'])
  t.deepEqual(splitAtSeparator(`${four}\nshort`, rule('\n')), ['The first one is here. The second one is here.', 'The third one is here. The fourth one is here.', 'short'])
  t.deepEqual(splitAtBoundaries('🚀'.repeat(120), rule('', 50, 10)).map(codePoints), [50, 50, 40])
  t.deepEqual(splitAtBoundaries('word '.repeat(30), rule('', 50)).map((passage) => passage.length), [49, 49, 49])

  t.is(clean('<|system|>\0 naïve ¿qué? ¾\u0007\u007F\uFFFE\uD800\u0085x\r\ny', { removeExtraSpaces: false, removeUrlsEmails: false }), '<system> naïve ¿qué? ¾\uFFFD\nx\ny')
  t.is(clean('a\n\n\n\nb \u00A0 \u3000c\td', { removeExtraSpaces: true, removeUrlsEmails: false }), 'a\n\nb c\td')
  t.is(clean('see https://a.b/c?d=e, (http://x.y) ![photo](https://i.j/k.png) or ann.b+c@mail.example.org.', everything), 'see () ![image](https://i.j/k.png) or .')
  t.is(clean('3@ @b not@mail a@b', everything), '3@ @b not@mail a@b')

  t.is(htmlText('<title>A &amp; B</title><h1>One</h1><p>two <i>three</i>\n four<br>five</p><table><tr><td>1<td>2<tr><td>3</table><pre>  a\n b</pre><div hidden>no</div>'), 'A & B\n\nOne\n\ntwo three four\nfive\n\n1\t2\n3\n\n  a\n b')
  t.is(htmlText('<title>One</title><h1>One and more</h1>'), 'One and more')
  t.is(htmlText('<nav>x</nav><script>y</script><style>z</style><!-- c --><button>d</button>'), '')
  t.throws(() => htmlText('<div>'.repeat(501)), { message: /nested more than 500/ })
})

test('texts that are made to be slow are not', (t) => {
  const million = (unit: string): string => unit.repeat(Math.ceil(2e6 / unit.length))
  const poison = ['a', 'a@', 'a@b.', 'a.', '![', '![a](', 'http://', ' ', '\n', '<|', '\u00A0\t', '😀'].map(million)
  const began = Date.now()
  for (const one of poison) for (const cut of Object.values(split)) cut(clean(one, everything), { separator: 'aa', maxLength: 4000, overlap: 4000 })
  for (const unit of ['<', '<a ', '&', '<!--', '<p>x', '</b>', '<script>', '<pre> ', '&lt;', '<br>', '<td>', '<b></b>']) {
    try { htmlText(million(unit)) } catch (error) { t.regex((error as Error).message, /nested/) }
  }
  t.true(Date.now() - began < 30_000, `${Date.now() - began} ms`)
})
