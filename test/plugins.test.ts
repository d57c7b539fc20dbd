/** Plugins from outside, enabled by their path alone: the simplest one, a scoping strategy, a cache. What nobody names stays untouched. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { cacheContract } from '../plugins/platform/contracts/cache.ts'
import { createKernel } from '../core/kernel.ts'
import { testApp, testPort } from '../core/testing.ts'
import { keyScopeContract } from '../plugins/api-keys/contracts/key-scope.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { client } from './support/client.ts'

const byPath = (file: string, port: string, adapter: string) =>
  ({ name: `${port} of ${file}`, config: { plugins: { [`./test/support/plugins/${file}`]: {} }, adapters: { [port]: { [adapter]: {} } } } as never })
const reading = byPath('keys-for-reading.ts', 'keyScope', 'reading')

test.serial('the simplest plugin has fewer than ten lines and needs nothing but its path', async (t) => {
  const file = 'test/support/plugins/hello.ts'
  t.true((await readFile(new URL(`../${file}`, import.meta.url), 'utf8')).trim().split('\n').length < 10)
  const app = await testApp({ config: { plugins: { [`./${file}`]: {} } } })
  t.deepEqual(await (await app.fetch('/hello')).json(), { hello: 'world' })
  t.is(app.kernel.catalogue.plugins.find(({ name }) => name === 'hello')?.source, `./${file}`)
  await app.close()
})

testPort(test.serial, keyScopeContract, reading)
testPort(test.serial, cacheContract, byPath('cache-in-a-map.ts', 'cache', 'map'))

test.serial('a strategy from outside decides over real requests', async (t) => {
  const app = await testApp(reading)
  t.teardown(() => app.close())
  const owner = await app.resolve(accounts).setup({ email: 'reader@example.org', name: 'Reader', password: 'correct horse 42' })
  const { token } = await app.resolve(apiKeys).create({ type: 'dataset', workspaceId: owner?.workspaceId ?? '', datasetId: null, createdBy: owner?.accountId ?? '' })
  const api = client(app.url, token)
  t.is((await api.send('GET', '/v1/datasets')).status, 200)
  t.is((await api.send('POST', '/v1/datasets', { name: 'No' })).status, 403)
})

test.serial('code runs only where the configuration names it', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'mortise-named-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  const ran = ((globalThis as { ran?: string[] }).ran = [] as string[])
  const telling = (name: string): string => `globalThis.ran.push('${name}')\nexport default { name: '${name}', kernel: '^1', start: () => { globalThis.ran.push('${name} starts') } }\nexport const up = () => {}\n`
  const packageOf = (name: string): Record<string, string> => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js', keywords: ['mortise', 'mortise-plugin'], mortise: { plugin: './index.js' } }),
    [`node_modules/${name}/index.js`]: telling(name),
  })
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ type: 'module', dependencies: { '@acme/named': '*', '@acme/unnamed': '*', 'mortise-plugin-unnamed': '*' } }),
    ...packageOf('@acme/named'), ...packageOf('@acme/unnamed'), ...packageOf('mortise-plugin-unnamed'),
    'config/own.yaml': "plugins:\n  '@acme/named':\n  ./near.js:\n  ./off.js: null\n",
    'migrations/20990101T0000-auth-planted.js': telling('migration'),
  }
  for (const [name, path] of Object.entries({
    near: 'config/near.js', off: 'config/off.js', beside: 'config/beside.js', index: 'config/index.js', script: 'config/own.js', top: 'index.js',
    folder: 'plugins/folder/index.js', shadow: 'plugins/auth/index.js', setting: 'mortise.config.js',
  })) files[path] = telling(name)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  const load = (env: NodeJS.ProcessEnv) => createKernel({ root, env: { MORTISE_PROFILE: 'test', DATA_DIR: join(root, 'data'), ...env }, only: ['worker'] })
  await load({})
  t.deepEqual(ran, [], 'nothing runs because it lies there')
  const kernel = await load({ MORTISE_CONFIG: 'config/own.yaml' })
  t.deepEqual([...ran].sort(), ['@acme/named', 'near'])
  try { await kernel.start() } finally { await kernel.stop() }
  t.deepEqual([...ran].sort(), ['@acme/named', '@acme/named starts', 'near', 'near starts'])
})
