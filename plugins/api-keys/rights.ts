/**
 * What each right on a dataset allows: the only place that says so. A pattern is `<resource>:<verb>`, `*` standing for any word. Each
 * right contains those before it, so that nobody has to think about a key that writes what it cannot read.
 */
import type { Grant, Right } from './ports.ts'

const allowed: readonly (readonly [Right, readonly string[]])[] = [
  ['retrieve', ['dataset:retrieve']],
  ['read', ['*:read', '*:list', '*:retrieve']],
  ['write', ['document:*', 'segment:*', 'child-chunk:*', 'metadata:*', 'file:*']],
  // Settings, deletion, and whatever a plugin adds that nobody has thought of here.
  ['manage', ['*:*']],
]
export const RIGHTS: readonly Right[] = allowed.map(([right]) => right)

const fits = (pattern: string, permission: string): boolean => {
  const [resource, verb] = pattern.split(':')
  const [aResource, aVerb] = permission.split(':')
  return (resource === '*' || resource === aResource) && (verb === '*' || verb === aVerb)
}
/** How far the rights go: 0 for none, 4 for all. */
export const levelOf = (rights: readonly Right[]): number => Math.max(0, ...rights.map((right) => RIGHTS.indexOf(right) + 1))

/** The least right that allows it, as a level. */
const needed = new Map<string, number>()
const levelFor = (permission: string): number => {
  const known = needed.get(permission)
  if (known !== undefined) return known
  const level = allowed.findIndex(([, patterns]) => patterns.some((pattern) => fits(pattern, permission))) + 1
  // Permissions are words of ours, so there are not many; whoever asks for made-up ones shall not fill the memory.
  if (needed.size < 1_000) needed.set(permission, level)
  return level
}
/** The least right that allows it. */
export const leastRight = (permission: string): Right | undefined => RIGHTS[levelFor(permission) - 1]
export const mayRight = (rights: readonly Right[], permission: string): boolean => {
  const level = levelFor(permission)
  return level > 0 && levelOf(rights) >= level
}

/** Whether the grants allow nothing that those do not. */
export const within = (grants: readonly Grant[], those: readonly Grant[]): boolean =>
  grants.every(({ datasetId, rights }) => levelOf(rights) <= levelOf(those.find((one) => one.datasetId === datasetId)?.rights ?? []))
