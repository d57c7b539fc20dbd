/**
 * How good the ranking is: `npm run bench:relevance -- [--data DIR]`, where DIR has the folders `cranfield` and `cisi`. It starts a server on a
 * new database, indexes each collection twice (a document is a passage; a document is a parent with children of 200 characters), asks all
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

/**
 * `--vectors pgvector` takes the other index, `--weights 0.5` gives the vectors another share, `--form plain` or `--form parent-child`
 * indexes each collection once; `--limit 100` takes so many documents and questions of each, which is for trying out: its figures mean nothing.
 */
const { values: { data = '', vectors = 'exact', weights, form: only, limit } } = parseArgs({
  options: { data: { type: 'string' }, vectors: { type: 'string' }, weights: { type: 'string' }, form: { type: 'string' }, limit: { type: 'string' } },
})
const methods: readonly SearchMethod[] = ['full_text_search', 'semantic_search', 'hybrid_search']
const LONGEST = 20_000
/** Nothing in the collections is separated by it, so that no text is cut. */
const whole = { separator: '\n\n\n\n', maxLength: LONGEST, overlap: 0 }

interface Owner { readonly workspaceId: string; readonly accountId: string }
type Form = 'plain' | 'parent-child' | 'words'
/** The parent is the whole document; its sentences stand in lines, so that children end with them. */
const parentChild: DocumentSettings = { doc_form: 'hierarchical_model', process_rule: { mode: 'hierarchical', rules: {
  parent_mode: 'full-doc', pre_processing_rules: [], segmentation: { separator: '\n\n', max_tokens: 4000 },
  subchunk_segmentation: { separator: '\n', max_tokens: 200, chunk_overlap: 0 },
} } }

const fill = async (app: TestApp, owner: Owner, { name, documents }: Collection, form: Form): Promise<string> => {
  const port = app.resolve(datasets)
  const { id } = await port.create(owner, { name: `${name}, ${form}`, indexingTechnique: form === 'words' ? 'economy' : 'high_quality' })
  const texts = [...documents].map(([document, text]) => ({ name: document, text })).slice(0, Number(limit ?? documents.size))
  for (let at = 0; at < texts.length; at += 100) {
    const some = texts.slice(at, at + 100)
    if (form !== 'parent-child') await port.addTexts(owner, id, some, whole)
    else {
      const inLines = some.map(({ name, text }) => ({ name, text: text.replaceAll('. ', '.\n') }))
      await app.resolve(intake).texts(owner, await app.resolve(datasetRecords).find(owner.workspaceId, id), inLines, { ...parentChild, duplicate: false })
    }
  }
  const states = () => app.resolve(database).query<{ indexing_status: string; count: number }>(
    'SELECT indexing_status, count(*)::integer AS count FROM documents WHERE dataset_id = $1 GROUP BY indexing_status', [id])
  for (let left = texts.length; left > 0;) {
    await new Promise((done) => setTimeout(done, 1_000))
    const counts = new Map((await states()).map(({ indexing_status, count }) => [indexing_status, count]))
    if (counts.has('error')) throw new Error(`${counts.get('error') ?? 0} documents of ${name} could not be indexed`)
    left = texts.length - (counts.get('completed') ?? 0)
    process.stderr.write(`\r${name}: ${texts.length - left} of ${texts.length} documents indexed `)
  }
  process.stderr.write('\n')
  return id
}

const ask = async (app: TestApp, owner: Owner, collection: Collection, form: Form, methods: readonly SearchMethod[]): Promise<void> => {
  const id = await fill(app, owner, collection, form)
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
      rankings.set(question, hits.map(({ documentName }) => documentName))
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
const app = await testApp({ config: { plugins: { datasets: { maxSegmentLength: LONGEST } }, adapters: { vectorIndex: { [vectors]: {} } } } })
try {
  const owner = await app.resolve(accounts).setup({ email: 'bench@example.org', name: 'Bench', password: 'measure twice 42' })
  if (!owner) throw new Error('the new database is not empty')
  console.log(`${'collection'.padEnd(12)}${'form'.padEnd(14)}${'method'.padEnd(18)}nDCG@10  recall@100  MAP     first  median ms  best score of a question: least, median, most`)
  await ask(app, owner, chinese, 'words', ['full_text_search'])
  for (const collection of found) {
    if (only !== 'parent-child') await ask(app, owner, collection, 'plain', methods)
    if (only !== 'plain') await ask(app, owner, collection, 'parent-child', ['semantic_search', 'hybrid_search'])
  }
} finally { await app.close() }
