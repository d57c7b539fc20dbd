import type { KeyType } from './ports.ts'

export const permissions = {
  'api-key:read': 'See the API keys, masked',
  'api-key:create': 'Make API keys',
  'api-key:update': 'Change and rotate API keys',
  'api-key:delete': 'Delete API keys',
}

/**
 * The most that a key of each type may ever hold, whatever the scoping strategy: the only place that says so. Accounts, members, keys
 * and the workspace itself are not among it, so a leaked key cannot make itself another.
 */
const holdable: Readonly<Record<KeyType, readonly string[]>> = {
  app: ['app:run', 'app-file:*', 'end-user:read', 'conversation:*', 'message:*', 'feedback:list', 'annotation:*'],
  dataset: ['dataset:*', 'document:*', 'segment:*', 'child-chunk:*', 'metadata:*', 'tag:*', 'file:*', 'model:read', 'model:list'],
}

export const mayHold = (type: KeyType, permission: string): boolean =>
  holdable[type].some((pattern) => pattern === permission || (pattern.endsWith(':*') && permission.startsWith(pattern.slice(0, -1))))
