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
