/**
 * The laws of `keyScope`. They hold for a strategy that asks a table which datasets a key reaches as much as for one that asks nothing;
 * every law looks at keys of its own making, so a strategy's data is left alone.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract, HttpError } from '../../../core/index.ts'
import type { Contract } from '../../../core/index.ts'
import { keyScope } from '../ports.ts'
import type { Grant, KeyRecord, KeyScope, Right, Scope } from '../ports.ts'

const permissions = [
  'dataset:read', 'dataset:list', 'dataset:retrieve', 'dataset:update', 'dataset:delete', 'document:list', 'document:create', 'segment:delete',
  'model:read', 'a-plugin:of-tomorrow', 'nonsense',
]
const types = ['dataset', 'workspace', 'app', 'a-type-of-tomorrow']
const rights: readonly Right[] = ['retrieve', 'read', 'write', 'manage']

const key = (reach: Partial<KeyRecord> = {}): KeyRecord => ({ id: randomUUID(), workspaceId: randomUUID(), type: 'dataset', appId: null, datasetId: null, grants: null, terms: null, ...reach })
const boundKey = (): KeyRecord => key({ datasetId: randomUUID() })
/** One dataset for each level: 0 for no right, 4 for all. */
const grantsOf = (ids: readonly string[], levels: readonly number[]): Grant[] => ids.map((datasetId, at) => ({ datasetId, rights: rights.slice(0, levels[at]) }))
const grantedKey = (...levels: readonly number[]): KeyRecord => key({ grants: grantsOf(levels.map(() => randomUUID()), levels) })
const named = ({ datasetId, grants }: KeyRecord): readonly string[] => grants?.map((grant) => grant.datasetId) ?? (datasetId === null ? [] : [datasetId])

const scopeFor = async (strategy: KeyScope, record: KeyRecord): Promise<Scope> => strategy.scope(record, await strategy.load?.(record) ?? null)
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

/**
 * The suite. A strategy that has terms of its own gives keys with them here, and the laws that hold for every key are tried on them too.
 * @param more the reach of such keys
 */
