/**
 * The laws of `keyScope`. They hold for a strategy that asks a table which datasets a key reaches as much as for one that asks nothing;
 * every law looks at keys of its own making, so a strategy's data is left alone.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract, HttpError } from '../../../core/index.ts'
import { keyScope } from '../ports.ts'
import type { KeyRecord, KeyScope, Scope } from '../ports.ts'

const permissions = ['dataset:read', 'dataset:update', 'document:create', 'segment:delete', 'model:read', 'a-plugin:of-tomorrow']
const types = ['dataset', 'workspace', 'app', 'a-type-of-tomorrow']

const key = (datasetId: string | null): KeyRecord => ({ id: randomUUID(), workspaceId: randomUUID(), type: 'dataset', datasetId })
const keys = (): readonly KeyRecord[] => [key(null), key(randomUUID())]
const everyAnswer = (scope: Scope, ids: readonly string[]): readonly unknown[] => permissions.flatMap((permission) => [
  scope.can(permission),
  ...types.flatMap((type) => [scope.reach(permission, type), scope.can(permission, { type }), ...ids.map((id) => scope.can(permission, { type, id }))]),
])

/** 400 where the strategy cannot express the request; undefined where it can. */
const refusal = (strategy: KeyScope, record: KeyRecord): HttpError | undefined => {
  try { strategy.check(record) } catch (error) {
    assert(error instanceof HttpError && error.status === 400, 'check() refuses by an HttpError with status 400')
    return error
  }
  return undefined
}

export const keyScopeContract = defineContract(keyScope, {
  laws: {
    'a key never reaches another workspace': (strategy) => {
      for (const record of keys()) {
        const scope = strategy.scope(record)
        for (const permission of permissions) {
          assert.equal(scope.can(permission, { type: 'workspace', id: randomUUID() }), false)
          const reach = scope.reach(permission, 'workspace')
          assert(reach !== 'all' && reach.every((id) => id === record.workspaceId), 'reach(…, "workspace") is the own workspace at most')
        }
      }
    },
    'a key bound to a dataset reaches that dataset at most, and no address that names none': (strategy) => {
      const record = key(randomUUID())
      const scope = strategy.scope(record)
      for (const permission of permissions) {
        assert.equal(scope.can(permission), false, 'an address that names nothing')
        for (const type of types) {
          assert.equal(scope.can(permission, { type }), false, `the list of every ${type}`)
          for (const id of [randomUUID(), record.workspaceId, record.id, '', '*', `${record.datasetId ?? ''} `]) {
            assert.equal(scope.can(permission, { type, id }), false, `${type} "${id}"`)
          }
          const reach = scope.reach(permission, type)
          assert(reach !== 'all' && reach.every((id) => type === 'dataset' && id === record.datasetId), `reach(…, "${type}")`)
        }
      }
    },
    'reach and can agree': (strategy) => {
      for (const record of keys()) {
        const scope = strategy.scope(record)
        for (const permission of permissions) {
          for (const type of types) {
            const reach = scope.reach(permission, type)
            for (const id of [randomUUID(), record.workspaceId, ...record.datasetId === null ? [] : [record.datasetId], ...reach === 'all' ? [] : reach]) {
              assert.equal(scope.can(permission, { type, id }), reach === 'all' || reach.includes(id), `${permission} on the ${type} ${id}`)
            }
            if (reach === 'all') assert.equal(scope.can(permission, { type }), true, `who reaches every ${type} may list them`)
          }
        }
      }
    },
    'an id means the same in upper and in lower case': (strategy) => {
      for (const record of keys()) {
        const scope = strategy.scope(record)
        for (const id of [record.datasetId ?? randomUUID(), randomUUID()]) {
          for (const permission of permissions) {
            assert.equal(scope.can(permission, { type: 'dataset', id: id.toUpperCase() }), scope.can(permission, { type: 'dataset', id }))
          }
        }
      }
    },
    'what cannot be expressed is refused at creation, and what is accepted is never widened': (strategy) => {
      const bound = key(randomUUID())
      if (refusal(strategy, bound) === undefined) {
        assert.equal(refusal(strategy, { ...bound, type: 'app' })?.status, 400, 'a strategy that binds to datasets refuses to bind an app key')
      }
      assert.notEqual(strategy.scope(bound).reach('dataset:read', 'dataset'), 'all', 'a bound key from before the strategy was chosen keeps to its dataset')
    },
    'an answer is given at once, and is the same whoever was asked about in between': (strategy) => {
      for (const record of keys()) {
        const ids = [record.datasetId ?? randomUUID(), randomUUID()]
        const scope = strategy.scope(record)
        const before = everyAnswer(scope, ids)
        assert(before.every((answer) => typeof answer === 'boolean' || answer === 'all' || Array.isArray(answer)), 'can() gives a boolean, reach() "all" or ids: no promise')
        for (const other of keys()) everyAnswer(strategy.scope(other), ids)
        assert.deepEqual(everyAnswer(scope, ids), before)
        assert.deepEqual(everyAnswer(strategy.scope(record), ids), before)
      }
    },
  },
})
