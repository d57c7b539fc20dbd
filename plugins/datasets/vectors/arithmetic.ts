/** The little arithmetic that vectors need, and how they lie in a column. */

/** The same direction with length 1; zero stays zero. Throws where a number is not finite. */
export const unit = (vector: Float32Array): Float32Array => {
  let squares = 0
  for (const value of vector) squares += value * value
  if (!Number.isFinite(squares)) throw new Error('a vector has a component that is no finite number; look at what the embedding model returned')
  return squares === 0 ? vector : vector.map((value) => value / Math.sqrt(squares))
}

/** The products of a question with the rows of a matrix; 0 for rows that are not wanted. */
export const products = (rows: Float32Array, count: number, question: Float32Array, wanted?: (row: number) => boolean): Float32Array => {
  const size = question.length
  const scores = new Float32Array(count)
  for (let row = 0; row < count; row++) if (wanted === undefined || wanted(row)) scores[row] = product(rows, row * size, question, size)
  return scores
}

/** Four sums side by side, none of which waits for another: nearly twice as fast as one. */
const product = (rows: Float32Array, from: number, question: Float32Array, size: number): number => {
  let [a, b, c, d] = [0, 0, 0, 0]
  const even = size - size % 4
  for (let index = 0, at = from; index < even; index += 4, at += 4) {
    a += (rows[at] as number) * (question[index] as number)
    b += (rows[at + 1] as number) * (question[index + 1] as number)
    c += (rows[at + 2] as number) * (question[index + 2] as number)
    d += (rows[at + 3] as number) * (question[index + 3] as number)
  }
  for (let index = even; index < size; index++) a += (rows[from + index] as number) * (question[index] as number)
  return a + b + c + d
}

/** Little-endian float32, whatever the machine. */
export const toBytes = (vector: Float32Array): Buffer => {
  const bytes = Buffer.alloc(4 * vector.length)
  vector.forEach((value, index) => bytes.writeFloatLE(value, 4 * index))
  return bytes
}
export const intoRow = (bytes: Buffer, rows: Float32Array, at: number): void => {
  for (let index = 0; index < bytes.length; index += 4) rows[at + index / 4] = bytes.readFloatLE(index)
}
