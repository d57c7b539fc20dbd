/** From files to their text: what each kind of file gives, what is said of files that cannot be read, and that no file does harm. */
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import type { Contract } from '../core/index.ts'
import { testPort } from '../core/testing.ts'
import { extractors } from '../plugins/datasets/adapters/extractors.ts'
import type { DatasetsConfig } from '../plugins/datasets/config.ts'
import { extractorContract } from '../plugins/datasets/contracts/extractor.ts'
import { reading } from '../plugins/datasets/extraction/reading.ts'
import type { ExtractOptions, Extractor, Pair } from '../plugins/datasets/ports.ts'
import { brokenLaws } from './support/broken-laws.ts'
import * as bombs from './support/files/bombs.ts'
import { docx, docxParts, epub, epubParts, pptx, word, xlsx, xlsxParts, zipped } from './support/files/office.ts'
import { pageContent, pdf, pdfOf } from './support/files/pdf.ts'
import { knowledge } from './support/knowledge.ts'

testPort(test.serial, extractorContract as Contract)

// One set of readers for all tests but those of limits, so that threads are kept.
const made = (limits: Partial<DatasetsConfig> = {}) => {
  const config = { maxTextLength: 20_000_000, extractMs: 60_000, extractMb: 512, unpackedBytes: 200_000_000, ...limits } as DatasetsConfig
  const service = reading.create({ config })
  const all = extractors.map((adapter) => adapter.create({ reading: service }, {}) as Extractor)
  return { reader: (name: string) => all.find(({ extensions }) => extensions.includes(name.split('.').at(-1) ?? '')) as Extractor, close: () => reading.dispose?.(service) }
}
const usual = made()
test.after.always(() => usual.close())

const stream = (content: string | Buffer | Readable): Readable => content instanceof Readable ? content : Readable.from([Buffer.from(content)])
const joined = async (pieces: AsyncIterable<string>): Promise<string> => {
  let all = ''
  for await (const piece of pieces) all += piece
  return all.trim()
}
const read = (name: string, content: string | Buffer | Readable, { reader } = usual, more: Partial<ExtractOptions> = {}): Promise<string> =>
  joined(reader(name).extract(stream(content), { name, ...more }))
const pairs = async (name: string, content: string | Buffer): Promise<Pair[]> => {
  const found: Pair[] = []
  for await (const pair of (usual.reader(name).pairs as NonNullable<Extractor['pairs']>)(stream(content), { name })) found.push(pair)
  return found
}
const refused = (t: ExecutionContext, name: string, content: string | Buffer | Readable, message: RegExp) =>
  t.throwsAsync(read(name, content), { message }, name)

const paper = (extract: Extractor['extract'], more: Partial<Extractor> = {}): ReadonlyMap<string, Extractor> => new Map([['paper', { extensions: ['txt'], extract, ...more }]])
const plain: Extractor['extract'] = (file, options) => usual.reader('x.txt').extract(file, options)
test('the laws of extractors catch what breaks them', async (t) => {
  t.deepEqual(await brokenLaws(extractorContract, paper(plain)), [])
  const text = async (file: Readable): Promise<string> => Buffer.concat(await file.toArray() as Buffer[]).toString('latin1')
  const faults: Readonly<Record<string, { law: string; subject: ReadonlyMap<string, Extractor> }>> = {
    'an ending with a dot': { law: 'an extractor', subject: paper(plain, { extensions: ['.txt'] }) },
    'an error that says nothing': { law: 'whatever bytes', subject: paper(async function* (file) { yield await text(file); throw new Error('bad') }) },
    'a pair without an answer': { law: 'whatever bytes', subject: paper(plain, { pairs: async function* (file) { yield { question: await text(file) } as Pair } }) },
    'each piece decoded alone': { law: 'how a', subject: paper(async function* (file, { signal }) { for await (const chunk of file) { signal?.throwIfAborted(); yield (chunk as Buffer).toString() } }) },
    'half a text': { law: 'a file', subject: paper(async function* (file) { try { for await (const chunk of file) yield String(chunk) } catch { yield '' } }) },
    'a reason that is hidden': { law: 'a file', subject: paper(async function* (file) { yield await text(file).catch(() => { throw new Error('The file cannot be read. Send another one.') }) }) },
    'nobody listens to the signal': { law: 'an aborted', subject: paper(async function* (file) { yield await text(file) }) },
  }
  for (const [fault, { law, subject }] of Object.entries(faults)) t.is((await brokenLaws(extractorContract, subject, {}, law)).length, 1, fault)
})

