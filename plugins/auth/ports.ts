/** What other plugins may ask about accounts and workspaces, and who must act when a member may do less. */
import { definePort } from '../../core/index.ts'
import type { Role } from './roles.ts'

export type { Role }
export interface WorkspaceOwner { readonly accountId: string; readonly name: string; readonly email: string; readonly workspaceName: string }
export interface NewOwner { readonly email: string; readonly name: string; readonly password: string; readonly workspace?: string; readonly language?: string }
export interface NewAccount { readonly email: string; readonly name: string; readonly password?: string }
export interface KnownAccount { readonly accountId: string; readonly email: string; readonly name: string; readonly suspended: boolean }
export interface KnownWorkspace { readonly workspaceId: string; readonly name: string; readonly archived: boolean }
export interface KnownMember { readonly accountId: string; readonly email: string; readonly name: string; readonly role: Role }

export interface Accounts {
  /** Whether any account exists: a server without one still waits for its set-up. */
  exist(): Promise<boolean>
  /** Makes the first owner and workspace; undefined, and nothing done, where an account exists already (safe when raced). */
  setup(owner: NewOwner): Promise<{ readonly accountId: string; readonly workspaceId: string } | undefined>
  /** The account as which a workspace's keys act; undefined where the workspace is gone, archived, or without an active owner. */
  owner(workspaceId: string): Promise<WorkspaceOwner | undefined>
  /** Whether the account is active, a member of the workspace, and of a role that holds the permission. */
  may(workspaceId: string, accountId: string, permission: string): Promise<boolean>

  /** By e-mail address, whatever its case. */
  find(email: string): Promise<KnownAccount | undefined>
  /** Every workspace, the oldest first. */
  workspaces(): Promise<readonly KnownWorkspace[]>
  /** Those who have joined, the oldest first. */
  members(workspaceId: string): Promise<readonly KnownMember[]>
  /** Of these accounts, the names of those that are members; remembered for some seconds. */
  names(workspaceId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Makes an active account; without a password it cannot sign in by one. Throws 400 where the address is taken. */
  createAccount(account: NewAccount): Promise<{ readonly accountId: string }>
  /** Makes a workspace with its owner. */
  createWorkspace(name: string, ownerId: string): Promise<{ readonly workspaceId: string }>
  /**
   * Adds, changes or, with null, removes a member. A new owner makes the old one an admin; the owner itself can be neither removed nor
   * given another role (400). Whatever the member may not do any more has ended everywhere once this has committed.
   */
  setRole(workspaceId: string, accountId: string, role: Role | null): Promise<void>
  /** Ends or lifts the suspension of an account. It ends its sessions and, for good, the keys that it made. */
  suspend(accountId: string, suspended: boolean): Promise<void>
  /** An archived workspace takes neither sessions nor keys until it is in use again. */
  archive(workspaceId: string, archived: boolean): Promise<void>
}
export const accounts = definePort<Accounts>('accounts')

/** What became of a row that was made elsewhere, or would become: `there` and `changed` are here already, the latter with other content. */
export interface Imported {
  /** That of the row here. */
  readonly id: string
  readonly state: 'new' | 'there' | 'changed' | 'skipped'
  /** Why it is skipped, in what it differs, or what is to be known of it. */
  readonly why?: string
}
export interface ImportedWorkspace { readonly id: string; readonly name: string; readonly archived: boolean; readonly createdAt: Date }
export interface ImportedAccount {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly status: 'active' | 'banned' | 'closed'
  readonly language?: string
  readonly timezone?: string
  readonly createdAt: Date
}
export interface ImportedMember { readonly workspaceId: string; readonly accountId: string; readonly role: Role }
/**
 * Brings what was made elsewhere, with its ids. What is here already stays as it is. Each answer is in the order of the rows; without
 * `apply` it only says what would be done.
 */
export interface AccountImport {
  workspaces(rows: readonly ImportedWorkspace[], apply: boolean): Promise<readonly Imported[]>
  /** Without passwords. Where somebody here has the address, that is the account. */
  accounts(rows: readonly ImportedAccount[], apply: boolean): Promise<readonly Imported[]>
  /** Of accounts and workspaces that are here, or would be. The id is that of the account. */
  members(rows: readonly ImportedMember[], apply: boolean): Promise<readonly Imported[]>
}
export const accountImport = definePort<AccountImport>('accountImport')

/** Who must act in the transaction that takes something from a member or a workspace. What throws prevents it. */
export interface MemberLifecycle {
  /** @param can what the member may do in this workspace from now on: nothing, where it was removed or suspended */
  lessening(member: { readonly workspaceId: string; readonly accountId: string }, can: (permission: string) => boolean): Promise<void>
  /** Another account owns the workspace, or it comes in or out of use. */
  ownerChanging(workspaceId: string): Promise<void>
}
export const memberLifecycle = definePort<MemberLifecycle>('memberLifecycle', { many: true })
