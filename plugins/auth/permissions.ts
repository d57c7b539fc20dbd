export const permissions = {
  'account:read': "See one's own account and its workspaces",
  'session:end': "End one's own session",
  'workspace:read': 'See the current workspace',
}
