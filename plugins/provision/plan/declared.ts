/** What is declared, and what is there, as plain values: all that a plan is made of. */
import type { Right } from '../../api-keys/ports.ts'
import type { Role } from '../../auth/ports.ts'

/** Each contains those before it. */
export const RIGHTS = ['retrieve', 'read', 'write', 'manage'] as const satisfies readonly Right[]
export const levelOf = (rights: readonly Right[]): number => Math.max(0, ...rights.map((right) => RIGHTS.indexOf(right) + 1))

/** By dataset: its name where it is declared, its id where it is there. Null: the whole workspace. */
export type Reach = readonly { readonly dataset: string; readonly rights: readonly Right[] }[] | null

/** Addresses are in lower case. */
export interface Person { readonly email: string; readonly name: string; readonly password: string | undefined; readonly suspended: boolean }
export interface Limits { readonly expiresAt: Date | null; readonly allowedIps: readonly string[] | null; readonly rateLimit: number | null }
export interface DeclaredKey extends Limits { readonly name: string; readonly reach: Reach; readonly secret: string | undefined }
/** Without `tags` those that are there are left alone. */
export interface DeclaredDataset { readonly name: string; readonly technique: 'high_quality' | 'economy' | undefined; readonly tags: readonly string[] | undefined }
export interface ActualDataset { readonly id: string; readonly made: boolean; readonly tags: readonly string[]; /** Of these, those that were put there from here. */ readonly madeTags: readonly string[] }
export interface DeclaredWorkspace {
  readonly name: string
  readonly owner: string
  /** Undefined: as it is, where it was not made from here. */
  readonly archived: boolean | undefined
  readonly members: readonly { readonly email: string; readonly role: Exclude<Role, 'owner'> }[]
  readonly datasets: readonly DeclaredDataset[]
  readonly keys: readonly DeclaredKey[]
}
export interface Declared {
  readonly owner: string | undefined
  /** Each one once, owner and members. */
  readonly people: readonly Person[]
  readonly workspaces: readonly DeclaredWorkspace[]
}

export interface ActualAccount { readonly id: string; readonly suspended: boolean; readonly made: boolean }
export interface ActualKey extends Limits {
  readonly id: string
  readonly createdBy: string
  readonly reach: Reach
  /** Whether its secret is the declared one; undefined where none is declared. */
  readonly secretIsDeclared: boolean | undefined
  /** Whether it had the declared one, and was given another by somebody else. */
  readonly secretWasReplaced: boolean
}
export interface ActualWorkspace {
  readonly id: string
  /** As it is declared, or was. */
  readonly name: string
  readonly made: boolean
  readonly archived: boolean
  readonly members: readonly { readonly id: string; readonly email: string; readonly role: Role; readonly made: boolean }[]
  /** Addresses of members that were made from here and have left. */
  readonly lost: readonly string[]
  /** By the name that is declared, or was when it was made. */
  readonly datasets: ReadonlyMap<string, ActualDataset>
  /** Those that were made from here. */
  readonly keys: ReadonlyMap<string, ActualKey>
  /** Of those that were made from here and deleted by somebody else. */
  readonly deletedKeys: ReadonlySet<string>
  /** Names of others. */
  readonly foreignKeys: ReadonlySet<string>
}
export interface Actual {
  readonly empty: boolean
  readonly accounts: ReadonlyMap<string, ActualAccount>
  readonly workspaces: readonly ActualWorkspace[]
  /** Names that several workspaces have, so that nobody knows which one is meant. */
  readonly ambiguous: ReadonlySet<string>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Where something is: a workspace that is there, or that an earlier step makes. */
export interface Place { readonly name: string; readonly id: string | undefined }
export type Deed =
  | { readonly do: 'make-account'; readonly person: Person }
  /** The first account of an empty server, with a workspace. */
  | { readonly do: 'set-up'; readonly person: Person; readonly workspace: string }
  | { readonly do: 'suspend'; readonly email: string; readonly suspended: boolean }
  | { readonly do: 'make-workspace'; readonly name: string; readonly owner: string }
  | { readonly do: 'archive'; readonly at: Place; readonly archived: boolean }
  | { readonly do: 'set-role'; readonly at: Place; readonly email: string; readonly id: string | undefined; readonly role: Role; readonly joins: boolean }
  | { readonly do: 'remove-member'; readonly at: Place; readonly email: string; readonly id: string }
  | { readonly do: 'make-dataset'; readonly at: Place; readonly owner: string; readonly dataset: DeclaredDataset }
  | { readonly do: 'tag'; readonly at: Place; readonly owner: string; readonly dataset: string; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly do: 'make-key'; readonly at: Place; readonly owner: string; readonly key: DeclaredKey }
  | { readonly do: 'change-key'; readonly at: Place; readonly id: string; readonly key: DeclaredKey; readonly reach: boolean; readonly limits: boolean; readonly secret: boolean }
  | { readonly do: 'remove-key'; readonly at: Place; readonly name: string; readonly id: string }
export type Step = Deed & { readonly line: string }
export interface Plan {
  readonly steps: readonly Step[]
  /** What is left as it is, and why. */
  readonly notes: readonly string[]
  /** Where there is one, nothing is done. */
  readonly problems: readonly string[]
}
/** A plan while it is made. */
export interface Draft { steps: Step[]; notes: string[]; problems: string[] }
