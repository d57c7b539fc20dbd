import type { WorkspaceRow } from '../models/workspace.ts'
import type { Role } from '../roles.ts'
import { seconds } from '../schemas/account.ts'
import type { CurrentWorkspace } from '../schemas/account.ts'

/** A workspace as one of its members sees it. */
export const presentWorkspace = ({ id, name, plan, status, created_at, role }: WorkspaceRow & { readonly role: Role }): CurrentWorkspace =>
  ({ id, name, plan, status, created_at: seconds(created_at), role, in_trial: null, trial_end_reason: null, custom_config: null })
