/** The code keeps the rules of its architecture; and each rule would notice. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { borders, budgets, linesOfCode, linesThatRun, noPlaces, oneContainer, outbound, plainIndexes, tableOwners, topLevel } from './support/rules.ts'
import type { Rule, Source } from './support/rules.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What is or would be committed: git knows; without it, whatever is there but for what is made. */
const paths = (): string[] => {
  if (existsSync(join(root, '.git'))) {
    try {
      return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
    } catch { /* No git on this machine, or the folder is another user's: look for ourselves. */ }
  }
  return readdirSync(root).filter((name) => !['.git', 'node_modules', 'dist', 'data'].includes(name)).flatMap((name) =>
    statSync(join(root, name)).isDirectory() ? readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) => `${name}/${path}`) : [name],
  ).filter((path) => statSync(join(root, path)).isFile())
}
const project: Source[] = paths().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

test('there is a project to look at', (t) => {
  for (const path of ['core/kernel.ts', 'plugins/platform/index.ts', 'package.json', 'README.md']) t.true(project.some((file) => file.path === path), path)
})

const file = (path: string, text: string): Source => ({ path, text })
const law = (title: string, rule: Rule, faulty: readonly (readonly Source[])[], sound: readonly Source[] = []): void => {
  test(title, (t) => {
    t.deepEqual(rule(project), [])
    for (const planted of faulty) t.true(rule(planted).length > 0, `not noticed: ${planted.map(({ path, text }) => `${path}: ${text.slice(0, 80)}`).join('; ')}`)
    t.deepEqual(rule(sound), [])
  })
}

law('plugins know each other by ports.ts alone, and the kernel by core/index.ts; the kernel knows no plugin', borders, [
  [file('plugins/a/services/x.ts', "import { y } from '../../b/services/y.ts'")],
  [file('plugins/a/x.ts', "export * from '../b/index.ts'")],
  [file('plugins/a/x.ts', "import type { Y } from '../b/config.ts'")],
  [file('plugins/a/x.ts', "const y = await import('../b/errors.ts')")],
  [file('plugins/a/x.ts', "import { createKernel } from '../../core/kernel.ts'")],
  [file('core/x.ts', "import '../plugins/a/ports.ts'")],
  [file('migrations/20260101T0000-a-x.ts', "import '../plugins/a/ports.ts'")],
  [file('core/x.ts', "import { up } from '../migrations/20260101T0000-a-x.ts'")],
], [
  file('plugins/a/services/x.ts', "import { y } from '../../b/ports.ts'\nimport { z } from '../../../core/index.ts'\nimport '../errors.ts'\nimport pg from 'pg'"),
  file('core/x.ts', "import './y.ts'"), file('test/x.ts', "import '../plugins/a/services/x.ts'"),
])

law('one file knows awilix', oneContainer, [
  [file('core/kernel.ts', "import { createContainer } from 'awilix'")], [file('plugins/a/index.ts', "import type { Cradle } from 'awilix'")],
], [file('core/container.ts', "import 'awilix'")])

const lines = (count: number): string => 'let a = 1\n'.repeat(count)
law('the kernel stays small, and every file', budgets, [
  ['kernel', 'http', 'wiring', 'graph'].map((name) => file(`core/${name}.ts`, lines(250))),
  ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => file(`core/${name}.ts`, lines(290))),
  [file('plugins/a/x.ts', lines(301))], [file('test/x.test.ts', lines(601))],
], [file('core/kernel.ts', lines(300)), file('core/http.ts', `/* ${'\n'.repeat(100)} */\n`), file('core/a.ts', 'interface A { a: 1 }\n'.repeat(299)), file('plugins/a/x.ts', lines(300))])

test('lines of code are those on which code stands', (t) => {
  t.is(linesOfCode(file('x.ts', '/** a\n b */\nconst a = `1\n2`\n\n// c\nconst b = [ // d\n]\n/* e */\n')), 4)
  t.is(linesThatRun(file('x.ts', '/** a */\nexport interface A {\n  a: 1\n}\nexport const a: A = {\n  a: 1, // b\n}\n')), 3)
})

