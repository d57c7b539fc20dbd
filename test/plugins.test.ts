/** Plugins from outside, enabled by their path alone: the simplest one, a scoping strategy, a cache. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { cacheContract } from '../plugins/platform/contracts/cache.ts'
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
