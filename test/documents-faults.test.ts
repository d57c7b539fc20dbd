/** Documents under faults: each fault that is planted in what was seen is told, and a short schedule on real processes has none. */
import test from 'ava'
import { database, errors } from '../core/index.ts'
import type { Database } from '../core/index.ts'
import { checkDocuments } from './faults/documents-checker.ts'
import type { DocumentEvidence } from './faults/documents-checker.ts'
import { canary, contentOf, versionsIn } from './faults/documents-operations.ts'
import type { DocumentAnswer, DocumentEvent, DocumentOperation, Kind, Write } from './faults/documents-operations.ts'
import type { Stored } from './faults/documents-plugin.ts'
import { documentTrials } from './faults/documents-trials.ts'
import type { Outcome } from './faults/history.ts'
import { automatic, knowledge } from './support/knowledge.ts'
import { postgresPrograms, redisProgram } from './support/services.ts'

const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl } = process.env

const kinds: Readonly<Record<string, Kind>> = { words: 'economy', vectors: 'vectors', children: 'children', pairs: 'pairs', gone: 'economy' }
let steps = 0
/** From `begin` to `begin` + 10. */
const did = (begin: number, operation: DocumentOperation, outcome: Outcome = 'ok', answer: Partial<DocumentAnswer> = {}): DocumentEvent[] => {
  const id = `step ${steps += 1}`
  return [
    { at: begin, type: 'invoked', id, operation, to: 'web1' },
    { at: begin + 10, type: 'answered', id, outcome, detail: '', answer: { status: 200, ...answer } },
  ]
}
const written = (dataset: string, name: string, version: string, more: Partial<Write> = {}): Write => ({ do: 'write', dataset, name, version, size: 3, keyed: true, by: 'text', ...more })
const looked = (begin: number, { dataset, name, version }: Write, state = 'completed'): DocumentEvent[] => did(begin, { do: 'look', dataset, name, version }, 'ok', { state })
const searched = (begin: number, { dataset, version }: Pick<Write, 'dataset' | 'version'>, found: readonly string[]): DocumentEvent[] =>
  did(begin, { do: 'retrieve', dataset, version, method: 'full_text_search' }, 'ok', { found })

const [plain, first, second, parents, asked, doomed, deleted, lost, inGone] = [
  written('words', 'plain', '1.1'), written('vectors', 'replaced', '1.2'), written('vectors', 'replaced', '1.3', { size: 5 }), written('children', 'parents', '1.4'),
  written('pairs', 'asked', '1.5', { by: 'file' }), written('words', 'doomed', '1.6', { size: 0 }), written('words', 'deleted', '1.7'),
  written('vectors', 'replaced', '1.8', { keyed: false }), written('gone', 'in it', '1.9'),
]
const events = [
  ...did(0, plain, 'ok', { id: 'plain' }), ...looked(20, plain), ...did(0, first, 'ok', { id: 'replaced' }), ...looked(20, first), ...searched(40, first, ['1.2']),
  ...did(100, second, 'ok', { id: 'replaced' }), ...did(0, parents, 'ok', { id: 'parents' }), ...did(0, asked, 'ok', { id: 'asked' }), ...did(0, doomed, 'ok', { id: 'doomed' }),
  ...did(0, deleted, 'ok', { id: 'deleted' }), ...did(100, { do: 'delete', dataset: 'words', name: 'deleted', id: 'deleted' }),
  ...did(0, inGone, 'ok', { id: 'in it' }), ...did(100, { do: 'delete dataset', dataset: 'gone' }), ...searched(200, plain, ['1.1']), ...searched(200, second, ['1.3', '1.8']),
]

