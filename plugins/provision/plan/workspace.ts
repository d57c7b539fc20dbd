/** One workspace of a plan: who belongs to it, and what is in it. */
import type { Role } from '../../auth/ports.ts'
import type { Actual, ActualDataset, ActualWorkspace, Declared, DeclaredDataset, DeclaredWorkspace, Draft, Place, Step } from './declared.ts'
import { planKeys } from './keys.ts'

/** Whoever has a role of a lower rank may do less; those of one rank may do the same. */
const rank: Readonly<Record<Role, number>> = { normal: 0, dataset_operator: 1, editor: 1, admin: 2, owner: 3 }
/** Whose keys live: see `roles.ts` of `auth`. */
const makesKeys = (role: Role | undefined): boolean => role === 'owner' || role === 'admin'

/** Returns what is to be done at the very end. @param isFirst whether it is made with the owner of an empty server */
export const planWorkspace = (workspace: DeclaredWorkspace, declared: Declared, actual: Actual, draft: Draft, isFirst: boolean): Step[] => {
  const { name, owner } = workspace
  const there = actual.workspaces.find((one) => one.name === name)
  const at: Place = { name, id: there?.id }
  if (!declared.people.some(({ email }) => email === owner) && !actual.accounts.has(owner)) draft.problems.push(`workspace ${name}: its owner ${owner} has no account; declare it`)
  else if (!declared.people.some(({ email }) => email === owner) && actual.accounts.get(owner)?.suspended) draft.problems.push(`workspace ${name}: its owner ${owner} is suspended`)
  if (!there && !isFirst) draft.steps.push({ do: 'make-workspace', name, owner, line: `+ workspace ${name}` })
  const roles = planMembers(workspace, at, there, draft)
  for (const dataset of workspace.datasets) {
    if (!there?.datasets.has(dataset.name)) draft.steps.push({ do: 'make-dataset', at, owner, dataset, line: `+ dataset ${dataset.name} in ${name}` })
    planTags(dataset, at, owner, there?.datasets.get(dataset.name), draft)
  }
  for (const [left, { made }] of there?.datasets ?? []) {
    if (made && !workspace.datasets.some((one) => one.name === left)) draft.notes.push(`dataset ${left} in ${name}: is no longer declared, and is left alone`)
  }
  const suspended = new Set(declared.people.filter((person) => person.suspended).map(({ email }) => email))
  /** Whether the keys that this account made end by what is planned. */
  const ends = (accountId: string): boolean => {
    const member = there?.members.find(({ id }) => id === accountId)
    return member !== undefined && (!makesKeys(roles.get(member.email)) || suspended.has(member.email))
  }
  planKeys(workspace, at, there, ends, actual.now, draft)
  return archiving(workspace, at, there, draft)
}

const planTags = ({ name, tags: declared }: DeclaredDataset, at: Place, owner: string, there: ActualDataset | undefined, { steps }: Draft): void => {
  if (!declared) return
  const [add, remove] = [declared.filter((tag) => !there?.tags.includes(tag)), (there?.madeTags ?? []).filter((tag) => !declared.includes(tag))]
  const what = [...add.map((tag) => `+${tag}`), ...remove.map((tag) => `-${tag}`)]
  if (what.length > 0) steps.push({ do: 'tag', at, owner, dataset: name, add, remove, line: `~ dataset ${name} in ${at.name}: tags ${what.join(' ')}` })
}

/** Returns the roles as they will be, by address. */
const planMembers = ({ name, owner, members }: DeclaredWorkspace, at: Place, there: ActualWorkspace | undefined, { steps, problems }: Draft): Map<string, Role> => {
  const before = new Map((there?.members ?? []).map((member) => [member.email, member]))
  const roles = new Map<string, Role>([...before].map(([email, { role }]) => [email, role]))
  const line = (sign: string, email: string, what = ''): string => `${sign} member ${email} in ${name}${what}`
  const old = [...before.values()].find(({ role }) => role === 'owner')
  if (there && old?.email !== owner) {
    if (!there.made) problems.push(`workspace ${name}: belongs to ${old?.email ?? 'nobody'}, and was not made from here; declare its owner, or let it be given to ${owner} first`)
    else {
      const joins = !before.has(owner)
      steps.push({ do: 'set-role', at, email: owner, id: before.get(owner)?.id, role: 'owner', joins, line: `~ workspace ${name}: owner ${old?.email ?? 'nobody'} → ${owner}` })
      if (old) roles.set(old.email, 'admin')
    }
  }
  roles.set(owner, 'owner')
  for (const { email, role } of members) {
    const [is, made] = [roles.get(email), before.get(email)?.made ?? true]
    if (email === owner) problems.push(`member ${email} in ${name}: is its owner; leave it out of the members`)
    else if (is !== role && !made && rank[role] < rank[is ?? 'normal']) problems.push(`member ${email} in ${name}: is ${is ?? 'none'} and would become ${role}, but was not made from here; change it by hand`)
    else if (is !== role) {
      steps.push({ do: 'set-role', at, email, id: before.get(email)?.id, role, joins: is === undefined, line: is === undefined ? line('+', email, `: ${role}`) : line('~', email, `: ${is} → ${role}`) })
      roles.set(email, role)
    }
  }
  for (const { email, id, made } of before.values()) {
    if (!made || email === owner || members.some((member) => member.email === email)) continue
    steps.push({ do: 'remove-member', at, email, id, line: line('-', email, ' (no longer declared)') })
    roles.delete(email)
  }
  return roles
}

const archiving = ({ name, archived }: DeclaredWorkspace, at: Place, there: ActualWorkspace | undefined, { problems }: Draft): Step[] => {
  const made = there?.made ?? true
  const [is, shall] = [there?.archived ?? false, archived ?? (made ? false : there?.archived ?? false)]
  if (is === shall) return []
  if (shall && !made) {
    problems.push(`workspace ${name}: is in use, and was not made from here; archive it by hand, or declare it as it is`)
    return []
  }
  return [{ do: 'archive', at, archived: shall, line: `~ workspace ${name}: ${shall ? 'archived' : 'in use again'}` }]
}

/** A workspace that was made from here and is declared no more: who and what was let in leaves again, the data stays. */
export const planLeft = ({ id, name, made, members, keys }: ActualWorkspace, { steps, notes }: Draft): void => {
  const at: Place = { name, id }
  for (const [key, one] of keys) steps.push({ do: 'remove-key', at, name: key, id: one.id, line: `- key ${key} in ${name} (no longer declared)` })
  for (const member of members) {
    if (member.made && member.role !== 'owner') steps.push({ do: 'remove-member', at, email: member.email, id: member.id, line: `- member ${member.email} in ${name} (no longer declared)` })
  }
  if (made) notes.push(`workspace ${name}: is no longer declared, and is left alone with its owner and its data`)
}
