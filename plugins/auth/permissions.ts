export const permissions = {
  'account:read': "See one's own account and its workspaces",
  'account:update': "Change one's own account, and in which workspace it works",
  'session:end': "End one's own session",
  'workspace:read': 'See the current workspace',
  'workspace:update': 'Rename the workspace',
  'workspace:transfer': 'Give the workspace to another member',
  'member:list': 'See the members of the workspace',
  'member:invite': 'Invite members',
  'member:update': 'Give members another role',
  'member:remove': 'Remove members',
}