/** What is stored of a content that was indexed. */
const rows = (write: Write, id: string, generation = 1): Pick<Stored, 'documents' | 'segments' | 'children' | 'texts' | 'vectors'> => {
  const kind = kinds[write.dataset] ?? 'economy'
  const { segments } = contentOf(kind, write)
  const of = segments.map((segment, index) => ({ ...segment, id: `${id} ${index + 1}`, position: index + 1 }))
  const children = of.flatMap((segment) => segment.children.map((content, index) => ({ id: `${segment.id}.${index + 1}`, segment_id: segment.id, position: index + 1, content })))
  const entries = kind === 'economy' ? [] : kind === 'children' ? children.map((child) => ({ id: child.id, segment_id: child.segment_id })) : of.map((segment) => ({ id: segment.id, segment_id: segment.id }))
  const isDoomed = segments.length === 0
  return {
    documents: [{ id, dataset_id: write.dataset, name: write.name, generation, indexing_status: isDoomed ? 'error' : 'completed', error: isDoomed ? 'There is no text.' : null, storage_key: `uploads/${write.version}` }],
    segments: of.map(({ id: segment, position, content, answer }) => ({ id: segment, document_id: id, generation, position, content, answer, status: 'completed' })),
    children, texts: of.map((segment) => ({ segment_id: segment.id, document_id: id, terms: 7, rows: 7 })), vectors: entries.map((entry) => ({ ...entry, document_id: id })),
  }
}
const all = [rows(plain, 'plain'), rows(second, 'replaced', 2), rows(parents, 'parents'), rows(asked, 'asked'), rows(doomed, 'doomed')]
const stored: Stored = {
  datasets: ['words', 'vectors', 'children', 'pairs'], strays: [], counted: 14, files: ['1.1', '1.3', '1.4', '1.5', '1.6'].map((version) => `uploads/${version}`),
  documents: all.flatMap((some) => some.documents), segments: all.flatMap((some) => some.segments), children: all.flatMap((some) => some.children),
  texts: all.flatMap((some) => some.texts), vectors: all.flatMap((some) => some.vectors),
}
const sound: DocumentEvidence = {
  events: [...events, ...did(300, lost, 'unknown')], kinds, stored,
  // What was of no one's hearing may have left a file.
  files: ['1.1', '1.3', '1.4', '1.5', '1.6', '1.8'].map((version) => ({ key: `uploads/${version}`, versions: [version] })),
}

test('a sound history has no violations', (t) => {
  t.deepEqual(checkDocuments(sound), [])
  // The one of which nobody heard came to be after all.
  const late = rows(lost, 'replaced', 3)
  t.deepEqual(checkDocuments({
    ...sound,
    stored: {
      ...stored, counted: 12, files: stored.files.map((key) => key === 'uploads/1.3' ? 'uploads/1.8' : key),
      documents: [...stored.documents.filter(({ id }) => id !== 'replaced'), ...late.documents],
      segments: [...stored.segments.filter(({ document_id }) => document_id !== 'replaced'), ...late.segments],
      texts: [...stored.texts.filter(({ document_id }) => document_id !== 'replaced'), ...late.texts],
      vectors: [...stored.vectors.filter(({ document_id }) => document_id !== 'replaced'), ...late.vectors],
    },
    files: sound.files.filter(({ key }) => key !== 'uploads/1.3'),
  }), [])
  for (const version of ['1.1', '17.205', '900.64']) t.deepEqual(versionsIn(`The ${canary(version)} sings, the ${canary(version)}.`), [version])
})

