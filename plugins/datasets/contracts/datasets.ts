/** The laws of `datasets`: what other plugins rely on when they keep and search knowledge. Each law works in a workspace of its own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineContract, HttpError, queue } from '../../../core/index.ts'
import type { Actor, Queue } from '../../../core/index.ts'
import { datasets } from '../ports.ts'
import type { RetrievalSettings } from '../ports.ts'

const newOwner = () => ({ workspaceId: randomUUID(), accountId: randomUUID() })
const words: RetrievalSettings = { method: 'full_text_search', topK: 10 }
const economy = (name: string) => ({ name, indexingTechnique: 'economy' as const })
const idle = async (jobs: Queue): Promise<void> => {
  for (let counts = await jobs.counts(); counts.waiting + counts.active > 0; counts = await jobs.counts()) await sleep(20)
}

export const datasetsContract = defineContract(datasets, {
  uses: { queue },
  laws: {
    'tells which ids exist, in their own workspace alone': async (subject) => {
      const owner = newOwner()
      const { id } = await subject.create(owner, economy('one'))
      assert.deepEqual(await subject.existing(owner.workspaceId, [randomUUID(), id]), [id])
      assert.deepEqual(await subject.existing(randomUUID(), [id]), [])
      assert.deepEqual(await subject.existing(owner.workspaceId, []), [])
    },
    'lists what there is by name, all or some of it, in its own workspace alone': async (subject) => {
      const owner = newOwner()
      const [second, first] = [await subject.create(owner, economy('second')), await subject.create(owner, economy('First'))]
      const listed = [first, second].map(({ id }, at) => ({ id, name: at === 0 ? 'First' : 'second', description: '', open: true }))
      assert.deepEqual(await subject.list(owner.workspaceId, 'all'), listed)
      assert.deepEqual(await subject.list(owner.workspaceId, [second.id, randomUUID()]), listed.slice(1))
      assert.deepEqual(await subject.list(owner.workspaceId, []), [])
      for (const which of ['all', [first.id]] as const) assert.deepEqual(await subject.list(randomUUID(), which), [])
    },
    'tells people what they reach: what is theirs, and with the right to it what is not; nothing of another workspace': async (subject) => {
      const owner = newOwner()
      const { id } = await subject.create(owner, economy('kept'))
      const person = (accountId: string, right = 'none', workspaceId = owner.workspaceId): Actor =>
        ({ kind: 'account', id: accountId, accountId, workspaceId, can: (permission) => permission === right, reach: () => 'all' })
      const refused = (status: number) => (error: unknown) => error instanceof HttpError && error.status === status
      await subject.reach(person(owner.accountId), id)
      await assert.rejects(subject.reach(person(randomUUID()), id), refused(403))
      await subject.reach(person(randomUUID(), 'any-dataset:reach'), id)
      await assert.rejects(subject.reach(person(owner.accountId, 'any-dataset:reach', randomUUID()), id), refused(404))
      await assert.rejects(subject.reach(person(owner.accountId), randomUUID()), refused(404))
    },
    'refuses a name that is taken in the workspace, and only there': async (subject) => {
      const owner = newOwner()
      await subject.create(owner, economy('taken'))
      await assert.rejects(subject.create(owner, economy('taken')), (error) => error instanceof HttpError && error.status === 409)
      await subject.create(newOwner(), economy('taken'))
    },
    'puts tags on a dataset and takes them off, once each, in its own workspace alone': async (subject) => {
      const owner = newOwner()
      const [{ id }, { id: other }] = [await subject.create(owner, economy('tagged')), await subject.create(owner, economy('bare'))]
      const tags = async (): Promise<readonly string[] | undefined> => (await subject.tags(owner.workspaceId, [id])).get(id)
      for (const names of [['b', 'a'], ['a'], []]) await subject.tag(owner, id, names)
      assert.deepEqual(await tags(), ['a', 'b'])
      assert.deepEqual([...(await subject.tags(owner.workspaceId, [id, other])).keys()], [id])
      assert.equal((await subject.tags(randomUUID(), [id])).size, 0)
      await subject.untag(randomUUID(), id, ['a'])
      await subject.untag(owner.workspaceId, other, ['a'])
      assert.deepEqual(await tags(), ['a', 'b'])
      for (const names of [['a', 'never there'], ['a']]) await subject.untag(owner.workspaceId, id, names)
      assert.deepEqual(await tags(), ['b'])
      await assert.rejects(subject.tag(newOwner(), id, ['a']), (error) => error instanceof HttpError && error.status === 404)
    },
    'finds what was added once it is indexed, each text as a document of its own, best first': async (subject, { queue }) => {
      const owner = newOwner()
      const { id } = await subject.create(owner, economy('animals'))
      const texts = ['The heron waits in the water.', 'The fox sleeps in its den.', 'The fox hunts, and the fox rests.']
      const ids = await subject.addTexts(owner, id, texts.map((text) => ({ name: 'same name', text })))
      assert.equal(new Set(ids).size, 3)
      await idle(queue)
      const found = await subject.retrieve(owner.workspaceId, [id], 'fox', words)
      assert.deepEqual(found.map(({ documentId }) => documentId).sort(), [ids[1], ids[2]].sort())
      for (const [n, one] of found.entries()) {
        assert.equal(one.datasetId, id)
        assert.equal(one.documentName, 'same name')
        assert.equal(one.content, texts[ids.indexOf(one.documentId)])
        assert(one.score > 0 && one.score <= (found[n - 1]?.score ?? 1), `scores fall and lie in 0..1: ${one.score}`)
      }
      assert.equal((await subject.retrieve(owner.workspaceId, [id], 'fox', { ...words, topK: 1 })).length, 1)
      assert.deepEqual(await subject.retrieve(owner.workspaceId, [id], 'fox', { ...words, scoreThreshold: 1.1 }), [])
    },
    'searches the given datasets of the workspace and no others': async (subject, { queue }) => {
      const [owner, other] = [newOwner(), newOwner()]
      const made = await Promise.all([subject.create(owner, economy('a')), subject.create(owner, economy('b')), subject.create(other, economy('c'))])
      const [a, b, c] = made.map(({ id }) => id) as [string, string, string]
      for (const [whose, id] of [[owner, a], [owner, b], [other, c]] as const) await subject.addTexts(whose, id, [{ name: id, text: 'a canary' }])
      await idle(queue)
      const reached = async (ids: string[]): Promise<string[]> =>
        (await subject.retrieve(owner.workspaceId, ids, 'canary', words)).map(({ datasetId }) => datasetId).sort()
      assert.deepEqual(await reached([a]), [a])
      assert.deepEqual(await reached([a, b, c]), [a, b].sort())
      assert.deepEqual(await reached([c]), [])
      assert.deepEqual(await reached([]), [])
      await assert.rejects(subject.addTexts(owner, c, [{ name: 'x', text: 'x' }]), (error) => error instanceof HttpError && error.status === 404)
    },
    'cites what it found, in its own workspace alone, and counts a hit where an app asks': async (subject, { queue }) => {
      const owner = newOwner()
      const { id } = await subject.create(owner, economy('cited'))
      await subject.addTexts(owner, id, [{ name: 'bird', text: 'The heron waits.' }])
      await idle(queue)
      const askedBy = { appId: randomUUID(), userId: randomUUID() }
      const [found] = await subject.retrieve(owner.workspaceId, [id], 'heron', words)
      assert(found, 'it is found')
      const hits = async (workspaceId = owner.workspaceId) => (await subject.cite(workspaceId, [randomUUID(), found.segmentId])).get(found.segmentId)
      const { indexNodeHash, ...citation } = await hits() ?? {}
      assert.deepEqual(citation, { datasetName: 'cited', dataSourceType: 'upload_file', hitCount: 0, wordCount: 16, position: 1, documentMetadata: null })
      assert.match(String(indexNodeHash), /^[0-9a-f]{64}$/)
      for (const question of ['heron', 'heron?\0\ud800', 'fox']) await subject.retrieve(owner.workspaceId, [id], question, { ...words, askedBy })
      assert.equal((await hits())?.hitCount, 2)
      assert.equal(await hits(randomUUID()), undefined)
      assert.equal((await subject.cite(owner.workspaceId, [])).size, 0)
    },
  },
})
