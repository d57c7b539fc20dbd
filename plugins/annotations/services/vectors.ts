/** How vectors lie in a column, and the little arithmetic that they need. */

/** Little-endian float32, whatever the machine; of length 1 (zero stays zero). Throws where a number is not finite. */
export const toBytes = (vector: Float32Array): Buffer => {
  const length = Math.hypot(...vector)
  if (!Number.isFinite(length)) throw new Error('a vector has a component that is no finite number; look at what the embedding model returned')
  const bytes = Buffer.alloc(4 * vector.length)
  vector.forEach((value, index) => bytes.writeFloatLE(length === 0 ? 0 : value / length, 4 * index))
  return bytes
}
export const fromBytes = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => view.getFloat32(4 * index, true))
}

/** The cosine of two vectors of length 1 as a score of 0..1; 0 where they are of different lengths, since then they are of different models. */
export const scoreOf = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) return 0
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number)
  return Math.min(1, Math.max(0, sum))
}