const put = (more: Partial<Stored>): Partial<DocumentEvidence> => ({ stored: { ...stored, ...more } })
const change = <T extends object>(list: readonly T[], which: (one: T) => boolean, more: Partial<T>): T[] => list.map((one) => which(one) ? { ...one, ...more } : one)
const without = (name: string): Partial<Stored> => ({
  documents: stored.documents.filter(({ id }) => id !== name), segments: stored.segments.filter(({ document_id }) => document_id !== name),
  texts: stored.texts.filter(({ document_id }) => document_id !== name), vectors: stored.vectors.filter(({ document_id }) => document_id !== name),
})
const planted: Record<string, { readonly evidence: Partial<DocumentEvidence>; readonly told: readonly string[] }> = {
  'an acknowledged document that is gone': { evidence: put({ ...without('plain'), counted: 11 }), told: ['kept: document plain is gone; it may be 1.1'] },
  'a document as it was before': {
    evidence: put({ documents: change(stored.documents, ({ id }) => id === 'plain', { storage_key: 'uploads/1.3' }) }),
    told: ['kept: document plain is there as 1.3; it may be 1.1'],
  },
  'a document that was deleted': {
    evidence: { stored: { ...stored, documents: [...stored.documents, ...rows(deleted, 'deleted').documents] }, files: [...sound.files, { key: 'uploads/1.7', versions: ['1.7'] }] },
    told: ['phantom: document deleted is there as 1.7; it may be gone', 'file: the file uploads/1.7'],
  },
  'a dataset that was deleted': { evidence: put({ datasets: [...stored.datasets, 'gone'] }), told: ['phantom: dataset gone was deleted and is there'] },
  'a document twice': { evidence: put({ documents: [...stored.documents, ...change(rows(plain, 'again').documents, () => true, { indexing_status: 'error', error: 'x' })] }), told: ['given up:', 'once: document plain is there 2 times'] },
  'a write that was done twice': { evidence: put({ documents: change(stored.documents, ({ id }) => id === 'plain', { generation: 2 }), segments: change(stored.segments, ({ document_id }) => document_id === 'plain', { generation: 2 }) }), told: ['once: document plain has had 2 contents, although 1 to 1 were written'] },
  'a document that hangs': { evidence: put({ documents: change(stored.documents, ({ id }) => id === 'doomed', { indexing_status: 'parsing' }) }), told: ['ended: document doomed (1.6) ended as parsing'] },
  'an error without words': { evidence: put({ documents: change(stored.documents, ({ id }) => id === 'doomed', { error: '' }) }), told: ['ended: document doomed (1.6) ended in error and does not say why'] },
  'a document that was given up': {
    evidence: put({ documents: change(stored.documents, ({ id }) => id === 'plain', { indexing_status: 'error', error: 'it stalled' }), texts: stored.texts.filter(({ document_id }) => document_id !== 'plain'), counted: 11 }),
    told: ['given up: document plain (1.1) could be indexed and ended in error: it stalled'],
  },
  'a segment that is missing': {
    evidence: put({ segments: stored.segments.filter(({ id }) => id !== 'plain 3'), texts: stored.texts.filter(({ segment_id }) => segment_id !== 'plain 3'), counted: 13 }),
    told: ['lost: document plain (1.1) lacks 1 of 3 passages'],
  },
  'a segment twice': {
    evidence: put({ segments: [...stored.segments, ...change(stored.segments.filter(({ id }) => id === 'plain 3'), () => true, { id: 'plain 4', position: 4 })], texts: [...stored.texts, { segment_id: 'plain 4', document_id: 'plain', terms: 1, rows: 1 }], counted: 15 }),
    told: ['doubled: document plain (1.1) has 1 passages more than once'],
  },
  'a position twice': { evidence: put({ segments: change(stored.segments, ({ id }) => id === 'plain 3', { position: 2 }) }), told: ['doubled: document plain (1.1) has segments at the positions 1, 2, 2'] },
  'a segment of another content': { evidence: put({ segments: change(stored.segments, ({ id }) => id === 'replaced 1', { content: contentOf('vectors', first).segments[0]?.content ?? '' }) }), told: ['mixed: document replaced (1.3) has 1 passages that are not of its content'] },
  'a segment of an earlier content': { evidence: put({ segments: change(stored.segments, ({ id }) => id === 'replaced 1', { generation: 1 }) }), told: ['mixed: document replaced (1.3) still has 1 segments of an earlier content'] },
  'an answer of another question': { evidence: put({ segments: change(stored.segments, ({ id }) => id === 'asked 1', { answer: 'It is another' }) }), told: ['mixed: document asked (1.5) has 1 passages'] },
  'a child that is missing': {
    evidence: put({ children: stored.children.filter(({ id }) => id !== 'parents 1.1'), vectors: stored.vectors.filter(({ id }) => id !== 'parents 1.1') }),
    told: ['lost: document parents (1.4), in segment 1, lacks 1 of 2 passages'],
  },
  'a vector that is missing': { evidence: put({ vectors: stored.vectors.filter(({ id }) => id !== 'replaced 1') }), told: ['index: the vector index lacks 1 of'] },
  'a vector of what is not there': { evidence: put({ vectors: [...stored.vectors, { id: 'deleted 1', segment_id: 'deleted 1', document_id: 'deleted' }] }), told: ['index: the vector index has 1 entries of what is not there, such as deleted 1'] },
  'a vector twice': { evidence: put({ vectors: [...stored.vectors, ...stored.vectors.slice(0, 1)] }), told: ['index: the vector index has 1 entries more than once'] },
  'a text that is missing': { evidence: put({ texts: stored.texts.filter(({ segment_id }) => segment_id !== 'plain 1'), counted: 13 }), told: ['index: the text index lacks 1 of'] },
  'a text of what is not there': { evidence: put({ texts: [...stored.texts, { segment_id: 'deleted 1', document_id: 'deleted', terms: 1, rows: 1 }], counted: 15 }), told: ['index: the text index has 1 entries of what is not there'] },
  'a text without some of its terms': { evidence: put({ texts: change(stored.texts, ({ segment_id }) => segment_id === 'plain 1', { rows: 6 }) }), told: ['index: the text index has 6 of 7 terms of segment plain 1'] },
  'a text index that counts wrongly': { evidence: put({ counted: 9 }), told: ['index: the text index has 14 segments and believes to have 9'] },
  'rows that belong to nothing': { evidence: put({ strays: ['3 vectors of a segment that is gone'] }), told: ['index: there are 3 vectors of a segment that is gone'] },
  'a file that is gone': { evidence: { files: sound.files.filter(({ key }) => key !== 'uploads/1.1').concat({ key: 'uploads/x', versions: ['1.1'] }), stored: { ...stored, documents: stored.documents, files: [...stored.files, 'uploads/x'] } }, told: ['kept:', 'file: the file of document plain is gone'] },
  'a file that nobody needs': { evidence: { files: [...sound.files, { key: 'uploads/old', versions: ['1.2'] }] }, told: ['file: the file uploads/old is stored and no row names it'] },
  'what was replaced is found': { evidence: { events: [...sound.events, ...searched(250, second, ['1.3', '1.2'])] }, told: ['returned: a full_text_search of dataset vectors in web1 at 250 found 1.2, 140.0 ms after "replaced" was replaced by 1.3'] },
  'what was deleted is found': { evidence: { events: [...sound.events, ...searched(250, deleted, ['1.7'])] }, told: ['returned: a full_text_search of dataset words in web1 at 250 found 1.7, 140.0 ms after "deleted" was deleted'] },
  'what was deleted with its dataset is found': { evidence: { events: [...sound.events, ...searched(250, inGone, ['1.9'])] }, told: ['returned: a full_text_search of dataset gone in web1 at 250 found 1.9, 140.0 ms after "in it" was deleted with its dataset'] },
  'what is completed is not found': { evidence: { events: [...sound.events, ...searched(250, plain, [])] }, told: ['found: a full_text_search of dataset words in web1 at 250 did not find 1.1, which was completed at 30'] },
  'what another dataset has is found': { evidence: { events: [...sound.events, ...searched(250, plain, ['1.1', '1.4'])] }, told: ['scope: a full_text_search of dataset words in web1 at 250 found 1.4, which is of dataset children'] },
  'a server that does not come back': { evidence: { events: [...sound.events, { at: 400, type: 'healed', problems: ['it did not come to rest'] }] }, told: ['healed: after healing, it did not come to rest'] },
}
for (const [title, { evidence, told }] of Object.entries(planted)) {
  test(`told: ${title}`, (t) => {
    const found = checkDocuments({ ...sound, ...evidence }).map(({ law, message }) => `${law}: ${message}`)
    t.is(found.length, told.length, found.join('\n'))
    for (const [index, words] of told.entries()) t.true(found[index]?.startsWith(words), `${found[index] ?? ''}\nand not\n${words}`)
  })
}

