/** What other plugins may ask about accounts and workspaces. */
import { definePort } from '../../core/index.ts'

export interface WorkspaceOwner { readonly accountId: string; readonly name: string; readonly email: string }
export interface NewOwner { readonly email: string; readonly name: string; readonly password: string; readonly workspace?: string; readonly language?: string }

export interface Accounts {
  /** Whether any account exists: a server without one still waits for its set-up. */
  exist(): Promise<boolean>
  /** Makes the first owner and workspace; undefined, and nothing done, where an account exists already (safe when raced). */
  setup(owner: NewOwner): Promise<{ readonly accountId: string; readonly workspaceId: string } | undefined>
  /** The account as which a workspace's keys act; undefined where the workspace is gone, archived, or without an active owner. */
  owner(workspaceId: string): Promise<WorkspaceOwner | undefined>
}
export const accounts = definePort<Accounts>('accounts')
