/**
 * How good the ranking is: `npm run bench:relevance -- [--data DIR]`, where DIR has the folders `cranfield` and `cisi`. It starts a server on a
 * new database, indexes each collection twice (a text is a passage; a text is a parent with children of 200 characters at most), asks all
 * judged questions, and prints a table. Then it asks about thirty Chinese documents by their words.
 */
import { parseArgs } from 'node:util'
import { database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp } from '../../core/testing.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { datasets } from '../../plugins/datasets/ports.ts'
import type { RetrievalSettings, SearchMethod } from '../../plugins/datasets/ports.ts'
import type { DocumentSettings } from '../../plugins/datasets/schemas/document.ts'
import { datasetRecords } from '../../plugins/datasets/services/dataset-records.ts'
import { intake } from '../../plugins/datasets/services/intake.ts'
import { chineseSet } from './chinese.ts'
import { judge, readCollections } from './collections.ts'
import type { Collection } from './collections.ts'
import { rememberedEncoder } from './remembered.ts'

/**
 * Nearly all of the time goes into encoding: `--vectors DIR` keeps the vectors in a file there, by the hash of their texts, and later runs
 * read them. `--index pgvector` takes the other index, `--weights 0.5` gives the vectors another share, `--form plain` or `--form parent-child`
 * indexes each collection once, `--collection cisi` takes that one alone; `--limit 100` takes so many documents and questions of each, which is
 * for trying out: its figures mean nothing.
 */
const { values: { data = '', vectors, index = 'exact', weights, form: only, collection: onlyOf, limit } } = parseArgs({
  options: {
    data: { type: 'string' }, vectors: { type: 'string' }, index: { type: 'string' }, weights: { type: 'string' },
    form: { type: 'string' }, collection: { type: 'string' }, limit: { type: 'string' },
  },
})
const methods: readonly SearchMethod[] = ['full_text_search', 'semantic_search', 'hybrid_search']
const LONGEST = 20_000
/** A collection is one document: its passages, or its parents, are what stands between two of these. */
const BETWEEN = '\n\n\n\n'
const plain = { separator: BETWEEN, maxLength: LONGEST, overlap: 0 }
/** The sentences of a parent stand in lines, so that children end with them. */
const parentChild: DocumentSettings = { doc_form: 'hierarchical_model', process_rule: { mode: 'hierarchical', rules: {
  parent_mode: 'paragraph', pre_processing_rules: [], segmentation: { separator: BETWEEN, max_tokens: LONGEST },
  subchunk_segmentation: { separator: '\n', max_tokens: 200, chunk_overlap: 0 },
} } }
const inLines = (text: string): string => text.replaceAll('. ', '.\n')

interface Owner { readonly workspaceId: string; readonly accountId: string }
type Form = 'plain' | 'parent-child' | 'words'
/** The dataset, and which of the collection's documents a passage is. */
interface Filled { readonly id: string; readonly documentOf: ReadonlyMap<string, string> }

const fill = async (app: TestApp, owner: Owner, { name, documents }: Collection, form: Form): Promise<Filled> => {
  const port = app.resolve(datasets)
  const { id } = await port.create(owner, { name: `${name}, ${form}`, indexingTechnique: form === 'words' ? 'economy' : 'high_quality' })
  const texts = [...documents].slice(0, Number(limit ?? documents.size)).map(([document, text]) => [form === 'parent-child' ? inLines(text) : text, document] as const)
  const whole = [{ name, text: texts.map(([text]) => text).join(BETWEEN) }]
  if (form !== 'parent-child') await port.addTexts(owner, id, whole, plain)
  else await app.resolve(intake).texts(owner, await app.resolve(datasetRecords).find(owner.workspaceId, id), whole, { ...parentChild, duplicate: false })
  await app.runJobs()
  const [state] = await app.resolve(database).query<{ status: string; error: string | null; passages: number }>(
    `SELECT indexing_status AS status, error, (SELECT count(*)::integer FROM document_segments s WHERE s.document_id = d.id) AS passages
     FROM documents d WHERE dataset_id = $1`, [id])
  if (state?.status !== 'completed' || state.passages !== texts.length) throw new Error(`${name} could not be indexed: ${JSON.stringify(state)}`)
  return { id, documentOf: new Map(texts.toReversed()) }
}