const created = [
  file('migrations/20260101T0000-a-b-first.ts', 'export const up = (db) => db.query(`CREATE TABLE mine (id uuid)`)'),
  file('migrations/20260101T0001-a-first.ts', 'export const up = (db) => db.query(`CREATE TABLE IF NOT EXISTS "theirs" (id uuid REFERENCES mine (id))`)'),
  file('plugins/a/index.ts', ''), file('plugins/a-b/index.ts', ''),
]
law('a table has one owner, and nobody else names it', tableOwners, [
  [...created, file('plugins/a/services/x.ts', 'db.query(`SELECT 1 FROM ${t} x JOIN mine ON true`)')],
  [...created, file('plugins/a-b/services/x.ts', "db.query('delete from theirs')")],
  [...created, file('plugins/a/models/x.ts', "model('mine', {})")],
  [...created, file('migrations/20260102T0000-a-b-more.ts', "db.query('ALTER TABLE theirs ADD COLUMN x int')")],
  [...created, file('migrations/20260102T0000-a-more.ts', "db.query('CREATE TABLE mine ()')")],
  [...created, file('migrations/20260102T0000-nobody-more.ts', '')],
], [...created, file('plugins/a-b/services/x.ts', 'db.query(`UPDATE mine SET x = 1`)'), file('plugins/a-b/models/x.ts', "model('mine', {})")])

law('nothing calls other machines but from one place', outbound, [
  [file('plugins/a/x.ts', "await fetch('http://example.com')")], [file('plugins/a/x.ts', 'const f = fetch')], [file('plugins/a/x.ts', 'globalThis.fetch(url)')],
  [file('core/x.ts', "import { request } from 'undici'")], [file('plugins/a/x.ts', "import { S3Client } from '@aws-sdk/client-s3'")], [file('plugins/a/x.ts', "import { request } from 'node:https'")],
  [file('plugins/a/x.ts', "import http from 'node:http'")], [file('plugins/a/x.ts', "import * as net from 'net'")],
  [file('plugins/a/x.ts', "const http = await import('node:http')")], [file('plugins/a/x.ts', "import axios from 'axios'")], [file('plugins/a/x.ts', 'new WebSocket(url)')],
], [file('core/x.ts', "import { createServer } from 'node:http'\nimport type { Server } from 'node:https'\ncache.fetch(1); const o = { fetch: 1 }"), file('test/x.ts', 'fetch(url)')])

law("a plugin's index.ts says what there is and does nothing", plainIndexes, [
  [file('plugins/a/index.ts', 'const x = 1\nexport default definePlugin({})')], [file('plugins/a/index.ts', 'export default definePlugin({ start: () => { if (x) y() } })')],
  [file('plugins/a/index.ts', 'export default definePlugin({ start: () => { a(); b() } })')], [file('plugins/a/index.ts', 'export default definePlugin({ start: ({ x }) => x ? 1 : 2 })')],
  [file('plugins/a/index.ts', 'export default { name: 1 }')],
], [file('plugins/a/index.ts', "import { x } from './x.ts'\nexport default definePlugin({ name: 'a', routes: [...x], start: async ({ y }) => { await y.start() }, stop: ({ y }) => y.stop() })"), file('plugins/a/x.ts', 'const x = 1')])

law('nothing lies about at the top of the project', topLevel, [[file('scripts/x.sh', '')], [file('notes.md', '')], [file('src/x.ts', '')], [file('build.js', '')]],
  [file('core/x.ts', ''), file('.ci/run', ''), file('esbuild.config.js', ''), file('LICENSE', '')])

law('nothing names a place that only one machine has', noPlaces, [
  [file('README.md', ['see /w', 'ork/notes'].join(''))], [file('core/x.ts', ["'/r", "oot/.cache'"].join(''))], [file('package-lock.json', ['"https://registry.n', 'pmjs.org/x"'].join(''))],
], [file('README.md', 'GET /workspaces, plugins/work/x, https://example.com/work')])
