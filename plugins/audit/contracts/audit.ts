/** The laws of `audit`. Each works in a workspace of its own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import { audit } from '../ports.ts'
import type { Audit, AuditEntry, AuditEvent, AuditFilter } from '../ports.ts'

const all = { limit: 100, offset: 0 }
const event = (workspaceId: string, action = 'thing.made', id = 'a thing'): AuditEvent => ({ workspaceId, action, resource: { type: 'thing', id } })
const actions = async (subject: Audit, workspaceId: string, filter: AuditFilter = {}, window = all): Promise<string[]> =>
  (await subject.list(workspaceId, filter, window)).entries.map(({ action }) => action)

export const auditContract = defineContract(audit, {
  uses: { db: database },
  laws: {
    'gives back what was recorded, as done by the operator outside of a request, and to its workspace alone': async (subject) => {
      const workspaceId = randomUUID()
      await subject.record({ ...event(workspaceId), resource: { type: 'thing', id: '7', name: 'Seven' }, details: { before: null, count: 7, rights: ['read'] } })
      const { entries: [entry, ...more], total } = await subject.list(workspaceId, {}, all)
      const { id, at, ...rest } = entry as AuditEntry
      assert.deepEqual(rest, {
        workspaceId, action: 'thing.made', resource: { type: 'thing', id: '7', name: 'Seven' }, details: { before: null, count: 7, rights: ['read'] },
        actor: { kind: 'operator', id: null }, address: null, requestId: null,
      })
      assert.ok(id.length > 0 && Math.abs(Date.now() - at.getTime()) < 60_000)
      assert.deepEqual([more, total], [[], 1])
      assert.deepEqual(await subject.list(randomUUID(), {}, all), { entries: [], total: 0 })
    },
    'is part of the transaction around it': async (subject, { db }) => {
      const workspaceId = randomUUID()
      await assert.rejects(db.transaction(async () => {
        await subject.record(event(workspaceId, 'thing.undone'))
        throw new Error('given up')
      }), /given up/)
      await db.transaction(() => subject.record(event(workspaceId, 'thing.kept')))
      assert.deepEqual(await actions(subject, workspaceId), ['thing.kept'])
    },
    'tells the newest first, also of one transaction, and page by page': async (subject, { db }) => {
      const workspaceId = randomUUID()
      const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `thing.${name}`)
      await db.transaction(async () => { for (const name of names) await subject.record(event(workspaceId, name)) })
      const pages = await Promise.all([0, 2, 4, 6].map((offset) => actions(subject, workspaceId, {}, { limit: 2, offset })))
      assert.deepEqual(pages.flat(), [...names].reverse())
      assert.equal((await subject.list(workspaceId, {}, { limit: 2, offset: 2 })).total, 5)
    },
    'filters by action, resource and time': async (subject) => {
      const workspaceId = randomUUID()
      await subject.record(event(workspaceId, 'thing.made', '1'))
      await subject.record(event(workspaceId, 'thing.sold', '1'))
      await subject.record(event(workspaceId, 'thing.made', '2'))
      const [first] = (await subject.list(workspaceId, { action: 'thing.sold' }, all)).entries
      const { at } = first as AuditEntry
      assert.deepEqual(await actions(subject, workspaceId, { resourceId: '1' }), ['thing.sold', 'thing.made'])
      assert.deepEqual(await actions(subject, workspaceId, { resourceId: '1', action: 'thing.made' }), ['thing.made'])
      assert.deepEqual(await actions(subject, workspaceId, { actorId: 'nobody' }), [])
      assert.deepEqual(await actions(subject, workspaceId, { before: new Date(at.getTime() - 60_000) }), [])
      assert.deepEqual(await actions(subject, workspaceId, { after: new Date(at.getTime() + 60_000) }), [])
      assert.equal((await actions(subject, workspaceId, { after: new Date(at.getTime() - 60_000), before: new Date(at.getTime() + 60_000) })).length, 3)
    },
    'takes any text': async (subject) => {
      const workspaceId = randomUUID()
      for (const text of ['', '\0', 'a\0b', '\ud800', "'; DROP TABLE x; --", '__proto__', '知识', 'x'.repeat(10_000)]) {
        await subject.record({ workspaceId, action: 'thing.made', resource: { type: 'thing', id: '1', name: text }, details: { text, deep: { list: [text] } } })
      }
      assert.equal((await subject.list(workspaceId, {}, all)).total, 8)
    },
  },
})
