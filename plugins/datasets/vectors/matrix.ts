/** The vectors of one dataset in memory, and the segments and documents to which they belong. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { addTo, intoRow } from './arithmetic.ts'
import type { Scored } from './ranking.ts'
import { createRows, paddedTo } from './simd.ts'

export interface MatrixRow { readonly id: string; readonly segmentId: string; readonly documentId: string; readonly vector: Buffer }
export interface Matrix {
  /** Everything up to this number of the dataset is in it. */
  version: number
  readonly size: number
  readonly bytes: number
  set(row: MatrixRow): void
  /** Keeps only these. */
  keep(ids: ReadonlySet<string>): void
  /** 0 for vectors of other documents than these, where they are given. In between others have a turn, who are not to change it. */
  scores(question: Float32Array, documents?: ReadonlySet<string>): Promise<Scored>
  /** As `scores`, of the vectors of these segments alone. */
  scoresOf(segments: ReadonlySet<string>, question: Float32Array, documents?: ReadonlySet<string>): Scored
  /** The sums of the vectors of these segments, of which nothing is in the map; they are not to be changed. */
  sumsOf(segments: ReadonlySet<string>, sums: Map<string, Float32Array>): void
}

/** An identifier, its place in a map and in the lists, and its share of the others. */
const BYTES_PER_ROW = 192
/** Numbers that are multiplied before others have a turn: some two milliseconds. */
const SLICE = 2 ** 22
/** Sums of more vectors than these are kept, at a hundredth of the memory of their vectors; those of fewer are quickly made. */
const MANY = 100

export const createMatrix = (dimensions: number, expected: number): Matrix => {
  const [ids, segmentIds, documentIds]: [string[], string[], string[]] = [[], [], []]
  const places = new Map<string, number>()
  const large = new Map<string, Float32Array>()
  const rows = createRows(dimensions, expected)
  // Rows come in the order of writing, so that neighbours often share their document or segment: one string serves them all.
  let last = { segmentId: '', documentId: '' }

  const remove = (id: string): void => {
    const place = places.get(id)
    if (place === undefined) return
    large.delete(segmentIds[place] as string)
    const end = ids.length - 1
    // The last row moves into the gap.
    rows.copy(end, place)
    for (const list of [ids, segmentIds, documentIds]) list[place] = list[end] as string
    places.set(ids[place] as string, place)
    places.delete(id)
    for (const list of [ids, segmentIds, documentIds]) list.pop()
  }
  return {
    version: 0,
    get size() { return ids.length },
    get bytes() { return rows.bytes + BYTES_PER_ROW * ids.length },
    set: ({ id, segmentId, documentId, vector }) => {
      const place = places.get(id) ?? ids.length
      for (const segment of [segmentIds[place], segmentId]) if (segment !== undefined) large.delete(segment)
      rows.reserve(place + 1)
      last = {
        segmentId: segmentId === id ? id : segmentId === last.segmentId ? last.segmentId : segmentId,
        documentId: documentId === last.documentId ? last.documentId : documentId,
      }
      ids[place] = id
      segmentIds[place] = last.segmentId
      documentIds[place] = last.documentId
      places.set(id, place)
      intoRow(vector, rows.row(place))
    },
    keep: (kept) => { for (const id of [...ids]) if (!kept.has(id)) remove(id) },
    scores: async (question, documents) => {
      const scores = new Float32Array(ids.length)
      const slice = Math.ceil(SLICE / dimensions)
      for (let begin = 0; begin < ids.length; begin += slice) {
        scores.set(rows.products(question, Math.min(begin + slice, ids.length), begin), begin)
        await nextTurn()
      }
      if (documents) documentIds.forEach((id, at) => { if (!documents.has(id)) scores[at] = 0 })
      return { ids: [...ids], segmentIds: [...segmentIds], scores }
    },
    scoresOf: (segments, question, documents) => {
      const places: number[] = []
      segmentIds.forEach((id, place) => { if (segments.has(id) && (documents?.has(documentIds[place] as string) ?? true)) places.push(place) })
      return {
        ids: places.map((place) => ids[place] as string), segmentIds: places.map((place) => segmentIds[place] as string),
        scores: Float32Array.from(places, (place) => rows.row(place).reduce((sum, value, at) => sum + value * (question[at] as number), 0)),
      }
    },
    sumsOf: (segments, sums) => {
      const counts = new Map<string, number>()
      segmentIds.forEach((id, place) => {
        if (!segments.has(id) || large.has(id)) return
        counts.set(id, (counts.get(id) ?? 0) + 1)
        addTo(sums, id, rows.row(place))
      })
      for (const [id, count] of counts) if (count > MANY) large.set(id, sums.get(id) as Float32Array)
      for (const id of segments) {
        const sum = large.get(id)
        if (sum) sums.set(id, sum)
      }
    },
  }
}

export const matrixBytes = (dimensions: number, size: number): number => size * (4 * paddedTo(dimensions) + 4 + BYTES_PER_ROW)
