/** What an empty server does by itself, once, and what it leaves to the operator. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database, serverConfig } from '../core/index.ts'
import type { Logger, ServerConfig } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { bootstrapConfig } from '../plugins/bootstrap/config.ts'
import type { BootstrapConfig } from '../plugins/bootstrap/config.ts'
import { makeFirstOwner } from '../plugins/bootstrap/services/first-owner.ts'
import { outlet } from '../plugins/bootstrap/services/outlet.ts'
import { signIn } from './support/world.ts'

const start = async (t: ExecutionContext, { server = {}, bootstrap = {}, ...options }: Omit<TestAppOptions, 'config'> & {
  server?: Partial<ServerConfig>; bootstrap?: Partial<BootstrapConfig>
} = {}): Promise<TestApp> => {
  const app = await testApp({
    ...options,
    config: {
      server: { bootstrap: true, ...server }, plugins: { bootstrap: { ...bootstrap } },
    },
  })
  t.teardown(() => app.close())
  return app
}
const field = (text: string, label: string): string => new RegExp(`^ *${label} +(\\S+)$`, 'm').exec(text)?.[1] ?? ''
/** The words of the command as a shell takes them apart. */
const commandOf = (text: string): string[] => {
  const line = /^curl .*$/m.exec(text)?.[0] ?? ''
  return execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${line}`], { encoding: 'utf8' }).split('\0').slice(0, -1)
}
const count = async (app: TestApp, table: string): Promise<number> =>
  (await app.resolve(database).query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`))[0]?.count ?? -1

test.serial('an empty server makes its first owner and key, and tells them in a file of the operator alone', async (t) => {
  const lines: string[] = []
  const write = (fields: object | string, message = ''): void => { lines.push(JSON.stringify(fields) + message) }
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }
  const app = await start(t, { bootstrap: { email: 'me@example.org', output: 'file' }, fakes: { logger: log } })
  const file = join(app.dataDir, 'bootstrap.txt')
  t.is((await stat(file)).mode & 0o777, 0o600)
  const text = await readFile(file, 'utf8')
  const [email, password, key] = [field(text, 'E-mail'), field(text, 'Password'), field(text, 'API key')]
  t.is(email, 'me@example.org')
  t.regex(password, /^[\w-]{20}$/)
  t.regex(key, /^dataset-[0-9A-Za-z]{30}$/)
  t.true(lines.some((line) => line.includes(file)), 'the log says where')
  for (const secret of [password, key, key.slice(8)]) t.false(lines.join('\n').includes(secret), 'and not what')

  const profile = await app.fetch('/console/api/account/profile', { headers: await signIn(app, { email, password }) })
  t.is(profile.status, 200)
  const { id } = await profile.json() as { id: string }
  const words = commandOf(text)
  const [, method, address, , first = '', , second = '', , body = ''] = words
  t.deepEqual([method, address, words.length], ['POST', 'http://127.0.0.1:0/v1/datasets', 9])
  const headers = Object.fromEntries([first, second].map((header) => header.split(': ') as [string, string]))
  const answer = await app.fetch('/v1/datasets', { method: 'POST', headers, body })
  t.is(answer.status, 200)
  t.like(await answer.json(), { name: 'My first knowledge base', created_by: id })
  t.deepEqual([await count(app, 'accounts'), await count(app, 'workspaces'), await count(app, 'api_tokens')], [1, 1, 1])
  t.is((await app.fetch('/console/api/setup', { json: { email, name: 'Me', password } })).status, 403)
})

/** The work of a start, on a server that has been told to leave it; `change` puts others in the place of what it uses. */
const remake = (app: TestApp, change: object = {}): (() => Promise<void>) => {
  const server = app.resolve<ServerConfig>(serverConfig as never)
  const config = app.resolve<BootstrapConfig>(bootstrapConfig as never)
  const deps = { db: app.resolve(database), accounts: app.resolve(accounts), apiKeys: app.resolve(apiKeys), outlet: app.resolve(outlet), config, server: { ...server, bootstrap: true } }
  return makeFirstOwner.create({ ...deps, ...change })
}