test('text in whatever encoding it is', async (t) => {
  const texts: Readonly<Record<string, string>> = {
    utf8: 'Grüße, 你好 👋', 'utf-16le': 'wide, 你好', 'utf-16be': 'wide, 你好',
    'windows-1252': 'Grüße aus München: “smart” quotes — and a dash…', 'windows-1251': 'Привет, это короткий текст о собаках.', 'koi8-r': 'Привет, это короткий текст о собаках.',
    gb18030: '今天天气很好，我们去公园散步。', big5: '今天天氣很好，我們去公園散步。', shift_jis: '今日はとても良い天気です。公園へ行きましょう。', 'euc-jp': '今日はとても良い天気です。公園へ行きましょう。', 'euc-kr': '오늘은 날씨가 매우 좋습니다. 공원에 갑시다.',
  }
  for (const [encoding, text] of Object.entries(texts)) {
    t.is(await read('a.txt', iconv.encode(text, encoding, { addBOM: encoding.startsWith('utf') })), text, encoding)
    // After a megabyte of ASCII as well.
    if (!encoding.startsWith('utf-16')) t.is((await read('a.txt', Buffer.concat([Buffer.from('ascii '.repeat(200_000)), iconv.encode(text, encoding)]))).slice(1_200_000), text, encoding)
  }
  t.is(await read('a.txt', iconv.encode('Western text without a mark', 'utf-16be')), 'Western text without a mark')
  t.is(await read('a.txt', Buffer.from('caf\xE9', 'latin1')), 'café')
  t.is(await read('a.html', iconv.encode('<meta charset="iso-8859-2"><p>Zażółć gęślą jaźń', 'iso-8859-2')), 'Zażółć gęślą jaźń')
  await refused(t, 'a.txt', Buffer.concat([Buffer.from('你好，世界。'.repeat(20)), Buffer.from([0xFF]), Buffer.from('再见')]), /"a\.txt" is text in UTF-8 with 1 damaged/)
  await refused(t, 'a.txt', Buffer.concat([Buffer.from('你好，世界。'.repeat(20_000)), Buffer.from([0xFF]), Buffer.from('再见')]), /not text in UTF-8, though it begins like it; .* after byte 3\d{5}\. Save it as UTF-8/)
  await refused(t, 'a.txt', Buffer.from([0xEF, 0xBB, 0xBF, 0x61, 0xFF]), /not text in UTF-8/)
  await refused(t, 'a.txt', Buffer.alloc(5000), /full of NUL bytes/)
})

