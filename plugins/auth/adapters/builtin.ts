/** Accounts in our own tables. */
import { database, defineAdapter } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import { accounts } from '../ports.ts'
import { memberNames } from '../services/member-names.ts'
import { members } from '../services/members.ts'
import { people } from '../services/people.ts'
import { workspaces } from '../services/workspaces.ts'

export const builtin = defineAdapter(accounts, 'builtin', {
  uses: { db: database, Account, people, workspaces, members, names: memberNames },
  create: ({ db, Account, people, workspaces, members, names }) => ({
    exist: async () => await Account.count() > 0,
    setup: async ({ email, name, password, workspace = `${name}'s workspace`, language = 'en-US' }) => db.transaction(async () => {
      // Two processes may be asked at once; the second waits here and then finds the first one's account.
      await db.query(`SELECT pg_advisory_xact_lock(hashtext('auth.setup'))`)
      if (await Account.count() > 0) return undefined
      const { accountId } = await people.createAccount({ email, name, password })
      await Account.update({ interface_language: language }, { where: { id: accountId } })
      return { accountId, ...await workspaces.createWorkspace(workspace, accountId) }
    }),
    owner: workspaces.owner,
    may: members.may,
    find: people.find,
    workspaces: workspaces.workspaces,
    members: members.members,
    names: names.of,
    createAccount: people.createAccount,
    createWorkspace: workspaces.createWorkspace,
    setRole: members.setRole,
    suspend: people.suspend,
    archive: workspaces.archive,
  }),
})
