import test from 'ava'
import fc from 'fast-check'
import { database, queue } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { newDataset, newDocument } from '../plugins/datasets/contracts/shelf.ts'
import { textIndexContract } from '../plugins/datasets/contracts/text-index.ts'
import { renewTextIndex } from '../plugins/datasets/jobs/renew-text-index.ts'
import { textIndex } from '../plugins/datasets/ports.ts'
import type { IndexedText, TextIndex } from '../plugins/datasets/ports.ts'
import { analyse, frequencies, soughtIn } from '../plugins/datasets/text/analysis.ts'
import { languageOf } from '../plugins/datasets/text/detect.ts'
import { chineseSet } from './bench/chinese.ts'
import { brokenLaws } from './support/broken-laws.ts'

testPort(test.serial, textIndexContract, { name: 'textIndex bm25' })

let app: TestApp
test.before(async () => { app = await testApp() })
test.after.always(() => app.close())

const filled = async (texts: readonly string[]) => {
  const dataset = await newDataset(app.resolve(database))
  const { id, segmentIds } = await newDocument(app.resolve(database), dataset, texts.length)
  await app.resolve(textIndex).write(dataset, texts.map((text, place) => ({ segmentId: segmentIds[place] as string, documentId: id, text })))
  const scope = { workspaceId: dataset.workspaceId, datasetIds: [dataset.id] }
  return { dataset, scope, documentId: id, segmentIds }
}
/** The place of what is found first for each question. */
const firsts = async (texts: readonly string[], questions: readonly string[]): Promise<number[]> => {
  const { scope, segmentIds } = await filled(texts)
  return Promise.all(questions.map(async (question) => segmentIds.indexOf((await app.resolve(textIndex).search(scope, question, 1))[0]?.segmentId ?? '')))
}

test.serial('each law catches a fault', async (t) => {
  const sound = app.resolve(textIndex)
  const written = (change: (entry: IndexedText) => IndexedText): TextIndex => ({ ...sound, write: (dataset, entries) => sound.write(dataset, entries.map(change)) })
  const searched = (search: TextIndex['search']): TextIndex => ({ ...sound, search })
  const faults: Readonly<Record<string, { law: string; subject: TextIndex }>> = {
    'ignores a filter': { law: 'searches only', subject: searched(({ workspaceId, datasetIds }, ...rest) => sound.search({ workspaceId, datasetIds }, ...rest)) },
    'takes an empty filter for none': { law: 'searches only', subject: searched(({ documentIds, ...scope }, ...rest) =>
      sound.search({ ...scope, ...documentIds?.length ? { documentIds } : {} }, ...rest)) },
    'filters after the limit': { law: 'searches only', subject: searched(async ({ documentIds, ...scope }, question, limit, also) => {
      const [all, some] = [await sound.search(scope, question, limit, also), documentIds && await sound.search({ ...scope, documentIds }, question, 100)]
      return all.filter(({ segmentId }) => !some || some.some((hit) => hit.segmentId === segmentId))
    }) },
    'lets a filter move scores': { law: 'searches only', subject: searched(async (scope, ...rest) =>
      (await sound.search(scope, ...rest)).map(({ segmentId, score }) => ({ segmentId, score: scope.documentIds ? score / 2 : score }))) },
    'knows no keywords': { law: 'finds a passage by its', subject: written(({ segmentId, documentId, text }) => ({ segmentId, documentId, text })) },
    'counts keywords twice': { law: 'finds a passage by its', subject: written(({ keywords = [], text, ...entry }) => ({ ...entry, text: [text, ...keywords].join('\n') })) },
    'stems nothing': { law: 'joins the forms', subject: { ...written((entry) => ({ ...entry, text: entry.text.replace(/\p{L}+/gu, (word) => `${word}q`) })),
      search: (scope, question, ...rest) => sound.search(scope, question.replace(/\p{L}+/gu, (word) => `${word}q`), ...rest) } },
    'asks in all forms at once': { law: 'joins the forms', subject: searched((scope, question, ...rest) =>
      sound.search(scope, `${question} ${question.replace(/\p{L}+/gu, (word) => `${word}x ${word}y ${word}z`)}`, ...rest)) },
    'finds the neighbours': { law: 'another dataset', subject: searched(async (scope, ...rest) => {
      const all = await app.resolve(database).query<{ id: string }>('SELECT id FROM datasets WHERE workspace_id = $1', [scope.workspaceId])
      return sound.search({ ...scope, datasetIds: all.map(({ id }) => id) }, ...rest)
    }) },
    'takes a question for a pattern': { law: 'takes any text', subject: searched(async (scope, question, ...rest) => {
      await app.resolve(database).query('SELECT $1::text ~ $2', ['', question])
      return sound.search(scope, question, ...rest)
    }) },
  }
  for (const [fault, { law, subject }] of Object.entries(faults)) {
    t.is((await brokenLaws(textIndexContract, subject, { db: app.resolve(database) }, law)).length, 1, fault)
  }
})