test('tables, captions, properties and JSON', async (t) => {
  const rows = 'name: Ann; age: 7\n\nname: Bo, the second; note: "quoted"'
  for (const delimiter of [',', ';', '\t', '|']) {
    t.is(await read('a.csv', `\uFEFFname,age,note\r\nAnn,7,\r\n\r\n"Bo, the second",,"""quoted"""\r\n`.replace(/,(?! )/g, delimiter)), rows, delimiter)
  }
  t.is(await read('a.csv', 'sep=;\na,x;b\n1;2'), 'a,x: 1; b: 2')
  t.is(await read('a.csv', 'only a heading,of two'), 'only a heading; of two')
  t.is(await read('a.csv', 'text\n"one\ntwo"'), 'text: one two')
  t.is(await read('a.csv', iconv.encode('姓名,喜欢什么\n王小明,今天天气很好，我们去公园散步\n李雷,在家看书', 'gb18030')), '姓名: 王小明; 喜欢什么: 今天天气很好，我们去公园散步\n\n姓名: 李雷; 喜欢什么: 在家看书')
  t.deepEqual(await pairs('a.csv', 'Question,Answer\nWhy?,"Because,\nyes"\n\nWho?,Me,more\n'), [{ question: 'Why?', answer: 'Because,\nyes' }, { question: 'Who?', answer: 'Me' }])
  t.deepEqual(await pairs('a.csv', '为什么？;因为'), [{ question: '为什么？', answer: '因为' }])
  await t.throwsAsync(pairs('a.csv', 'q,a\nWhy?,\n'), { message: /Row 2 of "a\.csv" has a question without an answer/ })
  t.deepEqual(await pairs('a.xlsx', xlsx({ one: [['问题', '答案'], ['Why?', 'So'], [1, 2]] })), [{ question: 'Why?', answer: 'So' }, { question: '1', answer: '2' }])

  t.is(await read('a.vtt', `WEBVTT - a talk

NOTE nobody
sees this

STYLE
::cue { color: red }

1
00:00:00.000 --> 00:00:02.000 align:start
<v Ann>Hello &amp; <i>welcome</i></v>

00:02.000 --> 00:04.000
<v Ann>to the <00:00:03.000>talk

00:04.000 --> 00:06.000
<v.loud Bo>Thanks
to all

00:06.000 --> 00:08.000
to all
who came`), 'Ann: Hello & welcome\nto the talk\n\nBo: Thanks\nto all\nwho came')
  t.is(await read('a.properties', '# a comment\ngreeting = Gr\\u00FC\\u00DFe\npath:c:\\\\temp\\\n   \\ and more\n! no\nkey\\ with\\=signs value\\twith tab\nempty=\n\nlast'),
    'greeting = Grüße\npath = c:\\temp and more\nkey with=signs = value\twith tab\nempty = \n\nlast =')
  t.is(await read('a.json', '{"a": {"b": [1, 12345678901234567890, {"c": "x\\n\\u00e9"}], "d": {}, "e": []}, "f": 1.50e+10, "g": true, "h": null}'),
    'a.b[0]: 1\na.b[1]: 12345678901234567890\na.b[2].c: x\né\na.d: {}\na.e: []\nf: 1.50e+10\ng: true\nh: null')
  t.is(await read('a.json', '[{"n": 1}, {"n": 2}]'), '[0].n: 1\n\n[1].n: 2')
  t.is(await read('a.jsonl', '{"q": "one", "n": 1}\n{"q": "two"}\r\n'), 'q: one\nn: 1\n\nq: two')
  for (const [wrong, why] of [['{"a": 1,}', /"}" stands where/], ['{"a": 1', /ends too early/], ['{\n"a": nul}', /"nul" is no value in line 2/], ['["a\nb"]', /goes on over the end/], ['{"a" 1}', /"1" stands where/], ['["\\x"]', /means nothing/], ['01', /no value/], ['[1 2]', /"2" stands where/]] as const) {
    await refused(t, 'a.json', wrong, why)
  }
  await refused(t, 'a.json', '['.repeat(100_000), /nested more than 200/)
})

