/**
 * What each role may do: the only place that says so. A pattern is `<resource>:<verb>`, `*` standing for any word, so every permission
 * that a plugin declares is decided for every role, a third party's too: what no pattern names is left to owners and admins.
 */
export type Role = 'owner' | 'admin' | 'editor' | 'normal' | 'dataset_operator'

const own = ['account:*', 'session:*']
const knowledge = ['dataset:*', 'document:*', 'segment:*', 'child-chunk:*', 'metadata:*', 'tag:*', 'file:*']
const look = ['*:read', '*:list', '*:retrieve']

export const roles: Readonly<Record<Role, readonly string[]>> = {
  owner: ['*:*'],
  admin: ['*:*'],
  editor: [...own, ...look, ...knowledge],
  dataset_operator: [...own, ...look, ...knowledge],
  normal: [...own, ...look],
}

export const mayRole = (role: Role, permission: string): boolean => {
  const [resource = '', verb = ''] = permission.split(':')
  return roles[role].some((pattern) => {
    const [anyResource, anyVerb] = pattern.split(':')
    return (anyResource === '*' || anyResource === resource) && (anyVerb === '*' || anyVerb === verb)
  })
}
