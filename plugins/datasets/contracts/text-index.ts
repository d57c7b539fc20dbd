/** The laws of `textIndex`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import { textIndex } from '../ports.ts'
import type { Hit, TextIndex } from '../ports.ts'
import { hidden, newDataset, newDocument } from './shelf.ts'
import type { ShelfDataset, ShelfDocument } from './shelf.ts'

const entriesOf = ({ id, segmentIds }: ShelfDocument, texts: readonly string[]) =>
  segmentIds.slice(0, texts.length).map((segmentId, index) => ({ segmentId, documentId: id, text: texts[index] as string }))
const scopeOf = (...datasets: readonly ShelfDataset[]) =>
  ({ workspaceId: datasets[0]?.workspaceId as string, datasetIds: datasets.map(({ id }) => id) })
const ids = (hits: readonly Hit[]): string[] => hits.map(({ segmentId }) => segmentId)
const refuse = (): never => { throw new Error('undone') }

const texts = [
  'The heron stands in the shallow water of the lake and waits for fish.',
  'Herons nest in high trees near a lake.',
  'A bicycle needs air in its tyres and oil on its chain.',
  'Oil the chain of your bicycle twice a year, and after rain.',
]
const indexed = async (db: Parameters<typeof newDataset>[0], subject: TextIndex, all: readonly string[] = texts) => {
  const dataset = await newDataset(db)
  const document = await newDocument(db, dataset, all.length)
  await subject.write(dataset, entriesOf(document, all))
  return { dataset, document, segmentIds: document.segmentIds }
}
/** What a search must not confuse: syntax, wildcards, nothing, too much. */
const strange = [
  "'; DROP TABLE x; --", '"', '\\', '\0', '$1 $$ %s', '& | ! <-> :*', '{}', '', ' ', '\n', '\ud800', 'x'.repeat(65_536), 'one two '.repeat(8_192),
]

