/** The vectors of one dataset in memory, and the segments to which they belong. */
import { intoRow, products } from './arithmetic.ts'
import type { Scored } from './ranking.ts'

export interface Matrix {
  /** Everything up to this number of the dataset is in it. */
  version: number
  readonly size: number
  readonly bytes: number
  set(segmentId: string, vector: Buffer): void
  /** Keeps only these. */
  keep(segmentIds: ReadonlySet<string>): void
  scores(question: Float32Array): Scored
}

/** An identifier, its place in a map and in a list. */
const BYTES_PER_ID = 160

export const createMatrix = (dimensions: number, expected: number): Matrix => {
  const ids: string[] = []
  const places = new Map<string, number>()
  let rows = new Float32Array(expected * dimensions)

  const remove = (segmentId: string): void => {
    const place = places.get(segmentId)
    const last = ids.pop()
    if (place === undefined || last === undefined) return
    places.delete(segmentId)
    if (last === segmentId) return
    // The last row moves into the gap.
    rows.copyWithin(place * dimensions, ids.length * dimensions, (ids.length + 1) * dimensions)
    ids[place] = last
    places.set(last, place)
  }
  return {
    version: 0,
    get size() { return ids.length },
    get bytes() { return rows.byteLength + BYTES_PER_ID * ids.length },
    set: (segmentId, vector) => {
      const place = places.get(segmentId) ?? ids.length
      if ((place + 1) * dimensions > rows.length) {
        const larger = new Float32Array(Math.ceil((place + 1) * 1.25) * dimensions)
        larger.set(rows)
        rows = larger
      }
      ids[place] = segmentId
      places.set(segmentId, place)
      intoRow(vector, rows, place * dimensions)
    },
    keep: (segmentIds) => { for (const id of [...ids]) if (!segmentIds.has(id)) remove(id) },
    scores: (question) => ({ ids: [...ids], scores: products(rows, ids.length, question) }),
  }
}

export const matrixBytes = (dimensions: number, size: number): number => size * (4 * dimensions + BYTES_PER_ID)
