/** The main job, on every combination of strategies: a document goes in over HTTP, and a question brings back the right passage. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { testApp } from '../core/testing.ts'
import { client } from './support/client.ts'
import { bootstrapKey, mainJob } from './support/main-job.ts'

// Pairs suffice: each value of a strategy meets each value of every other. The database is that of the whole run, which is done on both.
const combinations = [
  { cache: 'memory', keyScope: 'dataset', vectorIndex: 'exact' },
  { cache: 'memory', keyScope: 'workspace', vectorIndex: 'pgvector' },
  { cache: 'none', keyScope: 'dataset', vectorIndex: 'pgvector' },
  { cache: 'none', keyScope: 'workspace', vectorIndex: 'exact' },
  // A PostgreSQL server seldom has the extension; the embedded database does.
].map((strategies) => process.env['TEST_DATABASE_URL'] === undefined ? strategies : { ...strategies, vectorIndex: 'exact' })

for (const strategies of combinations) {
  test.serial(`from document to answer with ${JSON.stringify(strategies)}`, async (t) => {
    const adapters = Object.fromEntries(Object.entries(strategies).map(([port, adapter]) => [port, { [adapter]: {} }]))
    const app = await testApp({ config: { adapters, server: { bootstrap: true, port: 0 } } })
    t.teardown(() => app.close())
    const file = join(app.dataDir, 'bootstrap.txt')
    const bootstrap = await readFile(file, 'utf8')
    t.is((await stat(file)).mode & 0o777, 0o600)
    await mainJob(t, client(app.url, bootstrapKey(bootstrap)))
  })
}
