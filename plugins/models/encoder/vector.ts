/** The little arithmetic that vectors need. */

/** Adds `weight` times `vector` to `sum`. */
export const add = (sum: Float32Array, vector: Float32Array, weight: number): void => {
  for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) + weight * (vector[index] as number)
}

/** The same direction with length 1. */
export const unit = (vector: Float32Array): Float32Array => {
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}