const termsOf = (text: string): string[] => [...frequencies(analyse(text).tokens).keys()]

test('text becomes terms: folded, without stop words, in pairs where no spaces are written', (t) => {
  t.deepEqual(termsOf('The FILTERS of the “ＺＸ-17” don’t fit, nor the company’s'), ['filter', 'zx', '17', 'fit', 'compani'])
  t.deepEqual(termsOf('数据库 at 東京タワー'), ['数据', '据库', '東京', 'タワ', 'ワー'])
  t.deepEqual(termsOf('猫 and Ёлка'), ['猫', 'елк'])
  t.deepEqual([...frequencies(analyse('wire wires WIRED').tokens)], [['wire', 3]])
  t.deepEqual(termsOf('Vitamin C, plan B'), ['vitamin', 'c', 'plan', 'b'])
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) =>
    [analyse(text).tokens.map(({ term }) => term), soughtIn(text, ['english', 'german']).flatMap(({ terms }) => terms)].every((terms) =>
      terms.every((term) => term !== '' && !/[\s\0]/.test(term) && [...term].length <= 70))))
})

test('a question has the words of its passages, in every language that is searched, and of each word all forms', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
    const { tokens, languages } = analyse(text)
    const sought = new Set(soughtIn(text, [...languages]).flatMap(({ terms }) => terms))
    return languages.size > 1 || tokens.every(({ term }) => sought.has(term))
  }))
  t.deepEqual(soughtIn('Was ist das Haus, das Haus der Familie?', ['english', 'german']).map(({ terms, times }) => [terms[0], times]), [['haus', 2], ['famili', 1]])
  t.deepEqual(soughtIn('Häuser', ['german', 'english']).map(({ terms }) => [...terms].sort()), [['haus', 'hauser']])
})

test('a text is known by its language, and what is none is taken for English', (t) => {
  for (const [language, text] of Object.entries({
    english: 'export const find = (a, b) => a.filter((x) => x.id !== b.id && !x.done)',
    german: 'Der Zug nach München fährt heute von einem anderen Gleis ab.', french: 'Le train pour Lyon partira ce soir avec un léger retard.',
    spanish: 'El tren con destino a Sevilla saldrá esta tarde desde otro andén.', italian: 'Il treno per Napoli è in ritardo di venti minuti a causa della neve.',
    portuguese: 'O comboio para o Porto não vai parar em todas as estações esta noite.', dutch: 'De trein naar Utrecht vertrekt vandaag van een ander spoor.',
    swedish: 'Tåget till Göteborg är inställt och ersätts av buss under kvällen.', turkish: 'Bu akşam Ankara için kalkacak olan tren daha sonra gelecek.',
    russian: 'Поезд до Москвы сегодня отправится с другого пути, потому что идёт ремонт.', ukrainian: 'Потяг до Києва сьогодні вирушить з іншої колії, бо триває ремонт.',
  })) t.is(language, languageOf(text))
})

