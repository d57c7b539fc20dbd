/** Questions and answers that a model makes of ordinary texts: the same ones whatever is interrupted, and no passage is paid for twice. */
import test from 'ava'
import { database, HttpError } from '../core/index.ts'
import { pairsIn } from '../plugins/datasets/chunking/pairs.ts'
import { ahead } from '../plugins/datasets/chunking/ahead.ts'
import type { DocumentRow } from '../plugins/datasets/models/document.ts'
import { estimates } from '../plugins/datasets/services/estimates.ts'
import { indexing } from '../plugins/datasets/services/indexing.ts'
import type { GenerateRequest } from '../plugins/models/ports.ts'
import { automatic, bySeparator, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'
import { lastQuestion, textOf, toyLlm } from './support/toy-llm.ts'

const llm = toyLlm()
let known: Knowledge
// No worker: the tests themselves run what is enqueued, slice by slice.
test.before(async () => { known = await knowledge({ only: ['web'], fakes: { modelProvider: new Map([['toy', llm.provider]]) }, config: { plugins: { datasets: { sliceMs: 10, storeSize: 2 } } } }) })
test.after.always(() => known.app.close())

const about = (request: GenerateRequest): string => /\w+/.exec(lastQuestion(request))?.[0] ?? ''
const twoPairs = (request: GenerateRequest): string => `Here they are.\n\n**Q1:** What is ${about(request)}?\n**A1:** It is ${about(request)},\nas ever.\nQ2: And why ${about(request)}?\nA2: Because.`
test.beforeEach(() => { llm.asked.length = 0; llm.answer = twoPairs })

const qa = { indexing_technique: 'high_quality', doc_form: 'qa_model', doc_language: 'French' }
interface Task { workspace_id: string; document_id: string; generation: number }
const newTask = async (text: string, more: object = {}): Promise<Task & { dataset: { id: string } }> => {
  const dataset = await known.newDataset({ indexing_technique: 'high_quality' })
  const { status, body } = await known.addText(dataset, 'paper', text, { ...qa, process_rule: bySeparator('\n'), ...more })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return { workspace_id: known.owner.workspaceId, document_id: body.document.id, generation: 1, dataset }
}
const step = ({ workspace_id, document_id, generation }: Task, signal = new AbortController().signal): Promise<boolean> => known.app.resolve(indexing).run({ workspace_id, document_id, generation }, signal)
const run = async (task: Task): Promise<void> => { while (await step(task)); }
const pairs = async ({ dataset, document_id }: Task & { dataset: { id: string } }): Promise<string[][]> =>
  (await known.segmentsOf(dataset, document_id, '?limit=100')).data.map((one: any) => [one.content, one.answer])
const kept = async ({ document_id }: Pick<Task, 'document_id'>): Promise<number> =>
  (await known.app.resolve(database).query<{ count: number }>('SELECT count(*)::int AS count FROM document_model_pairs WHERE document_id = $1', [document_id]))[0]?.count ?? -1
const madeOf = (...words: string[]): string[][] => words.flatMap((word) => [[`What is ${word}?`, `It is ${word},\nas ever.`], [`And why ${word}?`, 'Because.']])

test.serial('each passage becomes pairs, in its order and in the language of the document, and the questions are found', async (t) => {
  const task = await newTask('Snow falls in winter.\nRain falls in autumn.\nHail falls in spring.', { name: 'weather' })
  await run(task)
  t.deepEqual(await pairs(task), madeOf('Snow', 'Rain', 'Hail'))
  // They are asked beside each other, so in no order of their own.
  t.deepEqual(llm.asked.map(lastQuestion).sort(), ['Hail falls in spring.', 'Rain falls in autumn.', 'Snow falls in winter.'])
  t.true(llm.asked.every(({ messages, parameters }) => textOf(messages[0] as never).includes('in this language: French.') && parameters?.['temperature'] === 0))
  t.is(await kept(task), 0)
  const found = await known.api.send('POST', `/v1/datasets/${task.dataset.id}/retrieve`, { query: 'why hail' })
  t.like(found.body.records[0].segment, { content: 'And why Hail?', answer: 'Because.' })
  // A table has its own pairs.
  const table = await known.newDataset({ indexing_technique: 'high_quality' })
  const { body } = await known.addFile(table, 'a.csv', 'question,answer\nWho?,Ada.', { ...qa, process_rule: automatic })
  await run({ ...task, document_id: body.document.id })
  t.deepEqual(await pairs({ ...task, dataset: table, document_id: body.document.id }), [['Who?', 'Ada.']])
  t.is(llm.asked.length, 3)
})

test.serial('a run that is interrupted goes on with what it has, though the model would say something else now', async (t) => {
  const words = Array.from({ length: 9 }, (_, n) => `word${n}`)
  const task = await newTask(words.join('\n'))
  let turns = 0
  const stop = new AbortController()
  llm.answer = (request) => {
    turns += 1
    if (turns === 6) stop.abort(new Error('the process ends'))
    return twoPairs(request)
  }
  await t.throwsAsync(async () => { while (await step(task, stop.signal)); }, { message: 'the process ends' })
  t.true(await kept(task) > 0)
  const before = await pairs(task)
  const paid = new Set(llm.asked.map(lastQuestion))
  const stored = await kept(task)
  llm.answer = (request) => twoPairs(request).replace('And why', 'Once more: why')
  await run(task)
  const all = await pairs(task)
  t.is(all.length, 18)
  t.deepEqual(all.slice(0, before.length), before)
  t.deepEqual(all.filter((_, n) => n % 2 === 0), madeOf(...words).filter((_, n) => n % 2 === 0))
  t.is(all.filter(([question]) => question?.startsWith('And why')).length, stored, 'what was kept is not asked for again')
  t.true(paid.size >= stored)
  t.is(await kept(task), 0)
})

test.serial('what the model refuses ends the document with its reason; after a retry only the rest is asked for', async (t) => {
  const task = await newTask('one\ntwo\nthree\nbad\nfive')
  const refusing = (request: GenerateRequest): string => {
    if (about(request) === 'bad') throw new HttpError({ status: 400, code: 'provider_quota_exceeded' }, 'The account is used up. Top it up.')
    return twoPairs(request)
  }
  llm.answer = refusing
  const fault = await t.throwsAsync(run(task))
  t.is(fault.name, 'DocumentFault')
  t.regex(fault.message, /no questions and answers.*The account is used up\. Top it up\./)
  await known.app.resolve(indexing).fail(task, fault.message)
  t.deepEqual(await pairs(task), [])
  llm.asked.length = 0
  llm.answer = twoPairs
  await known.app.resolve(database).query('UPDATE documents SET generation = 2, indexing_status = $2, error = NULL WHERE id = $1', [task.document_id, 'waiting'])
  await run({ ...task, generation: 2 })
  t.deepEqual(await pairs(task), madeOf('one', 'two', 'three', 'bad', 'five'))
  t.deepEqual(llm.asked.map(about).filter((word) => ['one', 'two', 'three'].includes(word)), [], 'those were paid for')

  // What fails by chance is asked once more; what is no pair is none, and a document without any is a fault.
  let failures = 0
  llm.answer = (request) => {
    if (about(request) === 'two' && (failures += 1) === 1) throw new Error('a socket hung up')
    return about(request) === 'one' ? 'There is nothing to ask.' : twoPairs(request)
  }
  const other = await newTask('one\ntwo')
  await run(other)
  t.deepEqual(await pairs(other), madeOf('two'))
  llm.answer = () => 'I would rather write a poem.'
  t.regex((await t.throwsAsync(run(await newTask('one\ntwo')))).message, /wrote no questions and answers that could be read/)
})

test.serial('a document that is deleted or paused under way asks no further and keeps nothing', async (t) => {
  const task = await newTask(Array.from({ length: 30 }, (_, n) => `word${n}`).join('\n'))
  llm.answer = async function* (request) {
    if (llm.asked.length === 5) await known.app.resolve(database).query('DELETE FROM documents WHERE id = $1', [task.document_id])
    yield twoPairs(request)
  }
  await run(task)
  t.true(llm.asked.length < 15, `${llm.asked.length} passages were asked about`)
  t.is(await kept(task), 0)
})

test.serial('an estimate asks no model, and shows the passages; a workspace without a model that writes is told so', async (t) => {
  const { document_id } = await newTask('one\ntwo')
  const [row] = await known.app.resolve(database).query<DocumentRow>('SELECT * FROM documents WHERE id = $1', [document_id])
  const { signal } = new AbortController()
  const estimated = await known.app.resolve(estimates).documents([row as DocumentRow], signal)
  t.deepEqual(estimated.pieces.map(({ content, answer }) => [content, answer]), [['one', null], ['two', null]])
  t.is(llm.asked.length, 0)

  const { models: offered } = llm.provider
  const [writers, quoting] = [offered(), offered().map((one) => one.type === 'llm' ? { ...one, quotesOnly: true } : one)]
  const dataset = await known.newDataset({ indexing_technique: 'high_quality' })
  llm.provider.models = () => quoting
  t.teardown(() => { llm.provider.models = offered })
  const refused = await known.addText(dataset, 'a', 'one', { ...qa, process_rule: automatic })
  t.like(refused, { status: 400, body: { code: 'invalid_param', params: 'doc_form' } })
  t.regex(refused.body.message, /has none that writes.*CSV file with the questions in its first column/)
  // One that is gone when its turn comes ends the document.
  llm.provider.models = () => writers
  const task = await newTask('one')
  llm.provider.models = () => writers.filter(({ type }) => type !== 'llm')
  t.regex((await t.throwsAsync(run(task))).message, /Choose a default model of the type llm/)
})

test('pairs are read out of whatever stands around them', (t) => {
  const one = [{ question: 'Why?', answer: 'So.' }]
  for (const reply of [
    'Q1: Why?\nA1: So.', 'Q: Why?\nA: So.', '**Q1:** Why?\n**A1:** So.', '- **Q1**: Why?\n- **A1**: So.', '1\n### Q1: Why?\n\nA1: So.\n', '```\nQ1: Why?\r\nA1: So.\r\n```', 'Question 1: Why?\nAnswer 1: So.',
    '<think>Q9: no?\nA9: no.</think>Q1: Why?\nA1: So.', 'Q1: Why?\nA1: So.\nQ2: And?', 'Q1：Why?\nA1：So.', '问题1：Why?\n答案1：So.', 'Sure!\nQ1: Why?\nA1:\nSo.', 'A0: lost\nQ1: Why?\nA1: \0So.',
  ]) t.deepEqual(pairsIn(reply), one, reply)
  t.deepEqual(pairsIn('Q1: Why?\nA1: So.\n\nTherefore.\nQ2: And?\nA2: No'), [{ question: 'Why?', answer: 'So.\n\nTherefore.' }, { question: 'And?', answer: 'No' }])
  t.deepEqual(pairsIn('Q1: Why?\nA1: So.\nQ2: And?\nA2: No', true), one)
  // A reply may be anything, and is read in a moment.
  const blanks = ' '.repeat(100_000)
  t.deepEqual(pairsIn(`Q1: Why?\nA1: So.\nQ${blanks}x\n${blanks}Q${blanks}\nand${blanks}on`), [{ question: 'Why?', answer: `So.\nQ${blanks}x\n${blanks}Q${blanks}\nand${blanks}on` }])
  for (const reply of ['', 'nothing', 'Quite: so', 'All: is well', '<think>Q1: Why?\nA1: So.']) t.deepEqual(pairsIn(reply), [], reply)
})

test('work ahead keeps the order, and ends what nobody waits for', async (t) => {
  const numbers = async function* () { for (let n = 0; n < 20; n++) yield n }
  const ended: number[] = []
  let [now, most] = [0, 0]
  const work = async (n: number, signal: AbortSignal): Promise<number> => {
    most = Math.max(most, now += 1)
    await new Promise((done) => { setTimeout(done, 20 + 3 * (n % 4)) })
    now -= 1
    if (signal.aborted) ended.push(n)
    return n
  }
  const { signal } = new AbortController()
  const all: number[] = []
  for await (const n of ahead(numbers(), 4, signal, work)) all.push(n)
  t.deepEqual(all, [...Array(20).keys()])
  t.is(most, 4)
  for await (const n of ahead(numbers(), 4, signal, work)) if (n === 2) break
  t.true(ended.length > 0 && ended.length <= 3)
  await t.throwsAsync(async () => { for await (const n of ahead(numbers(), 4, signal, (n) => n === 3 ? Promise.reject(new Error('three')) : work(n, signal))) all.push(n) }, { message: 'three' })
  t.deepEqual(all.slice(20), [0, 1, 2])
})
