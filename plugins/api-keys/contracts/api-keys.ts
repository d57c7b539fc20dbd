/** The laws of `apiKeys`. They need the first workspace of a server, so they want a database on which nobody was set up. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract, HttpError } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { Accounts } from '../../auth/ports.ts'
import { apiKeys } from '../ports.ts'

type Home = NonNullable<Awaited<ReturnType<Accounts['setup']>>>
const homes = new WeakMap<Accounts, Home>()
const homeOf = async (all: Accounts): Promise<Home> => {
  const home = homes.get(all) ?? await all.setup({ email: 'keys@example.org', name: 'Keys', password: 'correct horse 42' })
  assert(home, 'these laws need a database on which nobody was set up')
  homes.set(all, home)
  return home
}
const request = ({ workspaceId, accountId }: Home) => ({ type: 'dataset', workspaceId, datasetId: null, createdBy: accountId } as const)

export const apiKeysContract = defineContract(apiKeys, {
  uses: { accounts, db: database },
  laws: {
    'every key has an id and a secret of its own, long enough that nobody guesses it': async (subject, { accounts }) => {
      const home = await homeOf(accounts)
      const made = [await subject.create(request(home)), await subject.create({ ...request(home), name: 'Second' })]
      assert.equal(new Set(made.flatMap(({ id, token }) => [id, token])).size, 4)
      for (const { id, token } of made) {
        assert.match(token, /^\S{24,}$/)
        assert(!token.includes(home.workspaceId) && !token.includes(id), 'the secret is no function of ids')
      }
    },
    'a key is not bound to a dataset that is not there, and an app key to none': async (subject, { accounts }) => {
      const home = await homeOf(accounts)
      for (const type of ['dataset', 'app'] as const) {
        await assert.rejects(subject.create({ ...request(home), type, datasetId: randomUUID() }), (error) => error instanceof HttpError && [400, 404].includes(error.status))
      }
    },
    'a key that was made elsewhere keeps its id and its secret, and neither is taken twice': async (subject, { accounts }) => {
      const home = await homeOf(accounts)
      const [id, token] = [randomUUID(), subject.newSecret('dataset', false)]
      assert.equal(subject.typeOf(token), 'dataset')
      assert.equal(subject.typeOf(randomUUID()), undefined)
      assert.deepEqual(await subject.create({ ...request(home), id, token }), { id, token })
      assert.equal(await subject.isSecretOf(home.workspaceId, id, token), true)
      for (const again of [{ id }, { token }]) await assert.rejects(subject.create({ ...request(home), ...again }), (error) => error instanceof HttpError && error.status === 400)
      await subject.remove(home.workspaceId, id)
    },
    'a key joins the transaction around it': async (subject, { accounts, db }) => {
      const home = await homeOf(accounts)
      await assert.rejects(db.transaction(async () => {
        await subject.create(request(home))
        throw new Error('given up')
      }), /given up/)
      await subject.create(request(home))
    },
  },
})