test.serial('the forms of a word find each other', async (t) => {
  const sets: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['German', ['Die Bäcker verkaufen ihre Brote schon am frühen Morgen.', 'Die Ärztinnen untersuchten die Kinder in der Schule.', 'Unsere Gärten liegen hinter den alten Mauern der Stadt.'],
      ['Brot vom Bäcker', 'ein Kind wird untersucht', 'der Garten an der Mauer']],
    ['French', ['Les boulangers vendent leurs pains dès le matin.', 'Les infirmières examinaient les enfants malades à l’école.', 'Nos jardins se trouvent derrière les vieux murs de la ville.'],
      ['le pain du boulanger', 'une infirmiere examine un enfant', 'jardin derrière un mur']],
    ['Spanish', ['Los panaderos venden sus panes por la mañana.', 'Las enfermeras examinaron a los niños enfermos en la escuela.', 'Nuestros jardines están detrás de las murallas de la ciudad.'],
      ['un panadero', 'la enfermera examina a un niño', 'el jardin y la muralla']],
    ['Russian', ['Пекари продают свежие булки с самого утра.', 'Медсёстры осматривали больных детей в школе.', 'Наши сады находятся за старыми стенами города.'],
      ['свежая булка', 'осмотр в школах', 'сад за стеной']],
    ['Japanese', ['パン屋は朝早くから焼きたてのパンを売っている。', '看護師は学校で子供の健康を調べた。', '私たちの庭は古い城壁の裏にある。猫が住んでいる。'],
      ['パンを売ります', '健康を調べる', '猫はどこ']],
    ['Korean', ['빵집은 아침 일찍부터 갓 구운 빵을 판매한다.', '간호사가 학교에서 아이들의 건강을 검사했다.', '우리 정원은 오래된 성벽 뒤에 있다.'],
      ['빵은 언제 판매하나요', '건강 검사', '성벽 뒤의 정원']],
  ]
  for (const [language, texts, questions] of sets) t.deepEqual(await firsts(texts, questions), [0, 1, 2], language)
})

test.serial('of thirty Chinese documents the right one comes first for at least four questions of five', async (t) => {
  const asked = chineseSet.flatMap(({ questions }, place) => questions.map((question) => ({ question, place })))
  const found = await firsts(chineseSet.map(({ text }) => text), asked.map(({ question }) => question))
  t.is(chineseSet.length, 30)
  t.true(asked.filter(({ place }, index) => found[index] === place).length >= 0.8 * asked.length)
})

test.serial('a search that reads frequent words last finds and scores what one that reads everything does', async (t) => {
  const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliet', 'kilo', 'lima']
  // The word at place n stands in about one passage of n + 1.
  const texts = Array.from({ length: 400 }, (_, index) => words.filter((_word, place) => (index * 7919 + place * 104_729) % (place * place + 1) === 0).join(' ').repeat(1 + index % 3))
  const { scope, segmentIds } = await filled(texts)
  const find = app.resolve(textIndex).search
  await fc.assert(fc.asyncProperty(fc.subarray(words, { minLength: 1 }), fc.constantFrom(1, 3, 10), async (question, limit) => {
    const all = await find(scope, question.join(' '), texts.length)
    const hits = await find(scope, question.join(' '), limit, segmentIds.slice(0, 5))
    const scores = new Map(all.map(({ segmentId, score }) => [segmentId, score.toFixed(9)]))
    t.deepEqual(hits.map(({ score }) => score.toFixed(9)).slice(0, limit), all.map(({ score }) => score.toFixed(9)).slice(0, limit))
    for (const { segmentId, score } of hits) t.is(scores.get(segmentId), score.toFixed(9))
  }), { numRuns: 40 })
})

test.serial('what an earlier release has indexed is indexed anew, and a run that is interrupted goes on', async (t) => {
  const db = app.resolve(database)
  const { dataset, scope, documentId, segmentIds } = await filled(Array.from({ length: 250 }, () => 'obsolete'))
  await db.query(`UPDATE document_segments SET content = 'The herons ' || position, answer = 'oscillating', keywords = '{waders}' WHERE document_id = $1`, [documentId])
  await db.query('DELETE FROM document_segments WHERE id = $1', [segmentIds[0]])
  await db.query(`UPDATE text_index_datasets SET analysis = 1, languages = '{}' WHERE dataset_id = $1`, [dataset.id])
  const count = async (question: string) => (await app.resolve(textIndex).search(scope, question, 1000)).length
  await app.resolve(queue).enqueue(renewTextIndex, {})
  await app.runJobs()
  t.deepEqual([await count('heron'), await count('oscillation'), await count('wader'), await count('obsolete')], [249, 249, 249, 0])
  t.deepEqual(await db.query('SELECT analysis, languages FROM text_index_datasets WHERE dataset_id = $1', [dataset.id]), [{ analysis: 2, languages: ['english'] }])
})