export const textIndexContract = defineContract(textIndex, {
  uses: { db: database },
  laws: {
    'finds what has the words, best first, with scores in 0..1, and nothing else': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const hits = await subject.search(scopeOf(dataset), 'oil for a bicycle chain', 10)
      assert.deepEqual(new Set(ids(hits)), new Set([segmentIds[2], segmentIds[3]]))
      assert.ok(hits.every(({ score }, index) => score > 0 && score <= 1 && score <= (hits[index - 1]?.score ?? 1)))
      assert.deepEqual(await subject.search(scopeOf(dataset), 'quantum entanglement', 10), [])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'oil for a bicycle chain', 1)), ids(hits).slice(0, 1))
    },
    'a passage with all words of a question scores higher than one with some, whatever the rest of the dataset says': async (subject, { db }) => {
      const filler = Array.from({ length: 20 }, (_, index) => `filler ${index}`)
      const { dataset, segmentIds: [some, all] } = await indexed(db, subject, ['copper wire', 'copper kettle', ...filler])
      const [first, second, ...rest] = await subject.search(scopeOf(dataset), 'a copper kettle', 10)
      assert.deepEqual([first?.segmentId, second?.segmentId, rest], [all, some, []])
    },
    'a question none of whose other words are known scores lower than the same word alone': async (subject, { db }) => {
      const { dataset } = await indexed(db, subject)
      const [alone] = await subject.search(scopeOf(dataset), 'heron', 10)
      const [amongNonsense] = await subject.search(scopeOf(dataset), 'heron blorf quizzle wumpus', 10)
      assert.ok((amongNonsense?.score ?? 1) < (alone?.score ?? 0) / 1.5)
    },
    'takes words of any script': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject, [
        '数据库连接失败时请检查密码', 'Пароль базы данных', 'データベースの接続', 'كلمة المرور', '데이터베이스 연결', 'Das Paßwort der Datenbank',
      ])
      for (const [place, question] of ['数据库连接', 'пароль', 'データベース', 'المرور', '데이터베이스', 'PAßWORT'].entries()) {
        assert.equal(ids(await subject.search(scopeOf(dataset), question, 10))[0], segmentIds[place], question)
      }
    },
    'takes any text to write and any question, and mistakes none for syntax': async (subject, { db }) => {
      const { dataset, document } = await indexed(db, subject, [...strange, 'plain heron'])
      for (const question of strange) {
        assert.ok((await subject.search(scopeOf(dataset), question, 100)).every(({ score }) => score > 0 && score <= 1))
        assert.ok(ids(await subject.search(scopeOf(dataset), `${question} heron`, 100)).includes(document.segmentIds.at(-1) as string))
      }
    },
    'writing again replaces, and changes no score': async (subject, { db }) => {
      const { dataset, document, segmentIds } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), 'heron lake', 10)
      await subject.write(dataset, entriesOf(document, texts))
      await subject.write(dataset, [...entriesOf(document, texts), ...entriesOf(document, texts)])
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
      await subject.write(dataset, entriesOf(document, ['About something else: glaciers.']))
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'heron', 10)), [segmentIds[1]])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'glacier', 10)), [segmentIds[0]])
      await subject.write(dataset, entriesOf(document, texts))
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
      await subject.write(dataset, [])
    },
    'removes by segment, by document and all, and scores then as if it had never been there': async (subject, { db }) => {
      const { dataset } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), 'heron lake', 10)
      const other = await newDocument(db, dataset, 3)
      for (const what of [{ segmentIds: other.segmentIds }, { documentId: other.id }]) {
        await subject.write(dataset, entriesOf(other, ['heron heron', 'lake', 'swamp']))
        assert.notDeepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
        await subject.remove(dataset, what)
        assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
        await subject.remove(dataset, what)
      }
      await subject.remove(dataset, { segmentIds: [] })
      await subject.remove(dataset, 'all')
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), [])
      await subject.remove(dataset, 'all')
      await subject.write(dataset, entriesOf(other, ['heron']))
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'heron', 10)), [other.segmentIds[0]])
    },
    'searches only the documents that it is told, and scores them as it does among all': async (subject, { db }) => {
      const { dataset, document } = await indexed(db, subject)
      const others = [await newDocument(db, dataset, 1), await newDocument(db, dataset, 1)]
      for (const other of others) await subject.write(dataset, entriesOf(other, ['heron heron of the lake']))
      const all = await subject.search(scopeOf(dataset), 'heron lake', 10)
      const of = ({ segmentIds }: ShelfDocument) => all.filter(({ segmentId }) => segmentIds.includes(segmentId))
      // Whether few or many are named is no matter.
      for (const more of [[], Array.from({ length: 100 }, () => randomUUID())]) {
        const scope = { ...scopeOf(dataset), documentIds: [...more, document.id] }
        assert.deepEqual(await subject.search(scope, 'heron lake', 10), of(document))
        assert.deepEqual(await subject.search(scope, 'heron lake', 1), of(document).slice(0, 1))
        assert.deepEqual(await subject.search(scope, 'heron lake', 10, others[0]?.segmentIds), of(document))
        await hidden['a disabled document']?.(db, document, true)
        assert.deepEqual(await subject.search(scope, 'heron lake', 10), [])
        await hidden['a disabled document']?.(db, document, false)
      }
      assert.deepEqual(await subject.search({ ...scopeOf(dataset), documentIds: [] }, 'heron lake', 10), [])
      const elsewhere = await indexed(db, subject, ['heron lake'])
      assert.deepEqual(await subject.search({ ...scopeOf(dataset), documentIds: [elsewhere.document.id] }, 'heron lake', 10), [])
    },
    'finds a passage by its keywords, each as if it stood in the text once': async (subject, { db }) => {
      const { dataset, document, segmentIds: [first] } = await indexed(db, subject)
      const write = (text: string, keywords: readonly string[]) =>
        subject.write(dataset, [{ segmentId: first as string, documentId: document.id, text, keywords }])
      const found = () => subject.search(scopeOf(dataset), 'waders by a lake', 10)
      await write('A lake. Waders', [])
      const asText = await found()
      await write('A lake.', ['waders', 'Waders', 'the lake', 'lake'])
      assert.deepEqual(await found(), asText)
      await write('A lake.', strange)
      assert.ok(((await found())[0]?.score ?? 1) < (asText[0]?.score ?? 0))
      await write('A lake.', [])
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'waders', 10)), [])
    },
    'joins the forms of a word in each of the languages of what it searches, whether or not accents are written': async (subject, { db }) => {
      const passages = [
        'The queries were answered by the librarians before the reading rooms were closed for the night.',
        'Die Häuser am Ufer des Flusses wurden von ihren Besitzern vor dem Hochwasser geräumt und nicht wieder bezogen.',
        'Les élèves de cette école ont été reçus par le maire et lui ont posé des questions sur les chevaux de la ville.',
        'Las canciones que escribió el compositor para sus hijas no fueron publicadas hasta después de su muerte.',
        'В библиотеке есть книги, которые не выдаются на дом, их можно читать только в зале.',
      ]
      const asked: readonly (readonly [string, number])[] = [
        ['a query', 0], ['librarian', 0], ['ein Haus', 1], ['die Flüsse', 1], ['une élève', 2], ['eleve', 2], ['un cheval', 2],
        ['canción', 3], ['cancion', 3], ['книга', 4], ['библиотека', 4],
      ]
      const together = await indexed(db, subject, passages)
      for (const [question, place] of asked) {
        const alone = await indexed(db, subject, passages.slice(place, place + 1))
        for (const { dataset, segmentIds } of [together, { ...alone, segmentIds: Array.from(passages, () => alone.segmentIds[0]) }]) {
          const [first] = await subject.search(scopeOf(dataset), question, 10)
          assert.ok(first)
          assert.equal(first.segmentId, segmentIds[place], question)
          // However many forms a word may have, it is one word of the question.
          assert.ok(first.score <= 1 && first.score > 0.4, question)
        }
      }
    },
    'another dataset or workspace is not found, not removed, and moves no score': async (subject, { db }) => {
      const { dataset } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), 'heron lake', 10)
      const neighbour = await newDataset(db, dataset.workspaceId)
      const stranger = await newDataset(db)
      for (const other of [neighbour, stranger]) {
        await subject.write(other, entriesOf(await newDocument(db, other, 2), ['heron lake', 'lake lake']))
      }
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
      assert.deepEqual(await subject.search({ workspaceId: stranger.workspaceId, datasetIds: [dataset.id] }, 'heron', 10), [])
      assert.deepEqual(await subject.search({ workspaceId: dataset.workspaceId, datasetIds: [dataset.id, stranger.id] }, 'heron lake', 10), before)
      for (const wrong of [neighbour, stranger, { workspaceId: stranger.workspaceId, id: dataset.id }]) {
        await subject.remove(wrong, { segmentIds: ids(before) })
        await subject.remove(wrong, 'all')
      }
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
      assert.deepEqual(await subject.search({ ...scopeOf(dataset), datasetIds: [] }, 'heron', 10), [])
    },
    'over several datasets scores as over one that has it all': async (subject, { db }) => {
      const one = await indexed(db, subject)
      const first = await indexed(db, subject, texts.slice(0, 2))
      const second = await newDataset(db, first.dataset.workspaceId)
      await subject.write(second, entriesOf(await newDocument(db, second, 2), texts.slice(2)))
      const scores = async (...datasets: ShelfDataset[]) =>
        (await subject.search(scopeOf(...datasets), 'oil near a lake', 10)).map(({ score }) => score.toFixed(9))
      assert.deepEqual(await scores(first.dataset, second), await scores(one.dataset))
    },
    'passes over what is disabled, archived or unfinished, and still gives as many as were asked for': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const better = await newDocument(db, dataset, 1)
      const good = await newDocument(db, dataset, 30)
      await subject.write(dataset, entriesOf(better, ['heron']))
      await subject.write(dataset, entriesOf(good, good.segmentIds.map((_, index) => `heron ${'word '.repeat(index + 1)}`)))
      assert.equal(ids(await subject.search(scopeOf(dataset), 'heron', 5))[0], better.segmentIds[0])
      for (const [what, hide] of Object.entries(hidden)) {
        await hide(db, better, true)
        assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'heron', 5, better.segmentIds)), good.segmentIds.slice(0, 5), what)
        await hide(db, better, false)
      }
      await hidden['a disabled document']?.(db, good, true)
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'heron', 5)), better.segmentIds)
    },
    'scores what it is asked about beyond the best, as it would among them': async (subject, { db }) => {
      const { dataset, segmentIds } = await indexed(db, subject)
      const all = await subject.search(scopeOf(dataset), 'heron on a bicycle', 10)
      assert.equal(all.length, 4)
      const also = await subject.search(scopeOf(dataset), 'heron on a bicycle', 1, [...segmentIds, randomUUID()])
      const scores = (hits: readonly Hit[]) => new Map(hits.map(({ segmentId, score }) => [segmentId, score]))
      assert.deepEqual(scores(also), scores(all))
      const [, second] = all
      assert.deepEqual(scores(await subject.search(scopeOf(dataset), 'heron on a bicycle', 0, segmentIds)), scores(all), 'none but those')
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron on a bicycle', 0, [second?.segmentId ?? '']), [second], 'one of them')
      assert.deepEqual(await subject.search(scopeOf(dataset), 'glacier', 1, segmentIds), [])
    },
    'joins the transaction of its caller': async (subject, { db }) => {
      const { dataset, document } = await indexed(db, subject)
      const before = await subject.search(scopeOf(dataset), 'heron lake', 10)
      await assert.rejects(db.transaction(async () => { await subject.remove(dataset, 'all'); refuse() }))
      await assert.rejects(db.transaction(async () => { await subject.write(dataset, entriesOf(document, ['glacier', 'glacier'])); refuse() }))
      assert.deepEqual(await subject.search(scopeOf(dataset), 'heron lake', 10), before)
      await db.transaction(async () => {
        await subject.remove(dataset, 'all')
        await subject.write(dataset, entriesOf(document, ['glacier']))
      })
      assert.deepEqual(ids(await subject.search(scopeOf(dataset), 'glacier heron', 10)), [document.segmentIds[0]])
    },
    'two writers of one dataset disturb each other neither in other segments nor in the same': async (subject, { db }) => {
      const dataset = await newDataset(db)
      const [mine, shared] = [await newDocument(db, dataset, 20), await newDocument(db, dataset, 20)]
      const write = (document: ShelfDocument, word: string) =>
        subject.write(document.dataset, entriesOf(document, document.segmentIds.map((_, index) => `${word} number${index}`)))
      await Promise.all([write(mine, 'mine'), write(shared, 'shared'), write(shared, 'shared'), write(shared, 'shared')])
      assert.equal((await subject.search(scopeOf(dataset), 'mine', 100)).length, 20)
      assert.equal(new Set(ids(await subject.search(scopeOf(dataset), 'shared', 100))).size, 20)
      const [first] = await subject.search(scopeOf(dataset), 'number7', 10)
      const calm = await newDataset(db)
      await write(await newDocument(db, calm, 20), 'mine')
      await write(await newDocument(db, calm, 20), 'shared')
      assert.equal(first?.score.toFixed(9), (await subject.search(scopeOf(calm), 'number7', 10))[0]?.score.toFixed(9))
    },
    'names the words that a text is about': async (subject) => {
      const text = 'The bicycle chain. Oil the chain of the bicycle, and the chain again.'
      assert.deepEqual(new Set(subject.keywords(text, 2)), new Set(['chain', 'bicycle']))
      assert.equal(subject.keywords(texts.join(' '), 5).length, 5)
      for (const any of strange) assert.ok(subject.keywords(any, 10).length <= 10)
      assert.deepEqual(subject.keywords('', 10), [])
    },
  },
})
