/** From what is declared and what is there to what is to be done. Pure: nothing is looked up, nothing is changed. */
import type { Actual, Declared, Draft, Person, Plan } from './declared.ts'
import { planLeft, planWorkspace } from './workspace.ts'

export const plan = (declared: Declared, actual: Actual): Plan => {
  const draft: Draft = { steps: [], notes: [], problems: [] }
  if (actual.empty && declared.owner === undefined) draft.problems.push('owner: this server is empty; declare its owner, of whom its first workspace will be')
  const first = actual.empty ? setUp(declared, draft) : undefined
  planPeople(declared, actual, draft)
  // Whom a workspace needs comes before it, and who is suspended was a member before.
  const suspending = draft.steps.filter((step) => step.do === 'suspend' && step.suspended)
  draft.steps = draft.steps.filter((step) => !suspending.includes(step))
  const archiving: Draft['steps'] = []
  for (const workspace of declared.workspaces) {
    if (actual.ambiguous.has(workspace.name)) {
      draft.problems.push(`workspace ${workspace.name}: there are several of this name; rename all but one of them`)
      continue
    }
    archiving.push(...planWorkspace(workspace, declared, actual, draft, workspace.name === first))
  }
  for (const left of actual.workspaces) if (!declared.workspaces.some(({ name }) => name === left.name)) planLeft(left, draft)
  draft.steps.push(...suspending, ...archiving)
  return draft
}

/** The name of the workspace that is made with the owner. */
const setUp = ({ owner, people, workspaces }: Declared, { steps }: Draft): string | undefined => {
  const person = people.find(({ email }) => email === owner)
  if (!person) return undefined
  const first = workspaces.find((one) => one.owner === owner)?.name
  const workspace = first ?? `${person.name}'s workspace`
  steps.push({ do: 'set-up', person, workspace, line: `+ account ${person.email} (the owner${first === undefined ? `, with the workspace ${workspace}` : ''})` })
  if (first !== undefined) steps.push({ do: 'make-workspace', name: first, owner: person.email, line: `+ workspace ${first}` })
  return first
}

const planPeople = ({ owner, people, workspaces }: Declared, actual: Actual, { steps, problems }: Draft): void => {
  const owns = (person: Person): boolean => workspaces.some((one) => one.owner === person.email)
  for (const person of people) {
    const there = actual.accounts.get(person.email)
    if (person.suspended && owns(person)) problems.push(`account ${person.email}: owns a workspace, so it cannot be suspended`)
    if (!there) {
      if (!actual.empty || person.email !== owner) steps.push({ do: 'make-account', person, line: `+ account ${person.email}` })
      if (person.suspended) steps.push({ do: 'suspend', email: person.email, suspended: true, line: `~ account ${person.email}: suspended` })
    } else if (there.suspended !== person.suspended) {
      if (!there.made) problems.push(`account ${person.email}: is ${there.suspended ? '' : 'not '}suspended, and was not made from here; ${there.suspended ? 'restore' : 'suspend'} it by hand, or declare it as it is`)
      else steps.push({ do: 'suspend', email: person.email, suspended: person.suspended, line: `~ account ${person.email}: ${person.suspended ? 'suspended' : 'restored'}` })
    }
  }
}

/** The plan as text, a line for each thing. */
export const linesOf = ({ steps, notes, problems }: Plan): string[] => [
  ...problems.map((line) => `! ${line}`), ...steps.map(({ line }) => line), ...notes.map((line) => `. ${line}`),
  ...steps.length + problems.length === 0 ? ['= nothing to do'] : [],
]
