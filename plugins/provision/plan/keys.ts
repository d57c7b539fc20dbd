/** The keys of one workspace in a plan. */
import { levelOf } from './declared.ts'
import type { ActualKey, ActualWorkspace, DeclaredKey, DeclaredWorkspace, Draft, Limits, Place, Reach } from './declared.ts'

/** By dataset id; a dataset that is still to be made has none that a key could know. */
const levels = (reach: Reach, idOf: (dataset: string) => string = (id) => id): ReadonlyMap<string, number> | null =>
  reach && new Map(reach.map(({ dataset, rights }) => [idOf(dataset), levelOf(rights)]))
const within = (some: ReadonlyMap<string, number> | null, those: ReadonlyMap<string, number> | null): boolean =>
  those === null || some !== null && [...some].every(([dataset, level]) => level <= (those.get(dataset) ?? 0))

const sameLimits = (a: Limits, b: Limits): boolean => a.expiresAt?.getTime() === b.expiresAt?.getTime() && a.rateLimit === b.rateLimit && sameSet(a.allowedIps, b.allowedIps)
const sameSet = (a: readonly string[] | null, b: readonly string[] | null): boolean => a === null || b === null ? a === b : JSON.stringify([...a].sort()) === JSON.stringify([...b].sort())

/** @param ends whether the keys that this account made end by what is planned already */
export const planKeys = (
  workspace: DeclaredWorkspace, at: Place, there: ActualWorkspace | undefined, ends: (accountId: string) => boolean, now: number, { steps, notes, problems }: Draft,
): void => {
  const label = (key: string): string => `key ${key} in ${at.name}`
  for (const [name, { id }] of there?.keys ?? []) {
    if (!workspace.keys.some((key) => key.name === name)) steps.push({ do: 'remove-key', at, name, id, line: `- ${label(name)} (no longer declared)` })
  }
  for (const key of workspace.keys) {
    const unknown = (key.reach ?? []).map(({ dataset }) => dataset).filter((name) => !workspace.datasets.some((one) => one.name === name) && !there?.datasets.has(name))
    for (const name of unknown) problems.push(`${label(key.name)}: there is no dataset ${name}; declare it`)
    const found = there?.keys.get(key.name)
    if (!found && there?.foreignKeys.has(key.name)) problems.push(`${label(key.name)}: there is a key of this name that was not made from here; give it another name`)
    else if (found && !ends(found.createdBy)) planChange(key, found, label(key.name))
    // Whoever deletes a key because its secret got out must not find it back after the next start.
    else if (!found && there?.deletedKeys.has(key.name)) notes.push(`${label(key.name)}: was made from here and has been deleted since, so it stays deleted; declare one of another name`)
    else if (key.expiresAt && key.expiresAt.getTime() <= now) notes.push(`${label(key.name)}: has expired, so it is not made`)
    else steps.push({ do: 'make-key', at, owner: workspace.owner, key, line: `+ ${label(key.name)}${found ? ' (again: whoever made it makes keys no more)' : ''}` })
  }

  function planChange(key: DeclaredKey, found: ActualKey, name: string): void {
    const [before, after] = [levels(found.reach), levels(key.reach, (dataset) => there?.datasets.get(dataset)?.id ?? `to be made: ${dataset}`)]
    const reach = !(within(after, before) && within(before, after))
    if (reach && !within(after, before)) {
      problems.push(`${name}: would widen; give it another name`)
      return
    }
    const [limits, secret] = [!sameLimits(key, found), found.secretIsDeclared === false && !found.secretWasReplaced]
    if (found.secretWasReplaced) notes.push(`${name}: has been given another secret since, so the declared one stays refused; declare another`)
    const what = [...reach ? ['reaches less'] : [], ...limits ? ['other limits'] : [], ...secret ? ['another secret'] : []]
    if (what.length > 0) steps.push({ do: 'change-key', at, id: found.id, key, reach, limits, secret, line: `~ ${name}: ${what.join(', ')}` })
  }
}
