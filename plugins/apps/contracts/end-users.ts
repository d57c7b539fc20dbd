/** The laws of `endUsers`: what others rely on when they ask who uses an app. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract, HttpError } from '../../../core/index.ts'
import { endUsers } from '../ports.ts'
import { forApps, newApp } from './someone.ts'

export const endUsersContract = defineContract(endUsers, {
  uses: forApps,
  laws: {
    'calls the same text the same person, and another text another': async (subject, deps) => {
      const app = await newApp(deps)
      const ada = await subject.take(app, 'ada')
      assert.deepEqual([ada.sessionId, ada.isAnonymous, ada.appId, ada.workspaceId], ['ada', false, app.id, app.workspaceId])
      assert.deepEqual(await subject.take(app, 'ada'), ada)
      for (const other of ['Ada', 'ada ', 'bob']) assert.notEqual((await subject.take(app, other)).id, ada.id)
    },
    'makes one of those who come at the same moment': async (subject, deps) => {
      const app = await newApp(deps)
      const all = await Promise.all(Array.from({ length: 5 }, () => subject.take(app, 'ada')))
      assert.equal(new Set(all.map(({ id }) => id)).size, 1)
    },
    'knows nobody of one app in another': async (subject, deps) => {
      const first = await newApp(deps)
      const ids = await Promise.all([first, await newApp(deps, first), await newApp(deps)].map(async (app) => (await subject.take(app, 'ada')).id))
      assert.equal(new Set(ids).size, 3)
    },
    'takes all who are not named for one, who is anonymous': async (subject, deps) => {
      const app = await newApp(deps)
      const nobody = await subject.take(app, undefined)
      assert.equal(nobody.isAnonymous, true)
      assert.deepEqual(await subject.take(app, ''), nobody)
      assert.notEqual((await subject.take(app, 'ada')).id, nobody.id)
    },
    'takes any text of up to 255 characters, and refuses a longer one with 400': async (subject, deps) => {
      const app = await newApp(deps)
      const texts = [`'; DROP TABLE end_users; --`, '$1', '\\', '%', '\u{1F600}'.repeat(255), '{"a": 1}', '\n']
      const ids = []
      for (const text of texts) {
        const one = await subject.take(app, text)
        assert.equal(one.sessionId, text)
        ids.push(one.id)
      }
      assert.equal(new Set(ids).size, texts.length)
      for (const text of ['a\0b', '\uD800', '\0']) await subject.take(app, text)
      await assert.rejects(subject.take(app, 'x'.repeat(256)), (error) => error instanceof HttpError && error.status === 400)
    },
    'lists those of the workspace that it is asked for': async (subject, deps) => {
      const app = await newApp(deps)
      const [ada, bob] = [await subject.take(app, 'ada'), await subject.take(app, 'bob')]
      assert.deepEqual(await subject.list(app.workspaceId, [ada.id, randomUUID()]), new Map([[ada.id, ada]]))
      assert.equal((await subject.list(app.workspaceId, [ada.id, bob.id])).size, 2)
      assert.equal((await subject.list(randomUUID(), [ada.id])).size, 0)
      assert.equal((await subject.list(app.workspaceId, [])).size, 0)
    },
  },
})