test.serial('a server that is told not to makes none; one whose secrets cannot be told neither; and of many that start at once one does', async (t) => {
  const app = await start(t, { server: { bootstrap: false } })
  const file = join(app.dataDir, 'bootstrap.txt')
  const made = async (): Promise<number[]> => [await count(app, 'accounts'), await count(app, 'workspaces'), await count(app, 'api_tokens')]
  t.deepEqual([await made(), existsSync(file)], [[0, 0, 0], false])

  const fails = async (): Promise<never> => { throw new Error('not today') }
  const db = app.resolve(database)
  for (const change of [
    { apiKeys: { create: fails } }, { outlet: { prepare: fails, tell: () => undefined } },
    { db: { ...db, transaction: (work: () => Promise<unknown>) => db.transaction(async () => { await work(); await fails() }) } },
  ]) {
    await t.throwsAsync(remake(app, change)(), { message: 'not today' })
    t.deepEqual([await made(), existsSync(file)], [[0, 0, 0], false])
  }

  await writeFile(file, 'of another database')
  await Promise.all(Array.from({ length: 5 }, () => remake(app)()))
  t.deepEqual(await made(), [1, 1, 1])
  const text = await readFile(file, 'utf8')
  t.is((await app.fetch('/v1/datasets', { json: { name: 'x' }, token: field(text, 'API key') })).status, 200, 'the file tells of the one that was made')
  t.is(await readFile(`${file}.old`, 'utf8'), 'of another database', 'what was there is kept')

  await remake(app)()
  t.deepEqual([await made(), await readFile(file, 'utf8')], [[1, 1, 1], text], 'never twice')
})

test.serial('a restart neither makes nor tells anything again', async (t) => {
  if (process.env['TEST_DATABASE_URL'] !== undefined) { t.pass('a server gives every start a database of its own'); return }
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const first = await start(t, { dataDir })
  const before = await readFile(join(dataDir, 'bootstrap.txt'), 'utf8')
  await first.close()
  const second = await start(t, { dataDir })
  t.is(await readFile(join(dataDir, 'bootstrap.txt'), 'utf8'), before)
  t.deepEqual((await readdir(dataDir)).filter((name) => name.startsWith('bootstrap')), ['bootstrap.txt'])
  t.is((await second.fetch('/v1/datasets', { json: { name: 'x' }, token: field(before, 'API key') })).status, 200)
})

test.serial('on a terminal the secrets are shown there and nowhere else', async (t) => {
  const shown: string[] = []
  const original = process.stdout.write
  process.stdout.write = (text: string | Uint8Array) => { shown.push(String(text)); return true }
  let app: TestApp
  try {
    app = await start(t, { bootstrap: { output: 'terminal' }, server: { publicUrl: 'https://mortise.example.org/' } })
  } finally { process.stdout.write = original }
  const text = shown.join('')
  t.is(field(text, 'E-mail'), 'owner@example.com')
  t.is(commandOf(text)[2], 'https://mortise.example.org/v1/datasets')
  t.is((await app.fetch('/v1/datasets', { json: { name: 'x' }, token: field(text, 'API key') })).status, 200)
  t.false(existsSync(join(app.dataDir, 'bootstrap.txt')))
})

test.serial('a data folder that cannot be written keeps the server from starting, with nothing made', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  // A folder that is not empty cannot be replaced by renaming.
  await mkdir(join(dataDir, 'bootstrap.txt.old', 'x'), { recursive: true })
  await writeFile(join(dataDir, 'bootstrap.txt'), 'x')
  await t.throwsAsync(start(t, { dataDir }), { message: /bootstrap\.txt/ })
  t.is(await readFile(join(dataDir, 'bootstrap.txt'), 'utf8'), 'x')
})