test('JSON: for any value, every leaf has its line', async (t) => {
  const leaves = (value: unknown, path = ''): string[] => {
    const inner = Array.isArray(value) ? value.map((one, index) => [`${path}[${index}]`, one] as const)
      : value !== null && typeof value === 'object' ? Object.entries(value).map(([key, one]) => [path === '' ? key : `${path}.${key}`, one] as const) : undefined
    if (inner === undefined) return [path === '' ? String(value) : `${path}: ${String(value)}`]
    if (inner.length === 0) return path === '' ? [] : [`${path}: ${Array.isArray(value) ? '[]' : '{}'}`]
    return inner.flatMap(([at, one]) => leaves(one, at))
  }
  const key = fc.stringMatching(/^[a-zé]{1,5}$/u)
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(true, false, null, 0, -1.5, 1e21, 'x', 'two words', '"\\\t'), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true })),
  }))
  await fc.assert(fc.asyncProperty(value, fc.constantFrom(0, 2), fc.integer({ min: 1, max: 9 }), async (one, indent, size) => {
    const bytes = Buffer.from(JSON.stringify(one, null, indent))
    const text = await read('a.json', Readable.from((function* () { for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size) })()))
    return text.replace(/\n+/g, '\n') === leaves(one).join('\n').replace(/\n+/g, '\n').trim()
  }), { numRuns: 200 })
  t.pass()
})

test('pages, Word, Excel, PowerPoint, books and PDF', async (t) => {
  t.is(await read('a.html', '<title>T</title><h1>T</h1><ol start=3><li>c<li>d<ul><li>e</ul></ol><table><tr><th>A<th>B<tr><td><p>1</p><td><p>2</p><tr><td><td>3</table>after'),
    '# T\n\n3. c\n4. d\n\n  - e\n\nA | B\n1 | 2\n| 3\n\nafter')
  t.is(await read('a.docx', docx(word.heading('Title'), word.paragraph('Text & more'), word.heading('Part', 2), word.item('one'), word.item('two'), word.paragraph('then'), word.item('first', true), word.item('second', true), word.table([['Name', 'Age'], ['Ann', '7']]), word.paragraph('end'))),
    '# Title\n\nText & more\n\n## Part\n\n- one\n- two\n\nthen\n\n1. first\n2. second\n\nName | Age\nAnn | 7\n\nend')
  t.is(await read('a.xlsx', xlsx({ People: [['Name', 'Age', 'Born', 'ok'], ['Ann & Bo', 7, new Date('2020-01-02'), true], [null, 1.5, new Date('2020-01-02T10:30:00Z'), false], []], Other: [['only']] })),
    '# People\n\nName: Ann & Bo; Age: 7; Born: 2020-01-02; ok: true\n\nAge: 1.5; Born: 2020-01-02 10:30; ok: false\n\n# Other\n\nonly')
  t.is(await read('a.pptx', pptx([{ title: 'First', lines: ['a < b', 'c'], notes: 'say hello' }, { title: 'Second', lines: ['d'], table: [['H1', 'H2'], ['x', 'y'], ['z', '']] }])),
    '# First\n\na < b\nc\n\nNotes: say hello\n\n# Second\n\nd\n\nH1: x; H2: y\n\nH1: z')
  t.is(await read('a.epub', epub({ 'the end.xhtml': '<h1>One</h1><p>text</p>', 'b.xhtml': '<p>two &amp; three</p>' })), '# One\n\ntext\n\ntwo & three')
  t.is(await read('a.pdf', pdf(['Hello (PDF)', 'line two', '', 'second paragraph'], ['Page two'])), 'Hello (PDF)\nline two\n\nsecond paragraph\n\nPage two')
  t.is(await read('a.pdf', pdf([''])), '')
})

