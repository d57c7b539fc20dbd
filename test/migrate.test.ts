/** Migrations: in order, once, whole or not at all, whoever comes first. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { database, logger, StartupError } from '../core/index.ts'
import type { Database, Logger } from '../core/index.ts'
import { migrate, pendingMigrations } from '../core/migrate.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { alone } from './support/alone.ts'

let app: TestApp
let db: Database
let log: Logger
test.before(async () => {
  app = await testApp({ config: alone })
  db = app.resolve(database)
  log = app.resolve(logger)
})
test.after.always(() => app.close())

const up = (sql: string): string => `export const up = async (db) => { await db.query(${JSON.stringify(sql)}) }`
const folder = async (t: ExecutionContext, files: Record<string, string>): Promise<URL> => {
  const path = await mkdtemp(join(tmpdir(), 'mortise-migrations-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return pathToFileURL(path)
}
const there = async (table: string): Promise<boolean> => (await db.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [table]))[0]?.found ?? false

test.serial('the timeline of all plugins is one, and each migration runs once', async (t) => {
  const shared = await folder(t, {
    '20260101T0000-one-first.ts': up('CREATE TABLE m_one (n int)'), '20260103T0000-one-more-last.ts': up('INSERT INTO m_one VALUES (3)'),
    '20260103T0000-one-more-last.js': up('INSERT INTO m_one VALUES (33)'), '20260103T0000-one-more-last.d.ts': '', '20260103T0000-one-more-last.js.map': '',
  })
  const third = await folder(t, { '20260102T0000-acme-middle.ts': up('INSERT INTO m_one VALUES (2)') })
  const sources = [{ plugin: '@acme/keys', folder: third }, { plugin: ['one', 'one-more'], folder: shared }]
  const ids = ['one/20260101T0000-one-first', '@acme/keys/20260102T0000-acme-middle', 'one-more/20260103T0000-one-more-last']
  t.deepEqual(await pendingMigrations(db, sources), ids)
  t.deepEqual(await migrate(db, sources, log), ids)
  t.deepEqual(await db.query('SELECT n FROM m_one ORDER BY n'), [{ n: 2 }, { n: 33 }], 'the built file is meant where both are there')
  t.deepEqual(await migrate(db, sources, log), [])
  t.deepEqual(await pendingMigrations(db, sources), [])
  const rows = await db.query<{ id: string; applied_at: Date }>("SELECT id, applied_at FROM schema_migrations WHERE id LIKE '%one%' OR id LIKE '@acme%' ORDER BY applied_at, id")
  t.deepEqual(rows.map(({ id }) => id), ids)
})

test.serial('a migration that fails leaves nothing and keeps what was before it', async (t) => {
  const source = { plugin: 'two', folder: await folder(t, {
    '20260201T0000-two-good.ts': up('CREATE TABLE m_two (n int)'),
    '20260202T0000-two-bad.ts': 'export const up = async (db) => { await db.query("CREATE TABLE m_half (n int)"); await db.query("INSERT INTO m_two VALUES (1)"); await db.query("SELECT nonsense") }',
    '20260203T0000-two-later.ts': up('CREATE TABLE m_later (n int)'),
  }) }
  const error = await t.throwsAsync(migrate(db, [source], log), { instanceOf: StartupError })
  t.is(error.exitCode, 1)
  t.like(error.problems[0], { path: 'two/20260202T0000-two-bad' })
  t.regex(error.message, /nothing of it was kept: .*nonsense/)
  t.deepEqual([await there('m_two'), await there('m_half'), await there('m_later')], [true, false, false])
  t.deepEqual(await db.query('SELECT n FROM m_two'), [])
  t.deepEqual(await pendingMigrations(db, [source]), ['two/20260202T0000-two-bad', 'two/20260203T0000-two-later'])
  const other = { plugin: 'two', folder: await folder(t, { '20260202T0000-two-nothing.ts': 'export const down = 1' }) }
  await t.throwsAsync(migrate(db, [other], log), { instanceOf: StartupError, message: /exports no function "up"/ })
})

test.serial('processes that start at once take turns', async (t) => {
  const source = { plugin: 'three', folder: await folder(t, Object.fromEntries(Array.from({ length: 5 }, (_, index) => [
    `2026030${index + 1}T0000-three-step.ts`,
    `export const up = async (db) => { await db.query(${JSON.stringify(index === 0 ? 'CREATE TABLE m_three (n int)' : `INSERT INTO m_three VALUES (${index})`)}); await new Promise((done) => setTimeout(done, 20)) }`,
  ]))) }
  const applied = await Promise.all([1, 2, 3].map(() => migrate(db, [source], log)))
  t.is(applied.flat().length, 5)
  t.deepEqual([...new Set(applied.flat())].length, 5)
  t.deepEqual(await db.query('SELECT n FROM m_three ORDER BY n'), [1, 2, 3, 4].map((n) => ({ n })))
})

test.serial('a file that is no migration, and a folder that is not there, are refused before anything runs', async (t) => {
  for (const name of ['readme.ts', '20260401-four-x.ts', '20260401T0000-nobody-x.ts', '20260401T0000-four-x.sql', '20260401T0000-fourx.ts']) {
    const source = { plugin: ['four'], folder: await folder(t, { '20260401T0000-four-a.ts': up('CREATE TABLE m_four (n int)'), [name]: '' }) }
    await t.throwsAsync(migrate(db, [source], log), { instanceOf: StartupError, message: new RegExp(name.replaceAll('.', '\\.')) }, name)
  }
  t.false(await there('m_four'))
  await t.throwsAsync(pendingMigrations(db, [{ plugin: 'five', folder: new URL('file:///nowhere/at/all/') }]), { instanceOf: StartupError, message: /folder cannot be read/ })
})

test.serial('every migration of the project names its plugin and is applied', async (t) => {
  const source = { plugin: await readdir(new URL('../plugins/', import.meta.url)), folder: new URL('../migrations/', import.meta.url) }
  t.deepEqual(await pendingMigrations(db, [source]), [])
  t.true((await db.query<{ id: string }>("SELECT id FROM schema_migrations WHERE id LIKE 'datasets/%'")).length > 0)
})