export const keyScopeContractWith = (...more: readonly Pick<KeyRecord, 'workspaceId' | 'terms'>[]): Contract<KeyScope> => {
  /** Of each kind that the strategy understands. */
  const keysOf = ({ expresses = [] }: KeyScope): readonly KeyRecord[] =>
    [key(), boundKey(), ...expresses.includes('grants') ? [grantedKey(), grantedKey(0, 1, 2, 3, 4)] : [], ...more.map((reach) => key(reach))]

  return defineContract(keyScope, {
    laws: {
      'a key never reaches another workspace': async (strategy) => {
        for (const record of keysOf(strategy)) {
          const scope = await scopeFor(strategy, record)
          for (const permission of permissions) {
            assert.equal(scope.can(permission, { type: 'workspace', id: randomUUID() }), false)
            const reach = scope.reach(permission, 'workspace')
            assert(reach !== 'all' && reach.every((id) => id === record.workspaceId), 'reach(…, "workspace") is the own workspace at most')
          }
        }
      },
      'a key bound to a dataset reaches that dataset at most, and no address that names none': async (strategy) => {
        const record = boundKey()
        const scope = await scopeFor(strategy, record)
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
      'a key with grants reaches what they name at most, and one with none nothing': async (strategy) => {
        if (!strategy.expresses?.includes('grants')) return
        for (const record of [grantedKey(), grantedKey(0, 0), grantedKey(0, 1, 4)]) {
          const scope = await scopeFor(strategy, record)
          const mayBe = record.grants?.filter((grant) => grant.rights.length > 0).map(({ datasetId }) => datasetId) ?? []
          for (const permission of permissions) {
            assert.equal(scope.can(permission), false, 'an address that names nothing')
            for (const type of types) {
              const reach = scope.reach(permission, type)
              assert(reach !== 'all' && reach.every((id) => type === 'dataset' && mayBe.includes(id)), `reach(…, "${type}")`)
              assert.equal(scope.can(permission, { type }), reach.length > 0, `the list of every ${type} is for whoever finds something in it`)
              for (const id of [randomUUID(), record.workspaceId, record.id, '', '*']) assert.equal(scope.can(permission, { type, id }), false, `${type} "${id}"`)
            }
          }
        }
      },
      'each right contains those before it, and fewer grants never reach more': async (strategy) => {
        if (!strategy.expresses?.includes('grants')) return
        const [record, ids] = [key(), [randomUUID(), randomUUID()]]
        const at = (...levels: number[]): Promise<Scope> => scopeFor(strategy, { ...record, grants: grantsOf(ids, levels) })
        const within = (less: Scope, more: Scope, what: string): void => {
          const [few, many] = [everyAnswer(less, ids), everyAnswer(more, ids)]
          few.forEach((answer, place) => {
            assert(Array.isArray(answer) ? answer.every((id) => (many[place] as unknown[]).includes(id)) : answer !== true || many[place] === true, what)
          })
        }
        for (let one = 0; one <= 4; one++) {
          for (let other = 0; other <= 4; other++) {
            const scope = await at(one, other)
            if (one > 0) within(await at(one - 1, other), scope, `${rights[one - 2] ?? 'nothing'} allows more than ${rights[one - 1] ?? ''}`)
            within(await scopeFor(strategy, { ...record, grants: grantsOf(ids.slice(1), [other]) }), scope, 'a key whose dataset was deleted reaches more than before')
            // However a right is written down: alone or with those that it contains.
            const alone = { ...record, grants: [one, other].map((level, place) => ({ datasetId: ids[place] ?? '', rights: rights.slice(Math.max(0, level - 1), level) })) }
            assert.deepEqual(everyAnswer(await scopeFor(strategy, alone), ids), everyAnswer(scope, ids), 'a right does not contain those before it')
          }
        }
        const [all, none] = [await at(4, 4), await at(0, 0)]
        for (const permission of permissions.filter((name) => /^(dataset|document|segment):/.test(name))) {
          assert(ids.every((id) => all.can(permission, { type: 'dataset', id })), `who manages may ${permission}`)
          assert.deepEqual(none.reach(permission, 'dataset'), [])
        }
      },
      'reach and can agree': async (strategy) => {
        for (const record of keysOf(strategy)) {
          const scope = await scopeFor(strategy, record)
          for (const permission of permissions) {
            for (const type of types) {
              const reach = scope.reach(permission, type)
              for (const id of [randomUUID(), record.workspaceId, ...named(record), ...reach === 'all' ? [] : reach]) {
                assert.equal(scope.can(permission, { type, id }), reach === 'all' || reach.includes(id), `${permission} on the ${type} ${id}`)
              }
              if (reach === 'all') assert.equal(scope.can(permission, { type }), true, `who reaches every ${type} may list them`)
            }
          }
        }
      },
      'an id means the same in upper and in lower case': async (strategy) => {
        for (const record of keysOf(strategy)) {
          const scope = await scopeFor(strategy, record)
          for (const permission of permissions) {
            const reach = scope.reach(permission, 'dataset')
            for (const id of [...named(record), ...reach === 'all' ? [] : reach, randomUUID()]) {
              assert.equal(scope.can(permission, { type: 'dataset', id: id.toUpperCase() }), scope.can(permission, { type: 'dataset', id }))
            }
          }
        }
      },
      'what cannot be expressed is refused at creation, and what is accepted is never widened': async (strategy) => {
        for (const bound of [boundKey(), ...strategy.expresses?.includes('grants') ? [grantedKey(1, 4), grantedKey()] : []]) {
          if (refusal(strategy, bound) === undefined) {
            assert.equal(refusal(strategy, { ...bound, type: 'app' })?.status, 400, 'a strategy that binds to datasets refuses to bind an app key')
          }
          assert.notEqual((await scopeFor(strategy, bound)).reach('dataset:read', 'dataset'), 'all', 'a bound key from before the strategy was chosen keeps to its datasets')
        }
      },
      'an answer is given at once, and is the same whoever was asked about in between': async (strategy) => {
        for (const record of keysOf(strategy)) {
          const ids = [...named(record), randomUUID()]
          const scope = await scopeFor(strategy, record)
          const before = everyAnswer(scope, ids)
          assert(before.every((answer) => typeof answer === 'boolean' || answer === 'all' || Array.isArray(answer)), 'can() gives a boolean, reach() "all" or ids: no promise')
          for (const other of keysOf(strategy)) everyAnswer(await scopeFor(strategy, other), ids)
          assert.deepEqual(everyAnswer(scope, ids), before)
          assert.deepEqual(everyAnswer(await scopeFor(strategy, record), ids), before)
        }
      },
    },
  })
}
export const keyScopeContract = keyScopeContractWith()
