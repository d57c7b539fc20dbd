/**
 * What each role may do: the only place that says so. A pattern is `<resource>:<verb>`, `*` standing for any word, and one that begins
 * with `!` takes away; so every permission that a plugin declares is decided for every role, a third party's too: what no pattern names
 * is left to owners and admins.
 */
export const ROLES = ['owner', 'admin', 'editor', 'normal', 'dataset_operator'] as const
export type Role = typeof ROLES[number]
/** Those that are given and taken; the owner changes by a transfer only. */
export type GivenRole = Exclude<Role, 'owner'>
export const isGivenRole = (name: string): name is GivenRole => name !== 'owner' && (ROLES as readonly string[]).includes(name)

const own = ['account:*', 'session:*']
const knowledge = ['dataset:*', 'document:*', 'segment:*', 'child-chunk:*', 'metadata:*', 'tag:*', 'file:*']
const apps = ['app:*', 'annotation:*', 'conversation:*', 'message:*', 'feedback:*', 'end-user:*']
/** What people said to an app is for those who build it. */
const confidential = ['!conversation:*', '!message:*', '!feedback:*', '!end-user:*', '!app-file:*']
const look = ['*:read', '*:list', '*:retrieve', '!audit-log:*']

export const roles: Readonly<Record<Role, readonly string[]>> = {
  owner: ['*:*'],
  admin: ['*:*', '!workspace:transfer'],
  editor: [...own, ...look, ...knowledge, ...apps],
  dataset_operator: [...own, ...look, ...knowledge, '!dataset:share', '!app:*', '!app-key:*', '!annotation:*', ...confidential],
  normal: [...own, ...look, ...confidential],
}

const fits = (pattern: string, permission: string): boolean => {
  const [resource = '', verb = ''] = permission.split(':')
  const [anyResource, anyVerb] = pattern.split(':')
  return (anyResource === '*' || anyResource === resource) && (anyVerb === '*' || anyVerb === verb)
}
export const mayRole = (role: Role, permission: string): boolean =>
  roles[role].some((pattern) => fits(pattern, permission)) && !roles[role].some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), permission))
