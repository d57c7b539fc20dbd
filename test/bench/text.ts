/**
 * How fast the text index is: `npm run bench:text -- [--passages N] [--datasets N] [--questions N]`. On a new database it writes
 * passages of 60 words whose frequencies follow Zipf's law, and asks questions of 250 characters.
 */
import { parseArgs } from 'node:util'
import { database } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import { newDataset, newDocument } from '../../plugins/datasets/contracts/shelf.ts'
import { textIndex } from '../../plugins/datasets/ports.ts'
import { random } from '../faults/random.ts'
import { anyRank } from './zipf.ts'

const { values } = parseArgs({ options: {
  passages: { type: 'string', default: '100000' }, datasets: { type: 'string', default: '1' }, questions: { type: 'string', default: '200' },
} })
const [passages, shares, questions] = [Number(values.passages), Number(values.datasets), Number(values.questions)]
const [WORDS, DOCUMENT] = [60, 500]
const dice = random(7)
/** None of them is a stop word, so that each is looked up. */
const word = (): string => [...anyRank(dice).toString(20).padStart(4, '0')].map((digit) => 'bcdfghjklmnpqrtvwxyz'[Number.parseInt(digit, 20)]).join('o')
const sentence = (): string => Array.from({ length: WORDS }, word).join(' ')
const percentile = (times: number[], share: number): string => (times.sort((a, b) => a - b)[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1)

const app = await testApp()
try {
  const [db, index] = [app.resolve(database), app.resolve(textIndex)]
  const first = await newDataset(db)
  const datasets = [first]
  while (datasets.length < shares) datasets.push(await newDataset(db, first.workspaceId))
  const samples: string[] = []
  let spent = 0
  for (let written = 0; written < passages; written += DOCUMENT) {
    const dataset = datasets[written / DOCUMENT % shares] ?? first
    const { id, segmentIds } = await newDocument(db, dataset, DOCUMENT)
    const entries = segmentIds.map((segmentId) => ({ segmentId, documentId: id, text: sentence() }))
    samples.push(entries[0]?.text ?? '')
    const begin = performance.now()
    await index.write(dataset, entries)
    spent += performance.now() - begin
  }
  console.log(`${passages} passages in ${shares} datasets written in ${(spent / 1000).toFixed(1)} s, ${(passages / spent * 1000).toFixed(0)} a second`)
  const scope = { workspaceId: first.workspaceId, datasetIds: datasets.map(({ id }) => id) }
  const ask = async (what: string, question: () => string, documentIds?: readonly string[]): Promise<void> => {
    const times: number[] = []
    for (let asked = 0; asked < questions; asked += 1) {
      const text = question()
      const begin = performance.now()
      await index.search({ ...scope, ...documentIds ? { documentIds } : {} }, text, 50)
      times.push(performance.now() - begin)
    }
    console.log(`${what.padEnd(40)} p50 ${percentile(times, 0.5)} ms, p95 ${percentile(times, 0.95)} ms, most ${percentile(times, 1)} ms`)
  }
  const anything = () => sentence().slice(0, 250)
  const about = () => `${dice.pick(samples).slice(0, 120)} ${sentence()}`.slice(0, 250)
  for (const state of ['as written', 'after VACUUM ANALYZE']) {
    if (state !== 'as written') await db.query('VACUUM ANALYZE text_index_terms, text_index_segments, text_index_sizes, text_index_datasets, document_segments, documents')
    await ask(`${state}: words at random`, anything)
    await ask(`${state}: half of a passage`, about)
    const [document] = await db.query<{ id: string }>('SELECT id FROM documents LIMIT 1')
    await ask(`${state}: in one document`, about, [document?.id ?? ''])
  }
} finally { await app.close() }
