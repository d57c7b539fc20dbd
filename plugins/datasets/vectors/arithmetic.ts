/** The little arithmetic that vectors need, and how they lie in a column. */

/** The same direction with length 1; zero stays zero. Throws where a number is not finite. */
export const unit = (vector: Float32Array): Float32Array => {
  let squares = 0
  for (const value of vector) squares += value * value
  if (!Number.isFinite(squares)) throw new Error('a vector has a component that is no finite number; look at what the embedding model returned')
  return squares === 0 ? vector : vector.map((value) => value / Math.sqrt(squares))
}

/** The products of a question with the rows of a matrix. */
export const products = (rows: Float32Array, count: number, question: Float32Array): Float32Array => {
  const size = question.length
  const scores = new Float32Array(count)
  for (let row = 0, at = 0; row < count; row++, at += size) {
    let sum = 0
    for (let index = 0; index < size; index++) sum += (rows[at + index] as number) * (question[index] as number)
    scores[row] = sum
  }
  return scores
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
