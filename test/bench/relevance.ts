/**
 * How good the ranking is: `npm run bench:relevance -- --data DIR`, where DIR has the folders `cranfield` and `cisi`. It starts a server on a
 * new database, indexes each collection through the `datasets` port (a document is a passage), asks all judged questions, and prints a table.
 */
import { parseArgs } from 'node:util'
import { database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import type { TestApp } from '../../core/testing.ts'
import { accounts } from '../../plugins/auth/ports.ts'
import { datasets } from '../../plugins/datasets/ports.ts'
import type { RetrievalSettings, SearchMethod } from '../../plugins/datasets/ports.ts'
import { judge, readCollections } from './collections.ts'
import type { Collection } from './collections.ts'

/** `--vectors pgvector` takes the other index, `--weights 0.5` gives the vectors another share. */
const { values: { data = '', vectors = 'exact', weights } } = parseArgs({
  options: { data: { type: 'string' }, vectors: { type: 'string' }, weights: { type: 'string' } },
})
const methods: readonly SearchMethod[] = ['full_text_search', 'semantic_search', 'hybrid_search']
const LONGEST = 20_000
/** Nothing in the collections is separated by it, so that no text is cut. */
const whole = { separator: '\n\n\n\n', maxLength: LONGEST, overlap: 0 }

const fill = async (app: TestApp, owner: { workspaceId: string; accountId: string }, { name, documents }: Collection): Promise<string> => {
  const port = app.resolve(datasets)
  const { id } = await port.create(owner, { name, indexingTechnique: 'high_quality' })
  const texts = [...documents].map(([document, text]) => ({ name: document, text }))
  for (let at = 0; at < texts.length; at += 100) await port.addTexts(owner, id, texts.slice(at, at + 100), whole)
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

const { found, absent } = await readCollections(data)
for (const name of absent) console.log(`SKIPPED ${name}: not in "${data}" (give the folder of the collections as --data DIR)`)
if (found.length > 0) {
  const app = await testApp({ config: { plugins: { datasets: { maxSegmentLength: LONGEST } }, adapters: { vectorIndex: { [vectors]: {} } } } })
  try {
    const owner = await app.resolve(accounts).setup({ email: 'bench@example.org', name: 'Bench', password: 'measure twice 42' })
    if (!owner) throw new Error('the new database is not empty')
    console.log(`${'collection'.padEnd(12)}${'method'.padEnd(18)}nDCG@10  recall@100  MAP    median ms  best score of a question: least, median, most`)
    for (const collection of found) {
      const id = await fill(app, owner, collection)
      for (const method of methods) {
        const vector = Number(weights)
        const settings: RetrievalSettings = { method, topK: 200, ...weights === undefined ? {} : { weights: { vector, text: 1 - vector } } }
        const rankings = new Map<string, string[]>()
        const [times, tops]: [number[], number[]] = [[], []]
        for (const [question, text] of collection.questions) {
          const begin = performance.now()
          const hits = await app.resolve(datasets).retrieve(owner.workspaceId, [id], text, settings)
          times.push(performance.now() - begin)
          tops.push(hits[0]?.score ?? 0)
          rankings.set(question, hits.map(({ documentName }) => documentName))
        }
        const { ndcg10, recall100, map } = judge(collection, rankings)
        const at = (list: number[], share: number): number => list.sort((a, b) => a - b)[Math.floor(share * (list.length - 1))] ?? 0
        console.log(
          `${collection.name.padEnd(12)}${method.padEnd(18)}${ndcg10.toFixed(4).padEnd(9)}${recall100.toFixed(4).padEnd(12)}${map.toFixed(4)} ` +
          `${at(times, 0.5).toFixed(0).padStart(9)}  ${[0, 0.5, 1].map((share) => at(tops, share).toFixed(3)).join(', ')}`)
      }
    }
  } finally { await app.close() }
}
