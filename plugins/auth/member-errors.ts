import { defineErrors } from '../../core/index.ts'

/** The words with hyphens are those that clients of members know. */
export const memberErrors = defineErrors({
  cannotOperateSelf: [400, 'cannot-operate-self', 'Nobody can do this to themselves. Ask another owner or admin of the workspace.'],
  ownerUntouchable: [403, 'forbidden', 'The owner can be neither removed nor given another role. The owner can give the workspace to another member.'],
  ownerStays: [400, 'owner-stays', 'The owner can be neither removed nor given another role. Make another member the owner first.'],
  memberMissing: [404, 'member-not-found', 'This workspace has no such member.'],
  roleAlreadyAssigned: [400, 'role-already-assigned', 'The member has this role already.'],
  invalidRole: [400, 'invalid-role', 'There is no such role to give. Choose admin, editor, normal or dataset_operator; the owner changes by a transfer only.'],
  invalidInvitation: [400, 'invalid_invitation', 'This invitation is unknown, used, replaced or expired. Ask for another one.'],
  nameMissing: [400, 'invalid_param', 'An account that joins its first workspace needs a name. Send name with 1 to 30 characters.'],
  notLinked: [400, 'account_not_link_tenant', 'The account is no member of that workspace, or the workspace is archived. Choose one of /console/api/workspaces.'],
  addressTaken: [400, 'email_already_in_use', 'There is an account with this e-mail address already. Use it, or choose another address.'],
  accountMissing: [404, 'account_not_found', 'There is no such account.'],
  accountNotActive: [400, 'account_not_active', 'This account is not active: it is invited, suspended or closed.'],
  workspaceMissing: [404, 'workspace_not_found', 'There is no such workspace.'],
})