test('files that others made', async (t) => {
  const inPackages = async (name: string, content: RegExp | string): Promise<void> => {
    const text = await read(name, await readFile(`node_modules/${name}`))
    if (typeof content === 'string') t.is(text, content, name)
    else t.regex(text, content, name)
  }
  const inMammoth = (name: string, content: string): Promise<void> => inPackages(`mammoth/test/test-data/${name}.docx`, content)
  await inMammoth('single-paragraph', 'Walking on imported air')
  await inMammoth('simple-list', '- Apple\n- Banana')
  await inMammoth('tables', 'Above\n\nTop left | Top right\nBottom left | Bottom right\n\nBelow')
  await inMammoth('text-box', 'Datum plane')
  await inMammoth('strict-format', 'Test')
  await inMammoth('utf8-bom', 'This XML has a byte order mark.')
  await inMammoth('empty', '')
  await inMammoth('tiny-picture', '')
  await inPackages('mammoth/test/test-data/footnotes.docx', /^Ouch[^]*A tachyon walks into a bar\./)
  await inPackages('pino/index.html', /^# Pino - Super fast/)
  await inPackages('toposort-class/benchmark/results.csv', /simple dependency chains: slightly more complex chains/)
  for (const name of ['joi', 'sequelize', 'ioredis', 'htmlparser2']) {
    const readme = await readFile(`node_modules/${name}/README.md`, 'utf8')
    t.is(await read('readme.md', readme), readme.replace(/^\uFEFF/, '').trim(), name)
    const manifest = await readFile(`node_modules/${name}/package.json`, 'utf8')
    const { description, version } = JSON.parse(manifest) as { description: string; version: string }
    const text = await read('package.json', manifest)
    t.true(text.includes(`\ndescription: ${description}\n`) && text.includes(`version: ${version}\n`), name)
  }
})

test('what is said of files that are something else, locked or damaged', async (t) => {
  const [good, book] = [docx(word.paragraph('text')), xlsx({ one: [['a']] })]
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
  const ole = Buffer.concat([Buffer.from('D0CF11E0A1B11AE1', 'hex'), Buffer.alloc(2000)])
  await refused(t, 'a.pdf', good, /"a\.pdf" is not a PDF.* called \.docx\. Give it the ending/)
  await refused(t, 'a.pdf', 'just text', /"a\.pdf" is not a PDF .*damaged.*upload it again/)
  await refused(t, 'a.pdf', '', /"a\.pdf" is not a PDF .*: it is empty/)
  await refused(t, 'a.txt', png, /"a\.txt" is not text: .*image\/png, which is called \.png/)
  await refused(t, 'a.csv', book, /"a\.csv" is not text: .*xlsx/)
  await refused(t, 'a.md', pdf(['x']), /not text: .*application\/pdf/)
  await refused(t, 'a.txt', '{\\rtf1 x}', /Rich Text/)
  await refused(t, 'a.docx', book, /not a Word \(\.docx\) file: it is an Excel file \(\.xlsx\)/)
  await refused(t, 'a.epub', good, /not a EPUB \(\.epub\) file: it is a Word file|not an? EPUB/)
  await refused(t, 'a.pptx', zipped({ 'x.txt': Buffer.from('x') }), /not a PowerPoint.*: it is a ZIP archive/)
  await refused(t, 'a.docx', ole, /Office file of the kind before 2007/)
  await refused(t, 'a.docx', Buffer.concat([ole, Buffer.from('EncryptedPackage', 'utf16le')]), /protected with a password.*save it without one/)
  const standard = `/ID [<${'00'.repeat(16)}> <${'00'.repeat(16)}>] /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >> `
  await refused(t, 'a.pdf', pdfOf([pageContent(['secret'])], { trailer: standard }), /protected with a password/)
  const locked = Buffer.from(good)
  for (let at = locked.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = locked.indexOf('PK\x01\x02', at + 4, 'latin1')) locked.writeUInt16LE(1, at + 8)
  await refused(t, 'a.docx', locked, /protected with a password/)
  await refused(t, 'a.epub', zipped({ ...epubParts({ 'one.xhtml': 'x' }), 'META-INF/encryption.xml': '<encryption><CipherReference URI="OEBPS/text/one.xhtml"/></encryption>' }), /DRM/)
  for (const [name, file] of [['a.docx', good], ['a.xlsx', book], ['a.pdf', pdf(['text of a page'])]] as const) {
    await refused(t, name, file.subarray(0, Math.floor(file.length * 0.6)), /damaged.*upload it again|damaged/)
  }
  const spoiled = Buffer.from(good)
  const at = spoiled.indexOf('word/document.xml') + 20
  spoiled.fill(0xFF, at, at + 60)
  await refused(t, 'a.docx', spoiled, /damaged/)
  await refused(t, 'a.docx', zipped({ ...docxParts(''), 'word/document.xml': '<w:document><w:body>' }), /damaged/)
  t.is(await read('a.txt', 'BMW makes cars, MZ made motorcycles.'), 'BMW makes cars, MZ made motorcycles.')
})

test.serial('a text of 50 MB takes no memory that grows with it, and what does not end is ended', async (t) => {
  const line = Buffer.from('Ünïcode line of a long text, 你好. \n'.repeat(2000))
  const many = function* (bytes: number) { for (let sent = 0; sent < bytes; sent += line.length) yield line }
  const large = made({ maxTextLength: 100_000_000 })
  // What this thread holds on to; the process is shared with other tests.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = held()
  let [length, peak] = [0, 0]
  for (const [name, bytes] of [['a.txt', 50_000_000], ['a.html', 10_000_000], ['a.csv', 5_000_000]] as const) {
    for await (const piece of large.reader(name).extract(Readable.from(many(bytes)), { name })) {
      if (Math.floor(length / 2_000_000) < Math.floor((length += piece.length) / 2_000_000)) peak = Math.max(peak, held() - before)
    }
  }
  t.true(length > 40_000_000, `${length}`)
  t.true(peak < 20_000_000, `${peak}`)
  await refused(t, 'a.txt', Readable.from((function* () { for (;;) yield line })()), /more than 20000000 characters of text/)
  await refused(t, 'a.json', Readable.from((function* () { yield Buffer.from('"'); for (;;) yield Buffer.from('aaaa'.repeat(20_000)) })()), /more than 20000000 characters of text/)
  await refused(t, 'a.csv', Readable.from((function* () { yield Buffer.from('a,b\n1,"'); for (;;) yield Buffer.from('text, '.repeat(10_000)) })()), /a row of more than 1000000 characters.*quotation mark/)
  await t.throwsAsync(read('a.pdf', Readable.from((function* () { for (;;) yield line })()), made({ unpackedBytes: 5_000_000 })), { message: /more than 5000000 bytes/ })
})

/** Reads it while the loop of events is watched: how it ended, and what it took. */
const watched = async (t: ExecutionContext, what: string, work: Promise<string>): Promise<string> => {
  const before = process.memoryUsage().rss
  let [peak, longest, last] = [0, 0, Date.now()]
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss - before)
    longest = Math.max(longest, Date.now() - last)
    last = Date.now()
  }, 10)
  const outcome = await work.catch((error: unknown) => `error: ${(error as Error).message}`)
  clearInterval(timer)
  t.true(peak < 500_000_000, `${what} takes ${peak} bytes`)
  // A busy machine is slow; unpacking or parsing these files here would take the loop for several seconds.
  t.true(longest < 2500, `${what} keeps others waiting for ${longest} ms`)
  return outcome
}

