/** What was made from the configuration: nothing else is ever taken away again. */
import { database, service } from '../../../core/index.ts'
import type { ProvisionedRow } from '../models/provisioned.ts'

export type Kind = ProvisionedRow['kind']
export interface Records {
  all(): Promise<readonly ProvisionedRow[]>
  /** Instead of what was made under this name before. */
  made(kind: Kind, workspaceId: string | null, name: string, id: string): Promise<void>
  gone(kind: Kind, workspaceId: string | null, name: string): Promise<void>
}

const NONE = `'00000000-0000-0000-0000-000000000000'`
export const records = service('provision.records', {
  uses: { db: database },
  create: ({ db }): Records => ({
    all: () => db.query<ProvisionedRow>('SELECT * FROM provisioned ORDER BY made_at, name'),
    made: async (kind, workspaceId, name, id) => {
      await db.query(
        `INSERT INTO provisioned (kind, workspace_id, name, id, made_at) VALUES ($1, $2, $3, $4, now())
         ON CONFLICT (kind, coalesce(workspace_id, ${NONE}), name) DO UPDATE SET id = excluded.id, made_at = excluded.made_at`, [kind, workspaceId, name, id])
    },
    gone: async (kind, workspaceId, name) => {
      await db.query('DELETE FROM provisioned WHERE kind = $1 AND workspace_id IS NOT DISTINCT FROM $2::uuid AND name = $3', [kind, workspaceId, name])
    },
  }),
})
