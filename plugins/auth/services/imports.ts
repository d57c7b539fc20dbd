/** Workspaces, accounts and members that were made elsewhere. What is here already is left as it is. */
import { database, service } from '../../../core/index.ts'
import type { AccountStatus } from '../models/account.ts'
import { memberLifecycle } from '../ports.ts'
import type { AccountImport, Imported, ImportedAccount, ImportedMember, ImportedWorkspace } from '../ports.ts'
import { ROLES } from '../roles.ts'
import type { Role } from '../roles.ts'
import { holds } from './holds.ts'
import { members } from './members.ts'

interface KnownAccount { readonly id: string; readonly email: string; readonly name: string; readonly status: AccountStatus }

/** Those of these fields in which two differ, as words; undefined where there are none. */
const differences = (fields: Readonly<Record<string, readonly [there: unknown, here: unknown]>>): string | undefined =>
  Object.entries(fields).flatMap(([name, [there, here]]) => there === here ? [] : [name]).join(', ') || undefined
const compared = (id: string, fields: Parameters<typeof differences>[0]): Imported => {
  const why = differences(fields)
  return why === undefined ? { id, state: 'there' } : { id, state: 'changed', why }
}

const insertWorkspaces = `
  INSERT INTO workspaces (id, name, plan, status, created_at)
  SELECT id, name, 'basic', status, created_at FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS new (id, name, status, created_at)
  ON CONFLICT DO NOTHING RETURNING id`
const insertAccounts = `
  INSERT INTO accounts (id, email, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
  SELECT id, email, name, language, 'light', timezone, status, created_at, now()
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[]) AS new (id, email, name, language, timezone, status, created_at)
  ON CONFLICT DO NOTHING RETURNING id`

export const imports = service('auth.imports', {
  uses: { db: database, holds, members, lifecycle: memberLifecycle },
  create: ({ db, holds, members, lifecycle }): AccountImport => {
    /** Those that a statement did not insert were here after all: twice in one page, or made at the same moment. */
    const refused = (said: readonly Imported[], made: readonly { id: string }[], why: string): Imported[] => {
      const ids = new Set(made.map(({ id }) => id))
      return said.map((one) => one.state === 'new' && !ids.has(one.id) ? { id: one.id, state: 'skipped', why } : one)
    }
    const statusOf = ({ archived }: ImportedWorkspace): string => archived ? 'archive' : 'normal'

    const weighAccount = (row: ImportedAccount, known: readonly KnownAccount[]): Imported => {
      const same = known.find(({ id }) => id === row.id)
      if (same) return compared(row.id, { address: [row.email.toLowerCase(), same.email.toLowerCase()], name: [row.name, same.name], status: [row.status, same.status] })
      const namesake = known.find(({ email }) => email.toLowerCase() === row.email.toLowerCase())
      if (!namesake) return { id: row.id, state: 'new' }
      return namesake.status === 'pending'
        ? { id: row.id, state: 'skipped', why: 'an invitation to this address is open here: let it be accepted, or take it back' }
        : { id: namesake.id, state: 'there' }
    }
    const weighMember = ({ accountId: id, role }: ImportedMember, before: Role | undefined, owner: string | undefined): Imported => {
      if (!ROLES.includes(role)) return { id, state: 'skipped', why: `there is no role "${role as string}" here` }
      if (before !== undefined) return compared(id, { role: [role, before] })
      return role === 'owner' && owner !== undefined
        ? { id, state: 'skipped', why: 'the workspace has another owner here: make this account a member, and transfer the workspace' } : { id, state: 'new' }
    }
    const roleOf = async ({ workspaceId, accountId }: ImportedMember): Promise<{ before: Role | undefined; owner: string | undefined }> => {
      const [row] = await db.query<{ before: Role | null; owner: string | null }>(
        `SELECT (SELECT role FROM workspace_members WHERE workspace_id = $1 AND account_id = $2) AS before,
           (SELECT account_id FROM workspace_members WHERE workspace_id = $1 AND role = 'owner') AS owner`, [workspaceId, accountId])
      return { before: row?.before ?? undefined, owner: row?.owner ?? undefined }
    }
    const join = (member: ImportedMember): Promise<Imported> => db.transaction(async () => {
      const { workspaceId, accountId, role } = member
      if (!await holds.workspace(workspaceId) || !await holds.account(accountId)) return { id: accountId, state: 'skipped', why: 'its workspace or its account is not here' }
      const { before, owner } = await roleOf(member)
      const said = weighMember(member, before, owner)
      if (said.state !== 'new') return said
      await members.join(workspaceId, accountId, role)
      if (role === 'owner') for (const one of lifecycle.values()) await one.ownerChanging(workspaceId)
      return said
    })

    return {
      workspaces: async (rows, apply) => {
        const found = await db.query<{ id: string; name: string; status: string }>('SELECT id, name, status FROM workspaces WHERE id = ANY ($1::uuid[])', [rows.map(({ id }) => id)])
        const known = new Map(found.map((one) => [one.id, one]))
        const said = rows.map((row): Imported => {
          const here = known.get(row.id)
          return here ? compared(row.id, { name: [row.name, here.name], status: [statusOf(row), here.status] }) : { id: row.id, state: 'new' }
        })
        const fresh = rows.filter((_, index) => said[index]?.state === 'new')
        if (!apply || fresh.length === 0) return said
        return refused(said, await db.query<{ id: string }>(insertWorkspaces,
          [fresh.map(({ id }) => id), fresh.map(({ name }) => name), fresh.map(statusOf), fresh.map(({ createdAt }) => createdAt)]), 'somebody made it here at the same moment')
      },
      accounts: async (rows, apply) => {
        const known = await db.query<KnownAccount>('SELECT id, email, name, status FROM accounts WHERE id = ANY ($1::uuid[]) OR lower(email) = ANY (SELECT lower(address) FROM unnest($2::text[]) AS address)',
          [rows.map(({ id }) => id), rows.map(({ email }) => email)])
        const said = rows.map((row) => weighAccount(row, known))
        const fresh = rows.filter((_, index) => said[index]?.state === 'new')
        if (!apply || fresh.length === 0) return said
        return refused(said, await db.query<{ id: string }>(insertAccounts, [
          fresh.map(({ id }) => id), fresh.map(({ email }) => email), fresh.map(({ name }) => name), fresh.map(({ language = 'en-US' }) => language),
          fresh.map(({ timezone = 'UTC' }) => timezone), fresh.map(({ status }) => status), fresh.map(({ createdAt }) => createdAt),
        ]), 'another account has its address')
      },
      members: async (rows, apply) => {
        const said: Imported[] = []
        for (const row of rows) {
          if (apply) said.push(await join(row))
          else {
            const { before, owner } = await roleOf(row)
            said.push(weighMember(row, before, owner))
          }
        }
        return said
      },
    }
  },
})
