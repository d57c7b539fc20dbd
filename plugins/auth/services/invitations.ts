/**
 * Invitations: a token by mail makes an account a member, once, within three days. Whoever invites is shown the token too, so it says
 * nothing of who shows it: it signs in to an account that it has just made active, and to no other.
 */
import { randomUUID } from 'node:crypto'
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { memberErrors } from '../member-errors.ts'
import type { AccountStatus } from '../models/account.ts'
import type { GivenRole } from '../roles.ts'
import { admit } from './admission.ts'
import { holds } from './holds.ts'
import { lessening } from './lessening.ts'
import { members } from './members.ts'
import type { Asking } from './members.ts'
import { passwords } from './passwords.ts'
import type { Tokens } from './sessions.ts'
import { digest, newToken } from './tokens.ts'

const HOURS = 72
/** Days for which an invitation that is over is still shown, so that somebody can send it again. */
const SHOWN = 30

export type Invited =
  | { readonly status: 'success'; readonly token: string; readonly workspaceName: string; readonly inviterName: string }
  | { readonly status: 'already_member' }
  | { readonly status: 'failed' }
export interface Shown { readonly token: string; readonly email?: string | undefined; readonly workspaceId?: string | undefined }
export interface Acceptance extends Shown {
  readonly name?: string | undefined
  readonly password?: string | undefined
  readonly language?: string | undefined
  readonly timezone?: string | undefined
  /** Of the client. */
  readonly address: string
}
export interface Invitations {
  /** Inviting again replaces the token. It fails for an account that is suspended or closed. Throws `forbidden` where whoever asks may not invite any more. */
  invite(asking: Asking, email: string, role: GivenRole): Promise<Invited>
  /** Undefined where the token is unknown, used, replaced or expired, or not for this address or workspace. */
  look(shown: Shown): Promise<{ readonly workspaceId: string; readonly workspaceName: string; readonly email: string } | undefined>
  /**
   * Makes the account a member; of two at once one succeeds. A pending account becomes active, which needs a name, and is signed in;
   * any other stays as it is and resolves to undefined. Throws `invalid_invitation` where {@link look} finds nothing.
   */
  accept(acceptance: Acceptance): Promise<Tokens | undefined>
  /** Removes what is long over; resolves to the number. */
  forget(): Promise<number>
}

interface Found { workspaceId: string; workspaceName: string; accountId: string; email: string; status: AccountStatus }

export const invitations = service('auth.invitations', {
  uses: { db: database, admit, holds, lessening, members, passwords, audit },
  create: ({ db, admit, holds, lessening, members, passwords, audit }): Invitations => {
    const find = async ({ token, email, workspaceId }: Shown): Promise<Found | undefined> => {
      const [row] = await db.query<Found>(
        `SELECT i.workspace_id AS "workspaceId", w.name AS "workspaceName", a.id AS "accountId", a.email, a.status
         FROM invitations i JOIN workspaces w ON w.id = i.workspace_id JOIN accounts a ON a.id = i.account_id
         WHERE i.token_hash = $1 AND i.expires_at > now() AND w.status = 'normal' AND a.status NOT IN ('banned', 'closed')
           AND ($2::text IS NULL OR lower(a.email) = lower($2)) AND ($3::uuid IS NULL OR w.id = $3)`, [digest(token), email ?? null, workspaceId ?? null])
      return row
    }
    /** The account of an address, made where there is none, and held. */
    const accountOf = async (email: string): Promise<{ id: string; status: AccountStatus }> => {
      const [row] = await db.query<{ id: string; status: AccountStatus }>(
        `INSERT INTO accounts (id, email, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
         VALUES ($1, $2, split_part($2, '@', 1), 'en-US', 'light', 'UTC', 'pending', now(), now())
         ON CONFLICT (lower(email)) DO UPDATE SET updated_at = accounts.updated_at RETURNING id, status`, [randomUUID(), email])
      if (!row) throw new Error('an account was neither made nor found')
      return row
    }
    return {
      invite: (asking, email, role) => db.transaction(async () => {
        const { workspaceId, id: inviterId } = asking
        const workspace = await holds.workspace(workspaceId)
        await members.requireStill(asking, 'member:invite')
        const account = await accountOf(email)
        if (account.status === 'banned' || account.status === 'closed') return { status: 'failed' as const }
        if (await members.roleOf(workspaceId, account.id) !== undefined) return { status: 'already_member' as const }
        const token = newToken()
        await db.query(
          `INSERT INTO invitations (workspace_id, account_id, role, token_hash, invited_by, expires_at, created_at)
           VALUES ($1, $2, $3, $4, $5, now() + ${HOURS} * interval '1 hour', now())
           ON CONFLICT (workspace_id, account_id) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, invited_by = excluded.invited_by,
             expires_at = excluded.expires_at, created_at = excluded.created_at`, [workspaceId, account.id, role, digest(token), inviterId])
        await audit.record({ workspaceId, action: 'member.invited', resource: { type: 'member', id: account.id, name: email }, details: { role } })
        const [inviter] = await db.query<{ name: string }>('SELECT name FROM accounts WHERE id = $1', [inviterId])
        return { status: 'success' as const, token, workspaceName: workspace?.name ?? '', inviterName: inviter?.name ?? '' }
      }),
      look: async (shown) => {
        const found = await find(shown)
        return found && { workspaceId: found.workspaceId, workspaceName: found.workspaceName, email: found.email }
      },
      accept: async (acceptance) => {
        const { token, name, password, language, timezone, address } = acceptance
        const found = await find(acceptance)
        if (!found) throw memberErrors.invalidInvitation()
        const { workspaceId, accountId } = found
        // Before anything is held: it takes its time. Nobody without a token gets so far.
        const hash = found.status === 'pending' && password !== undefined ? await passwords.hash(password) : null
        return db.transaction(async () => {
          const workspace = await holds.workspace(workspaceId)
          const account = await holds.account(accountId)
          const [invitation] = await db.query<{ role: GivenRole }>('DELETE FROM invitations WHERE token_hash = $1 AND expires_at > now() RETURNING role', [digest(token)])
          if (!invitation || workspace?.status !== 'normal' || !account || account.status === 'banned' || account.status === 'closed') throw memberErrors.invalidInvitation()
          const begins = account.status === 'pending'
          if (begins) {
            if (name === undefined) throw memberErrors.nameMissing(undefined, { params: 'name' })
            await db.query(
              `UPDATE accounts SET status = 'active', name = $2, password_hash = $3, interface_language = coalesce($4, interface_language),
               timezone = coalesce($5, timezone), updated_at = now() WHERE id = $1`, [accountId, name, hash, language ?? null, timezone ?? null])
          }
          await members.join(workspaceId, accountId, invitation.role)
          return begins ? admit({ id: accountId, password_hash: hash, status: 'active' }, address) : undefined
        })
      },
      forget: () => db.transaction(() => lessening.invitations(`expires_at < now() - $1 * interval '1 day'`, [SHOWN])),
    }
  },
})
