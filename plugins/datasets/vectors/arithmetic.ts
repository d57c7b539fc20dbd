/** The little arithmetic that vectors need, and how they lie in a column. */

/** The same direction with length 1; zero stays zero. Throws where a number is not finite. */
export const unit = (vector: Float32Array): Float32Array => {
  let squares = 0
  for (const value of vector) squares += value * value
  if (!Number.isFinite(squares)) throw new Error('a vector has a component that is no finite number; look at what the embedding model returned')
  return squares === 0 ? vector : vector.map((value) => value / Math.sqrt(squares))
}

/** Little-endian float32, whatever the machine. */
export const toBytes = (vector: Float32Array): Buffer => {
  const bytes = Buffer.alloc(4 * vector.length)
  vector.forEach((value, index) => bytes.writeFloatLE(value, 4 * index))
  return bytes
}
export const intoRow = (bytes: Buffer, row: Float32Array): void => {
  for (let index = 0; index < row.length; index++) row[index] = bytes.readFloatLE(4 * index)
}

/** Adds a vector to the sum that bears a name. */
export const addTo = (sums: Map<string, Float32Array>, name: string, vector: Float32Array): void => {
  const sum = sums.get(name)
  if (!sum) sums.set(name, Float32Array.from(vector))
  else for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) + (vector[index] as number)
}
/** Of a vector of any length with a question of length 1: 0 where it points away. */
export const cosine = (vector: Float32Array, question: Float32Array): number => {
  let [product, squares] = [0, 0]
  for (let index = 0; index < vector.length; index++) {
    const value = vector[index] as number
    product += value * (question[index] as number)
    squares += value * value
  }
  return squares === 0 ? 0 : Math.min(1, Math.max(0, product / Math.sqrt(squares)))
}
