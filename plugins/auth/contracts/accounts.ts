/** The laws of `accounts`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import { accounts } from '../ports.ts'
import type { Accounts, NewOwner } from '../ports.ts'
import { ROLES } from '../roles.ts'

const address = (): string => `${randomUUID()}@example.org`
const person = (): NewOwner => ({ email: address(), name: 'Somebody', password: 'correct horse 42', workspace: 'Somewhere' })
const newcomer = async (subject: Accounts, name = 'Newcomer'): Promise<string> => (await subject.createAccount({ email: address(), name })).accountId
const home = async (subject: Accounts): Promise<{ workspaceId: string; ownerId: string }> => {
  const ownerId = await newcomer(subject, 'Owner')
  return { ownerId, ...await subject.createWorkspace('Somewhere else', ownerId) }
}
const rolesIn = async (subject: Accounts, workspaceId: string): Promise<Record<string, string>> =>
  Object.fromEntries((await subject.members(workspaceId)).map(({ accountId, role }) => [accountId, role]))
const refused = (status: number) => (error: { status?: number }): boolean => error.status === status

export const accountsContract = defineContract(accounts, {
  uses: { db: database },
  laws: {
    'the first set-up of many at once makes an owner, and no other ever does': async (subject) => {
      const before = await subject.exist()
      const people = [person(), person(), person()]
      const made = await Promise.all(people.map((owner) => subject.setup(owner)))
      assert.equal(made.filter((one) => one !== undefined).length, before ? 0 : 1)
      assert.equal(await subject.exist(), true)
      for (const [index, one] of made.entries()) {
        if (one) assert.deepEqual(await subject.owner(one.workspaceId), { accountId: one.accountId, name: 'Somebody', email: people[index]?.email, workspaceName: 'Somewhere' })
      }
      assert.equal(await subject.setup(person()), undefined)
    },
    'a set-up joins the transaction around it': async (subject, { db }) => {
      const before = await subject.exist()
      await assert.rejects(db.transaction(async () => {
        await subject.setup(person())
        throw new Error('given up')
      }), /given up/)
      assert.equal(await subject.exist(), before)
    },
    'nobody owns a workspace that does not exist, or is a member of it': async (subject) => {
      const [nowhere, somebody] = [randomUUID(), await newcomer(subject)]
      assert.equal(await subject.owner(nowhere), undefined)
      assert.deepEqual(await subject.members(nowhere), [])
      assert.equal(await subject.may(nowhere, somebody, 'workspace:read'), false)
      await assert.rejects(subject.setRole(nowhere, somebody, 'admin'), refused(404))
      await assert.rejects(subject.archive(nowhere, true), refused(404))
    },
    'an account is found by its address whatever its case, and of many made at once with one address one is': async (subject) => {
      const email = `Some.${address()}`
      const made = await Promise.allSettled([email, email.toLowerCase(), email.toUpperCase()].map((one) => subject.createAccount({ email: one, name: 'Sam' })))
      const [one, ...others] = made.flatMap((result) => result.status === 'fulfilled' ? [result.value] : [])
      assert.deepEqual(others, [])
      for (const result of made) if (result.status === 'rejected') assert.ok(refused(400)(result.reason as object))
      const found = await subject.find(email.toUpperCase())
      assert.deepEqual({ ...found, email: found?.email.toLowerCase() }, { accountId: one?.accountId, email: email.toLowerCase(), name: 'Sam', suspended: false })
      assert.equal(await subject.find(address()), undefined)
    },
    'a workspace begins with its owner, and is in the list of all': async (subject) => {
      const { workspaceId, ownerId } = await home(subject)
      assert.equal((await subject.owner(workspaceId))?.accountId, ownerId)
      assert.deepEqual(await rolesIn(subject, workspaceId), { [ownerId]: 'owner' })
      assert.deepEqual((await subject.workspaces()).filter((one) => one.workspaceId === workspaceId), [{ workspaceId, name: 'Somewhere else', archived: false }])
      await assert.rejects(subject.createWorkspace('Nobody’s', randomUUID()), refused(404))
    },
    'a role is given, changed and taken in one workspace and no other, and decides what its member may': async (subject) => {
      const [{ workspaceId, ownerId }, other] = [await home(subject), await home(subject)]
      const accountId = await newcomer(subject)
      await subject.setRole(other.workspaceId, accountId, 'normal')
      for (const role of ROLES.filter((one) => one !== 'owner')) {
        await subject.setRole(workspaceId, accountId, role)
        await subject.setRole(workspaceId, accountId, role)
        assert.deepEqual(await rolesIn(subject, workspaceId), { [ownerId]: 'owner', [accountId]: role })
        assert.equal(await subject.may(workspaceId, accountId, 'member:remove'), role === 'admin')
        assert.equal(await subject.may(workspaceId, accountId, 'workspace:read'), true)
      }
      await subject.setRole(workspaceId, accountId, null)
      assert.equal(await subject.may(workspaceId, accountId, 'workspace:read'), false)
      await assert.rejects(subject.setRole(workspaceId, accountId, null), refused(404))
      assert.deepEqual(await rolesIn(subject, other.workspaceId), { [other.ownerId]: 'owner', [accountId]: 'normal' })
    },
    'there is one owner at any time: it leaves by making another one only, who may have been a member or not': async (subject) => {
      const { workspaceId, ownerId } = await home(subject)
      const [second, third] = [await newcomer(subject), await newcomer(subject)]
      await subject.setRole(workspaceId, second, 'editor')
      for (const role of [null, 'admin', 'normal'] as const) await assert.rejects(subject.setRole(workspaceId, ownerId, role), refused(400))
      await Promise.all([second, third].map((one) => subject.setRole(workspaceId, one, 'owner')))
      const roles = await rolesIn(subject, workspaceId)
      assert.deepEqual(Object.values(roles).sort(), ['admin', 'admin', 'owner'])
      assert.equal(roles[ownerId], 'admin')
      assert.equal((await subject.owner(workspaceId))?.accountId, Object.keys(roles).find((id) => roles[id] === 'owner'))
    },
    'whoever is suspended may nothing and owns nothing, until the suspension is lifted': async (subject) => {
      const { workspaceId, ownerId } = await home(subject)
      await subject.suspend(ownerId, true)
      await subject.suspend(ownerId, true)
      assert.equal(await subject.may(workspaceId, ownerId, 'workspace:read'), false)
      assert.equal(await subject.owner(workspaceId), undefined)
      await assert.rejects(subject.createWorkspace('Another', ownerId), refused(400))
      const other = await home(subject)
      await assert.rejects(subject.setRole(other.workspaceId, ownerId, 'owner'), refused(400))
      await subject.suspend(ownerId, false)
      assert.equal((await subject.owner(workspaceId))?.accountId, ownerId)
      await assert.rejects(subject.suspend(randomUUID(), true), refused(404))
    },
    'an archived workspace has no owner to act as, until it is in use again': async (subject) => {
      const { workspaceId, ownerId } = await home(subject)
      const archived = async (): Promise<boolean | undefined> => (await subject.workspaces()).find((one) => one.workspaceId === workspaceId)?.archived
      await subject.archive(workspaceId, true)
      assert.equal(await subject.owner(workspaceId), undefined)
      assert.equal(await archived(), true)
      await subject.archive(workspaceId, false)
      assert.equal((await subject.owner(workspaceId))?.accountId, ownerId)
      assert.equal(await archived(), false)
    },
    'each change joins the transaction around it': async (subject, { db }) => {
      const { workspaceId, ownerId } = await home(subject)
      const accountId = await newcomer(subject)
      const changes: (() => Promise<unknown>)[] = [
        () => subject.setRole(workspaceId, accountId, 'owner'), () => subject.suspend(ownerId, true), () => subject.archive(workspaceId, true),
      ]
      for (const change of changes) {
        await assert.rejects(db.transaction(async () => {
          await change()
          throw new Error('given up')
        }), /given up/)
        assert.equal((await subject.owner(workspaceId))?.accountId, ownerId)
        assert.deepEqual(await rolesIn(subject, workspaceId), { [ownerId]: 'owner' })
      }
    },
  },
})
