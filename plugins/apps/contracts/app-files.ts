/** The laws of `appFiles`: what others rely on when a request names files. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { defineContract, HttpError, storage } from '../../../core/index.ts'
import type { Deps } from '../../../core/index.ts'
import { AppFileRecord } from '../models/app-file.ts'
import { appFiles, endUsers } from '../ports.ts'
import type { AppFiles, EndUser, FileInput, FileRules } from '../ports.ts'
import { forApps, newApp } from './someone.ts'

const uses = { ...forApps, endUsers, AppFileRecord, storage }
const rules: FileRules = { types: ['image', 'document'], extensions: [], methods: ['local_file', 'remote_url'], limit: 3 }
const picture = { name: 'a.png', extension: 'png', mime_type: 'image/png' }
/** A file that was sent, as `POST /v1/files/upload` leaves it. */
const sent = async ({ AppFileRecord, storage }: Deps<typeof uses>, owner: EndUser, content = 'bytes'): Promise<string> => {
  const [id, key] = [randomUUID(), `uploads/${randomUUID()}`]
  const { size } = await storage.put(key, Buffer.from(content))
  await AppFileRecord.create({
    ...picture, id, workspace_id: owner.workspaceId, app_id: owner.appId, end_user_id: owner.id, size, storage_key: key, hash: '0'.repeat(64), created_at: new Date(), checked_at: new Date(),
  })
  return id
}
const local = (id: string, type: FileInput['type'] = 'image'): FileInput => ({ type, transfer_method: 'local_file', upload_file_id: id })
const remote = (url: string): FileInput => ({ type: 'image', transfer_method: 'remote_url', url })
const refuses = async (subject: AppFiles, owner: EndUser, given: unknown, by: Partial<FileRules> = {}): Promise<string> => {
  const error: unknown = await subject.resolve(owner, given as readonly FileInput[], { ...rules, ...by }).then(() => undefined, (refusal: unknown) => refusal)
  assert(error instanceof HttpError && error.status === 400 && error.code === 'invalid_param', `it must be refused with 400: ${JSON.stringify(given)}`)
  return error.message
}

export const appFilesContract = defineContract(appFiles, {
  uses,
  laws: {
    'gives whoever sent them their files, in the order of the request': async (subject, deps) => {
      const owner = await deps.endUsers.take(await newApp(deps), 'ada')
      const [first, second] = [await sent(deps, owner), await sent(deps, owner)]
      const found = await subject.resolve(owner, [local(second), remote('https://8.8.8.8/b.jpg'), local(first)], rules)
      assert.deepEqual(found.map(({ uploadFileId, url }) => uploadFileId ?? url), [second, 'https://8.8.8.8/b.jpg', first])
      assert.deepEqual(found[0], { type: 'image', transferMethod: 'local_file', url: null, uploadFileId: second, name: 'a.png', extension: 'png', mimeType: 'image/png', size: 5 })
      assert.deepEqual(await subject.resolve(owner, [], rules), [])
    },
    'tells a file of somebody else like one that does not exist': async (subject, deps) => {
      const app = await newApp(deps)
      const owner = await deps.endUsers.take(app, 'ada')
      const id = await sent(deps, owner)
      const said = new Set<string>()
      for (const other of [await deps.endUsers.take(app, 'eve'), await deps.endUsers.take(await newApp(deps, app), 'ada'), await deps.endUsers.take(await newApp(deps), 'ada')]) {
        said.add((await refuses(subject, other, [local(id)])).replaceAll(id, ''))
      }
      for (const unknown of [randomUUID(), 'nonsense']) said.add((await refuses(subject, owner, [local(unknown)])).replaceAll(unknown, ''))
      assert.equal(said.size, 1, [...said].join('\n'))
    },
    'takes what the place takes, and refuses the rest with 400': async (subject, deps) => {
      const owner = await deps.endUsers.take(await newApp(deps), 'ada')
      const id = await sent(deps, owner)
      await refuses(subject, owner, [local(id)], { types: ['audio'] })
      await refuses(subject, owner, [local(id)], { methods: ['remote_url'] })
      await refuses(subject, owner, [local(id), local(id)], { limit: 1 })
      await refuses(subject, owner, [local(id, 'document')])
      await refuses(subject, owner, [local(id)], { types: ['custom'], extensions: ['.pdf'] })
      assert.equal((await subject.resolve(owner, [local(id, 'custom')], { ...rules, types: ['custom'], extensions: ['.PNG'] }))[0]?.type, 'custom')
    },
    'refuses what is no file, and addresses that may not be called': async (subject, deps) => {
      const owner = await deps.endUsers.take(await newApp(deps), 'ada')
      for (const wrong of [local(randomUUID()), 'x', [null], [{ type: 'image' }], [{ ...remote('https://8.8.8.8/'), type: 'odd' }]]) await refuses(subject, owner, wrong)
      for (const url of ['http://127.0.0.1/a.png', 'http://169.254.169.254/a.png', 'file:///etc/passwd', 'nonsense', '']) await refuses(subject, owner, [remote(url)])
    },
    'lists and reads the files of a workspace, and of no other': async (subject, deps) => {
      const owner = await deps.endUsers.take(await newApp(deps), 'ada')
      const id = await sent(deps, owner, 'all of it')
      assert.equal((await subject.list(owner.workspaceId, [id, randomUUID()])).get(id)?.mimeType, 'image/png')
      assert.equal((await subject.list(owner.workspaceId, [id, randomUUID()])).size, 1)
      assert.equal((await subject.list(randomUUID(), [id])).size, 0)
      assert.equal(await text(await subject.read(owner.workspaceId, id)), 'all of it')
      for (const [workspaceId, which] of [[randomUUID(), id], [owner.workspaceId, randomUUID()]] as const) {
        await assert.rejects(async () => subject.read(workspaceId, which), (error) => error instanceof HttpError && error.status === 404)
      }
    },
    'links to a file by a whole address, each time another one': (subject) => {
      const [workspaceId, id] = [randomUUID(), randomUUID()]
      const links = [subject.link(workspaceId, id), subject.link(workspaceId, id)]
      assert.equal(new Set(links).size, 2)
      for (const link of links) assert(new URL(link).pathname.includes(id))
    },
  },
})