test.serial('no packed file does harm', async (t) => {
  const strict = made({ unpackedBytes: 5_000_000, extractMb: 64, extractMs: 20_000 })
  const outcome = (name: string, what: string, content: Buffer): Promise<string> => watched(t, `${name}, ${what}`, read(name, content, strict))
  for (const kind of ['docx', 'xlsx', 'pptx', 'epub'] as const) {
    const name = `a.${kind}`
    t.regex(await outcome(name, 'flat', bombs.flat(kind, 20_000_000)), /^error: "a\.\w+" would have more than 5000000 bytes once it is unpacked\. Split it/)
    t.regex(await outcome(name, 'lying', bombs.lying(kind, 20_000_000)), /^error: .*damaged: a part of it is larger than it says/)
    t.regex(await outcome(name, 'many parts', bombs.manyParts(kind, 12_000)), /^error: .*consists of 120\d\d parts; 10000 at most are read/)
    t.regex(await outcome(name, 'nested', bombs.nested(kind)), /^(#? ?a)?$/)
    t.regex(await outcome(name, 'overlapping', bombs.overlapping(kind, 1_000_000, 9000)), kind === 'docx' || kind === 'xlsx' ? /would have more than 5000000 bytes/ : /^(# )?a$/)
    t.notRegex(await outcome(name, 'laughs', bombs.packedWith(kind, bombs.laughs('x'))), /lol.{0,9}lol/)
    t.regex(await outcome(name, 'deep', bombs.packedWith(kind, bombs.deepXml(50_000))), kind === 'xlsx' ? /^error: / : /^error: .*(nested|takes more than)/)
  }
  t.regex(await outcome('a.xlsx', 'a cell far away', bombs.packedWith('xlsx', '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>')), /^1$|^error: .*takes more than/)
  await strict.close()
})

/** A sheet each of whose cells is the one text that the file has. */
const oneTextInManyCells = (length: number, rows: number, columns: number): Buffer => zipped({
  ...xlsxParts({ a: `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${
    Array.from({ length: rows }, (_, row) => `<row r="${row + 1}">${
      Array.from({ length: columns }, (_, column) => `<c r="${String.fromCharCode(65 + column)}${row + 1}" t="s"><v>0</v></c>`).join('')}</row>`).join('')}</sheetData></worksheet>` }),
  'xl/sharedStrings.xml': `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>${'x'.repeat(length)}</t></si></sst>`,
})

test.serial('little is not made into much, and no line holds others up', async (t) => {
  // The first row names the columns, so that every row after it repeats its text.
  t.regex(await watched(t, 'a shared text', read('a.xlsx', oneTextInManyCells(1_000_000, 200, 20))), /^error: .*(a row of more than 10000000 characters|more than 20000000 characters)/)
  const long = JSON.stringify({ ['n'.repeat(16_000)]: Array.from({ length: 30_000 }, () => 1) })
  t.regex(await watched(t, 'a long name', read('a.json', long)), /^error: .*long names/)
  t.regex(await watched(t, 'a voice', read('a.vtt', `WEBVTT\n\n00:00.000 --> 00:01.000\n<v${' '.repeat(1_000_000)}`)), /^error: .*a line of more than 100000 characters/)
  t.is(await watched(t, 'a short voice', read('a.vtt', `WEBVTT\n\n00:00.000 --> 00:01.000\n<v${' '.repeat(90_000)}`)), '<v')
  t.regex(await watched(t, 'an entry', read('a.properties', `${'\\'.repeat(1_000_000)}x`)), /^error: .*an entry of more than 500000 characters/)
  t.is((await watched(t, 'a long entry', read('a.properties', `a=${'\\'.repeat(400_000)}x`))).length, 200_000 + 'a = x'.length)
  t.regex(await watched(t, 'attributes', read('a.html', `<p ${Array.from({ length: 500_000 }, (_, index) => `a${index}`).join(' ')}>text</p>`)), /text|^error: /)
})

test.serial('no PDF does harm, and none that takes long goes on', async (t) => {
  const strict = made({ extractMb: 64, extractMs: 20_000 })
  const outcome = (what: string, content: Buffer): Promise<string> => watched(t, what, read('a.pdf', content, strict))
  t.regex(await outcome('a stream', bombs.pdfBomb(150_000_000, 1)), /^error: "a\.pdf" takes more than (64 MB of memory|20 seconds)/)
  t.regex(await outcome('packed twice', bombs.pdfBomb(150_000_000, 2)), /^error: "a\.pdf" takes more than/)
  t.regex(await outcome('runs', bombs.pdfRuns(150_000_000)), /^error: "a\.pdf" takes more than/)
  t.is(await outcome('a tree of pages that ends in itself', bombs.pdfPages()), '')
  const content = pageContent(['x'])
  t.regex(await outcome('many pages', pdfOf(Array.from({ length: 5001 }, () => content))), /has 5001 pages; 5000 at most are read/)
  t.regex(await watched(t, 'slow', read('a.pdf', pdfOf(Array.from({ length: 5000 }, () => content)), made({ extractMs: 100 }))), /^error: "a\.pdf" takes more than 0\.1 seconds to read\. Split it/)
  const controller = new AbortController()
  const aborted = read('a.pdf', bombs.pdfBomb(150_000_000, 1), strict, { signal: controller.signal })
  setTimeout(() => { controller.abort(new Error('stopping')) }, 300)
  await t.throwsAsync(aborted, { message: /stopping|abort/ })
  // What is not taken takes no time.
  const pieces = made({ extractMs: 5000 }).reader('a.pdf').extract(stream(pdf(['one'], ['two'], ['three'])), { name: 'a.pdf' })[Symbol.asyncIterator]()
  await pieces.next()
  await sleep(5100)
  t.deepEqual(await pieces.next(), { value: 'two\n\n', done: false })
  await pieces.return?.()
  await strict.close()
})

test.serial('over HTTP: files become segments; while bombs are read, others are served and indexed', async (t) => {
  // Made before the server is there: it takes long, and is not what is measured.
  const files = [
    ['bomb.pdf', bombs.pdfBomb(150_000_000, 1)], ['bomb.docx', bombs.lying('docx', 20_000_000)], ['flat.xlsx', bombs.flat('xlsx', 20_000_000)],
    ['deep.epub', bombs.packedWith('epub', bombs.deepXml(50_000))],
  ] as const
  const { app, api, newDataset, addFile, contents } = await knowledge({ config: { plugins: { datasets: { unpackedBytes: 5_000_000, extractMb: 64, extractMs: 20_000 } } } })
  t.teardown(() => app.close())
  const dataset = await newDataset()
  const add = async (name: string, content: string | Buffer): Promise<string> => {
    const { status, body } = await addFile(dataset, name, content)
    t.is(status, 200, JSON.stringify(body))
    const [state] = await api.indexed(dataset.id, body.batch, 120_000)
    return state?.error ?? (await contents(dataset, body.document.id)).join('\n\n')
  }
  t.is(await add('a.docx', docx(word.heading('Title'), word.paragraph('A paragraph.'))), '# Title\n\nA paragraph.')
  t.is(await add('a.csv', 'name;age\nAnn;7\nBo;8'), 'name: Ann; age: 7\n\nname: Bo; age: 8')
  t.is(await add('a.pdf', pdf(['From a page.'])), 'From a page.')
  t.is(await add('a.json', '{"a": [1, 2]}'), 'a[0]: 1\na[1]: 2')
  t.regex(await add('picture.pdf', pdf([''])), /There is no text in this document/)
  const old = await addFile(dataset, 'old.xls', 'x')
  t.is(old.status, 400)
  t.is(old.body.message, 'Files of the type "xls" cannot be read. Save it as .xlsx and send that.')

  const over = new AbortController()
  const waits: number[] = []
  const asking = (async () => {
    while (!over.signal.aborted) {
      const began = Date.now()
      t.is((await app.fetch('/healthz')).status, 200)
      waits.push(Date.now() - began)
      await sleep(20)
    }
  })()
  const harmful = Promise.all(files.map(([name, content]) => add(name, content)))
  t.is(await add('meanwhile.txt', 'Something harmless.'), 'Something harmless.')
  const messages = await harmful
  over.abort()
  await asking
  t.regex(messages[0] ?? '', /"bomb\.pdf" takes more than/)
  t.regex(messages[1] ?? '', /"bomb\.docx" is damaged/)
  t.regex(messages[2] ?? '', /"flat\.xlsx" would have more than 5000000 bytes/)
  t.regex(messages[3] ?? '', /nested more than 500 elements/)
  t.true(Math.max(...waits) < 2500, `/healthz took ${Math.max(...waits)} ms`)
})