const ask = async (app: TestApp, owner: Owner, collection: Collection, form: Form, methods: readonly SearchMethod[]): Promise<void> => {
  const { id, documentOf } = await fill(app, owner, collection, form)
  for (const method of methods) {
    const vector = Number(weights)
    const settings: RetrievalSettings = { method, topK: 200, ...weights === undefined ? {} : { weights: { vector, text: 1 - vector } } }
    const rankings = new Map<string, string[]>()
    const [times, tops]: [number[], number[]] = [[], []]
    for (const [question, text] of [...collection.questions].slice(0, Number(limit ?? collection.questions.size))) {
      const begin = performance.now()
      const hits = await app.resolve(datasets).retrieve(owner.workspaceId, [id], text, settings)
      times.push(performance.now() - begin)
      tops.push(hits[0]?.score ?? 0)
      rankings.set(question, hits.map(({ content }) => documentOf.get(content) ?? ''))
    }
    const { ndcg10, recall100, map } = judge(collection, rankings)
    const at = (list: number[], share: number): number => list.sort((a, b) => a - b)[Math.floor(share * (list.length - 1))] ?? 0
    const first = [...rankings].filter(([question, [best = '']]) => collection.relevant.get(question)?.has(best)).length / rankings.size
    console.log(
      `${collection.name.padEnd(12)}${form.padEnd(14)}${method.padEnd(18)}${ndcg10.toFixed(4).padEnd(9)}${recall100.toFixed(4).padEnd(12)}${map.toFixed(4).padEnd(8)}` +
      `${(100 * first).toFixed(0).padStart(5)} %${at(times, 0.5).toFixed(0).padStart(11)}  ${[0, 0.5, 1].map((share) => at(tops, share).toFixed(3)).join(', ')}`)
  }
}

const asked = chineseSet.flatMap(({ questions }, place) => questions.map((text, index) => ({ id: `${place}.${index}`, text, answer: String(place) })))
const chinese: Collection = {
  name: 'chinese',
  documents: new Map(chineseSet.map(({ text }, place) => [String(place), text])),
  questions: new Map(asked.map(({ id, text }) => [id, text])),
  relevant: new Map(asked.map(({ id, answer }) => [id, new Set([answer])])),
}

const { found, absent } = await readCollections(data)
for (const name of absent) console.log(`SKIPPED ${name}: not in "${data}" (give the folder of the collections as --data DIR)`)
const encoder = await rememberedEncoder(vectors)
const app = await testApp({
  fakes: { modelProvider: new Map([['local', encoder.provider]]) },
  config: { plugins: { datasets: { maxSegmentLength: LONGEST } }, adapters: { vectorIndex: { [index]: {} } } },
})
try {
  const owner = await app.resolve(accounts).setup({ email: 'bench@example.org', name: 'Bench', password: 'measure twice 42' })
  if (!owner) throw new Error('the new database is not empty')
  console.log(`${'collection'.padEnd(12)}${'form'.padEnd(14)}${'method'.padEnd(18)}nDCG@10  recall@100  MAP     first  median ms  best score of a question: least, median, most`)
  await ask(app, owner, chinese, 'words', ['full_text_search'])
  for (const collection of found.filter(({ name }) => name === (onlyOf ?? name))) {
    if (only !== 'parent-child') await ask(app, owner, collection, 'plain', methods)
    if (only !== 'plain') await ask(app, owner, collection, 'parent-child', ['semantic_search', 'hybrid_search'])
  }
  console.log(`${encoder.counts.encoded} texts were encoded, ${encoder.counts.remembered} vectors remembered`)
} finally {
  await app.close()
  await encoder.close()
}
