/** What was made from the configuration: nothing else is ever taken away again. */
import { createHmac } from 'node:crypto'
import { database, deriveKey, serverConfig, service } from '../../../core/index.ts'
import type { ProvisionedRow } from '../models/provisioned.ts'

export type Kind = ProvisionedRow['kind']
export interface Records {
  all(): Promise<readonly ProvisionedRow[]>
  /** Instead of what was made under this name before. @param secret that is declared for it */
  made(kind: Kind, workspaceId: string | null, name: string, id: string, secret?: string): Promise<void>
  /** HMAC-SHA-256, hex: whether a declared secret is the one from before can be told, and nothing else. */
  mark(secret: string): string
  gone(kind: Kind, workspaceId: string | null, name: string): Promise<void>
}

/** The name under which a tag of a dataset is recorded. */
export const tagRecord = (datasetId: string, tag: string): string => `${datasetId} ${tag}`

const NONE = `'00000000-0000-0000-0000-000000000000'`
export const records = service('provision.records', {
  uses: { db: database, server: serverConfig },
  create: ({ db, server }): Records => {
    const key = deriveKey(server, 'declared secret')
    const mark = (secret: string): string => createHmac('sha256', key).update(secret).digest('hex')
    return {
      all: () => db.query<ProvisionedRow>('SELECT * FROM provisioned ORDER BY made_at, name'),
      mark,
      made: async (kind, workspaceId, name, id, secret) => {
        await db.query(
          `INSERT INTO provisioned (kind, workspace_id, name, id, secret_mark, made_at) VALUES ($1, $2, $3, $4, $5, now())
           ON CONFLICT (kind, coalesce(workspace_id, ${NONE}), name) DO UPDATE SET id = excluded.id, secret_mark = excluded.secret_mark, made_at = excluded.made_at`,
          [kind, workspaceId, name, id, secret === undefined ? null : mark(secret)])
      },
      gone: async (kind, workspaceId, name) => {
        await db.query('DELETE FROM provisioned WHERE kind = $1 AND workspace_id IS NOT DISTINCT FROM $2::uuid AND name = $3', [kind, workspaceId, name])
      },
    }
  },
})
