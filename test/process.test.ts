/** The server as a process: first start, restart, refusals, and a kill in the middle of the work. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { client } from './support/client.ts'
import { freePort, mortise, serving } from './support/processes.ts'

const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'mortise-process-'))

test.serial('first start, stop, restart, and a kill -9 during indexing lose nothing', async (t) => {
  const dataDir = await folder()
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { DATA_DIR: dataDir, PORT: String(port) }
  let server = mortise(['start'], env)
  t.teardown(() => server.child.kill('SIGKILL'))
  await serving(url, server)
  t.regex(server.output(), /bootstrap\.txt/)
  const bootstrap = await readFile(join(dataDir, 'bootstrap.txt'), 'utf8')
  const key = /dataset-[A-Za-z0-9]+/.exec(bootstrap)?.[0] as string
  t.false(server.output().includes(key), 'the secret is in no log')
  t.true(bootstrap.includes('curl'))
  const api = client(url, key)
  const { body: dataset } = await api.send('POST', '/v1/datasets', { name: 'Kept' })

  const second = mortise(['start'], { ...env, PORT: String(await freePort()) })
  t.is(await second.exit, 1)
  t.regex(second.output(), /in use|already/i)
  t.notRegex(second.output(), /\n\s+at /, 'no stack trace')
  const taken = mortise(['start'], { DATA_DIR: await folder(), PORT: String(port) })
  t.is(await taken.exit, 1)
  t.regex(taken.output(), /taken/)

  server.child.kill('SIGTERM')
  t.is(await server.exit, 0)
  server = mortise(['start'], env)
  await serving(url, server)
  t.is((await api.send('GET', `/v1/datasets/${dataset.id as string}`)).body.name, 'Kept')

  const text = Array.from({ length: 150 }, (_, n) => `Section ${n}. The ${n}th rule of the house says that visitor number ${n} signs the book in room ${n * 7}.`).join('\n')
  const { body: created } = await api.send('POST', `/v1/datasets/${dataset.id as string}/document/create-by-text`, {
    name: 'Rules', text, indexing_technique: 'high_quality', process_rule: { mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator: '\n', max_tokens: 200 } } },
  })
  const status = async (): Promise<{ indexing_status: string; completed_segments: number }> =>
    (await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/${created.batch as string}/indexing-status`)).body.data[0]
  while ((await status()).indexing_status !== 'indexing') await sleep(20)
  server.child.kill('SIGKILL')
  await server.exit
  server = mortise(['start'], env)
  await serving(url, server)
  const [state] = await api.indexed(dataset.id as string, created.batch as string, 120_000)
  t.like(state, { indexing_status: 'completed', completed_segments: 150, total_segments: 150 })
  const segments: { position: number; content: string }[] = []
  for (let page = 1; page <= 2; page++) segments.push(...(await api.send('GET', `/v1/datasets/${dataset.id as string}/documents/${created.document.id as string}/segments?limit=100&page=${page}`)).body.data)
  t.deepEqual(segments.map(({ content }) => content), text.split('\n'))
  t.is(new Set(segments.map(({ position }) => position)).size, 150)
  server.child.kill('SIGTERM')
  t.is(await server.exit, 0)
})

test.serial('what is wrong is said at once, with the fix, without a stack trace', async (t) => {
  const dataDir = await folder()
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const expect = async (env: Record<string, string>, code: number, ...parts: RegExp[]): Promise<void> => {
    const run = mortise(['start'], { DATA_DIR: dataDir, PORT: '0', ...env })
    t.is(await run.exit, code, run.output())
    for (const part of parts) t.regex(run.output(), part)
    t.notRegex(run.output(), /\n\s+at /)
  }
  await expect({ PORT: 'many', HOST: '!' }, 2, /server\.port/, /server\.host/, /PORT/)
  await expect({ SECRET_KEY: 'short' }, 2, /server\.secretKey/, /32/)
  // This profile waits for nobody.
  await expect({ MORTISE_PROFILE: 'test', DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none', SECRET_KEY: 'a secret key that only tests would use' }, 1, /127\.0\.0\.1:1/)
  await expect({ DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none' }, 2, /SECRET_KEY/)
})
