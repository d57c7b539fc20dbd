/** The laws of `accountImport`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract } from '../../../core/index.ts'
import { accountImport, accounts } from '../ports.ts'
import type { ImportedAccount, ImportedWorkspace } from '../ports.ts'

const workspace = (more: Partial<ImportedWorkspace> = {}): ImportedWorkspace => ({ id: randomUUID(), name: 'From elsewhere', archived: false, createdAt: new Date('2024-05-06T07:08:09Z'), ...more })
const person = (more: Partial<ImportedAccount> = {}): ImportedAccount => ({ id: randomUUID(), email: `${randomUUID()}@example.org`, name: 'Somebody', status: 'active', createdAt: new Date('2024-05-06T07:08:09Z'), ...more })
const states = (said: readonly { state: string }[]): string[] => said.map(({ state }) => state)

export const accountImportContract = defineContract(accountImport, {
  uses: { accounts },
  laws: {
    'says what would be done, and does nothing': async (subject, { accounts }) => {
      const [place, somebody] = [workspace(), person()]
      assert.deepEqual(states(await subject.workspaces([place], false)), ['new'])
      assert.deepEqual(states(await subject.accounts([somebody], false)), ['new'])
      assert.deepEqual(states(await subject.members([{ workspaceId: place.id, accountId: somebody.id, role: 'owner' }], false)), ['new'])
      assert.equal(await accounts.find(somebody.email), undefined)
      assert.equal((await accounts.workspaces()).some(({ workspaceId }) => workspaceId === place.id), false)
    },
    'brings each row once, with its id, and leaves what is here': async (subject, { accounts }) => {
      const [place, owner, banned] = [workspace(), person(), person({ status: 'banned' })]
      const roles = [{ workspaceId: place.id, accountId: owner.id, role: 'owner' as const }, { workspaceId: place.id, accountId: banned.id, role: 'dataset_operator' as const }]
      for (const state of ['new', 'there']) {
        assert.deepEqual(await subject.workspaces([place], true), [{ id: place.id, state }])
        assert.deepEqual(await subject.accounts([owner, banned], true), [{ id: owner.id, state }, { id: banned.id, state }])
        assert.deepEqual(states(await subject.members(roles, true)), [state, state])
      }
      assert.equal((await accounts.owner(place.id))?.accountId, owner.id)
      assert.deepEqual((await accounts.members(place.id)).map(({ accountId, role }) => [accountId, role]).sort(), [[owner.id, 'owner'], [banned.id, 'dataset_operator']].sort())
      assert.equal((await accounts.find(banned.email))?.suspended, true)
      assert.deepEqual(states(await subject.workspaces([{ ...place, name: 'Another', archived: true }], true)), ['changed'])
      assert.deepEqual(states(await subject.accounts([{ ...owner, name: 'Another' }], true)), ['changed'])
      assert.equal((await accounts.owner(place.id))?.workspaceName, place.name)
      assert.equal((await accounts.find(owner.email))?.name, owner.name)
    },
    'takes whoever has the address here for the account, whatever its case': async (subject, { accounts }) => {
      const somebody = person()
      const { accountId } = await accounts.createAccount({ email: somebody.email.toUpperCase(), name: 'Here before' })
      assert.deepEqual(await subject.accounts([somebody], true), [{ id: accountId, state: 'there' }])
      assert.equal((await accounts.find(somebody.email))?.name, 'Here before')
    },
    'two rows of one address do not become two accounts, and a second owner is no owner': async (subject, { accounts }) => {
      const [place, one] = [workspace(), person()]
      const [twin, other] = [person({ email: one.email.toUpperCase() }), person()]
      await subject.workspaces([place], true)
      assert.deepEqual(states(await subject.accounts([one, twin, other], true)), ['new', 'skipped', 'new'])
      const as = (accountId: string) => ({ workspaceId: place.id, accountId, role: 'owner' as const })
      assert.deepEqual(states(await subject.members([as(one.id), as(other.id), as(twin.id)], true)), ['new', 'skipped', 'skipped'])
      assert.equal((await accounts.owner(place.id))?.accountId, one.id)
    },
  },
})