test('a document whose commit nobody heard of has its file', async (t) => {
  const { app, api, newDataset } = await knowledge()
  t.teardown(app.close)
  const dataset = await newDataset()
  const db = app.resolve(database) as { -readonly [K in keyof Database]: Database[K] }
  const { transaction } = db
  for (const way of ['text', 'file'] as const) {
    const send = () => way === 'text'
      ? api.send('POST', `/v1/datasets/${dataset.id as string}/document/create-by-text`, { name: 'heard.txt', text: 'The heron waits.', duplicate: false, process_rule: automatic })
      : api.upload(`/v1/datasets/${dataset.id as string}/document/create-by-file`, { name: 'heard.md', content: 'The owl hunts.' }, { duplicate: false, process_rule: automatic })
    let broken = false
    db.transaction = async (work) => {
      const made = await transaction(work)
      // That of the document, whose connection ends when it is done.
      if (broken || !Array.isArray((made as unknown as { ids?: unknown } | undefined)?.ids)) return made
      broken = true
      throw errors.unavailable()
    }
    t.is((await send()).status, 503)
    db.transaction = transaction
    const { body: { data: [document] } } = await api.send('GET', `/v1/datasets/${dataset.id as string}/documents`)
    t.is(document.name, way === 'text' ? 'heard.txt' : 'heard.md')
    await app.runJobs()
    t.like((await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/${document.id as string}`)).body, { indexing_status: 'completed', error: null })
  }
})

const onServers = databaseUrl !== undefined && redisUrl !== undefined && postgresPrograms() !== undefined && redisProgram() !== undefined
test.serial(`a schedule of kills on ${onServers ? 'PostgreSQL' : 'the embedded database'} loses nothing, and nothing comes back`, async (t) => {
  const { summary, violations } = await documentTrials({ on: onServers ? 'postgres' : 'embedded', web: 1, worker: 1, seeds: [onServers ? 8 : 6], families: ['process'] })
  t.deepEqual(violations, [])
  t.true(summary.schedules === 1 && summary.segments > 0 && (summary.operations['write ok'] ?? 0) > 0 && (summary.operations['retrieve ok'] ?? 0) > 0, JSON.stringify(summary))
})
