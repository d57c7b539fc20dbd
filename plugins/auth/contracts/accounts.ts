/** The laws of `accounts`. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import { accounts } from '../ports.ts'
import type { NewOwner } from '../ports.ts'

const person = (): NewOwner => ({ email: `${randomUUID()}@example.org`, name: 'Somebody', password: 'correct horse 42', workspace: 'Somewhere' })

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
        if (one) assert.deepEqual(await subject.owner(one.workspaceId), { accountId: one.accountId, name: 'Somebody', email: people[index]?.email })
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
    'nobody owns a workspace that does not exist': async (subject) => {
      assert.equal(await subject.owner(randomUUID()), undefined)
    },
  },
})
