import test from 'ava'
import { StartupError } from '../core/index.ts'
import type { Database } from '../core/index.ts'
import { testPort } from '../core/testing.ts'
import { pgvector } from '../plugins/datasets/adapters/vector-pgvector.ts'
import { vectorIndexContract } from '../plugins/datasets/contracts/vector-index.ts'

testPort(test.serial, vectorIndexContract, { name: 'vectorIndex exact' })
testPort(test.serial, vectorIndexContract, { name: 'vectorIndex exact, larger than its memory', config: { adapters: { vectorIndex: { exact: { cacheBytes: 0 } } } } })
// A server may lack the extension; the embedded database has it.
if (process.env['TEST_DATABASE_URL'] === undefined) {
  testPort(test.serial, vectorIndexContract, { name: 'vectorIndex pgvector', config: { adapters: { vectorIndex: { pgvector: {} } } } })
  testPort(test.serial, vectorIndexContract, { name: 'vectorIndex pgvector, by its graph', config: { adapters: { vectorIndex: { pgvector: { compared: 0 } } } } })
}

test('pgvector on a server without the extension says what to install or to choose', async (t) => {
  const db = { hasExtension: async () => false } as unknown as Database
  const error = await t.throwsAsync(async () => pgvector.create({ db }, { compared: 0 }), { instanceOf: StartupError })
  t.regex(error.message, /vectorIndex\.pgvector: .* no extension "vector"[\s\S]*Install pgvector[\s\S]*vectorIndex: exact/)
})
