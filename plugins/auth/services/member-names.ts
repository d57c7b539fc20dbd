/** What members are called, for those who show it beside something else: asked with every such page, and seldom another than before. */
import { LRUCache } from 'lru-cache'
import { database, service } from '../../../core/index.ts'

/** Of these accounts, the names of those that are members of the workspace; up to `KNOWN` old. */
export interface MemberNames { of(workspaceId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, string>> }

/** Milliseconds. */
const KNOWN = 5_000

export const memberNames = service('auth.memberNames', {
  uses: { db: database },
  create: ({ db }): MemberNames => {
    const known = new LRUCache<string, { readonly name: string | null }>({ max: 10_000, ttl: KNOWN })
    const place = (workspaceId: string, accountId: string): string => `${workspaceId} ${accountId}`
    return {
      of: async (workspaceId, accountIds) => {
        const asked = [...new Set(accountIds)]
        const found = new Map(asked.map((id) => [id, known.get(place(workspaceId, id))]))
        const missing = asked.filter((id) => found.get(id) === undefined)
        if (missing.length > 0) {
          const rows = await db.query<{ id: string; name: string }>(
            'SELECT a.id, a.name FROM workspace_members m JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id = $1 AND m.account_id = ANY ($2::uuid[])', [workspaceId, missing])
          const names = new Map(rows.map(({ id, name }) => [id, name]))
          for (const id of missing) {
            const one = { name: names.get(id) ?? null }
            known.set(place(workspaceId, id), one)
            found.set(id, one)
          }
        }
        return new Map([...found].flatMap(([id, one]) => one === undefined || one.name === null ? [] : [[id, one.name] as const]))
      },
    }
  },
})
