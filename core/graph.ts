/** The order in which things are made: whatever is needed comes first. */

/** Two or more things need each other, so that none can be made first. The message shows the way round. */
export class CycleError extends Error {
  override readonly name = 'CycleError'
  readonly path: readonly string[]
  constructor(path: readonly string[]) {
    super(`these need each other, so none can be made first: ${path.join(' → ')}`)
    this.path = path
  }
}

/** Sorts keys so that each comes after its needs; keys without needs between them keep their order. Needs outside the map are left out. */
export const sortByNeeds = (needs: ReadonlyMap<string, readonly string[]>): string[] => {
  const sorted = new Set<string>()
  const visit = (key: string, path: readonly string[]): void => {
    if (sorted.has(key)) return
    if (path.includes(key)) throw new CycleError([...path.slice(path.indexOf(key)), key])
    for (const need of needs.get(key) ?? []) if (needs.has(need)) visit(need, [...path, key])
    sorted.add(key)
  }
  for (const key of needs.keys()) visit(key, [])
  return [...sorted]
}
