/** Reads the classic test collections Cranfield and CISI, and judges rankings of them. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Collection {
  readonly name: string
  readonly documents: ReadonlyMap<string, string>
  readonly questions: ReadonlyMap<string, string>
  /** Question → the documents that answer it. */
  readonly relevant: ReadonlyMap<string, ReadonlySet<string>>
}
export interface Quality { readonly ndcg10: number; readonly recall100: number; readonly map: number }

const sources = [
  { name: 'cranfield', documents: 'cran.all.1400', questions: 'cran.qry', judgements: 'cranqrel' },
  { name: 'cisi', documents: 'CISI.ALL', questions: 'CISI.QRY', judgements: 'CISI.REL' },
]

/** Those that are in the folder; the names of the others. */
export const readCollections = async (folder: string): Promise<{ found: Collection[]; absent: string[] }> => {
  const there = sources.filter(({ name, documents }) => existsSync(join(folder, name, documents)))
  const absent = sources.filter((source) => !there.includes(source)).map(({ name }) => name)
  return { found: await Promise.all(there.map((source) => read(folder, source))), absent }
}

const read = async (folder: string, { name, ...files }: (typeof sources)[number]): Promise<Collection> => {
  const [documents = '', questions = '', judgements = ''] = await Promise.all(
    [files.documents, files.questions, files.judgements].map((file) => readFile(join(folder, name, file), 'latin1')))
  const relevant = new Map<string, Set<string>>()
  for (const line of judgements.split('\n')) {
    const [question, document, grade = '1'] = line.trim().split(/\s+/)
    // Cranfield marks with -1 what is not relevant; CISI lists only what is, and ends its lines with zeros.
    if (!question || !document || name === 'cranfield' && !(Number(grade) > 0)) continue
    relevant.set(question, (relevant.get(question) ?? new Set()).add(document))
  }
  const asked = records(questions).map(({ id, W }, index) => [name === 'cranfield' ? String(index + 1) : id, W ?? ''] as const)
  return {
    name, relevant,
    documents: new Map(records(documents).map(({ id, T = '', W = '' }) => [id, oneLine(`${T} ${W}`)] as const).filter(([, text]) => text !== '')),
    questions: new Map(asked.map(([id, text]) => [id, oneLine(text)] as const).filter(([id]) => relevant.has(id))),
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** `.I 7` begins a record; `.W` alone on a line begins a field. */
const records = (text: string): ({ id: string } & Record<string, string>)[] => text.split(/^\.I /m).slice(1).map((record) => {
  const [id = '', ...fields] = record.split(/^\.([A-Z])\s*$/m)
  const found: { id: string } & Record<string, string> = { id: id.trim() }
  for (let at = 0; at < fields.length; at += 2) found[fields[at] as string] = `${found[fields[at] as string] ?? ''}${fields[at + 1] ?? ''}`
  return found
})

/** Binary relevance; the mean over all judged questions. */
export const judge = ({ relevant }: Collection, rankings: ReadonlyMap<string, readonly string[]>): Quality => {
  const mean = (of: (ranking: readonly string[], wanted: ReadonlySet<string>) => number): number =>
    [...rankings].reduce((sum, [question, ranking]) => sum + of(ranking, relevant.get(question) ?? new Set()), 0) / rankings.size
  const gain = (rank: number): number => 1 / Math.log2(rank + 2)
  return {
    ndcg10: mean((ranking, wanted) => {
      const ideal = Array.from({ length: Math.min(10, wanted.size) }, (_, rank) => gain(rank)).reduce((a, b) => a + b, 0)
      return ranking.slice(0, 10).reduce((sum, id, rank) => sum + (wanted.has(id) ? gain(rank) : 0), 0) / ideal
    }),
    recall100: mean((ranking, wanted) => ranking.slice(0, 100).filter((id) => wanted.has(id)).length / wanted.size),
    map: mean((ranking, wanted) => {
      let hits = 0
      return ranking.reduce((sum, id, rank) => wanted.has(id) ? sum + (hits += 1) / (rank + 1) : sum, 0) / wanted.size
    }),
  }
}
