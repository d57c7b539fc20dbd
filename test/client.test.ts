/** The client that is generated from the description of the API: its types hold what they say, and it speaks to a running server. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { knowledge } from './support/knowledge.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** As somebody would write it who has installed the package. Where it expects an error, one that is missing is an error too. */
const program = `
import { createMortise } from '@mortise/client'
import type { Mortise } from '@mortise/client'

const firstRun = async (mortise: Mortise) => {
  const { data: dataset, error } = await mortise.POST('/v1/datasets', { body: { name: 'typed', indexing_technique: 'economy' } })
  if (!dataset) throw new Error(error.message)
  const params = { path: { dataset_id: dataset.id } }
  const added = await mortise.POST('/v1/datasets/{dataset_id}/document/create-by-text', {
    params, body: { name: 'note', text: 'The heron waits in the water.', process_rule: { mode: 'automatic' } },
  })
  if (!added.data) throw new Error(added.error.message)
  const file = new File(['The owl sleeps by the water.'], 'owl.txt', { type: 'text/plain' })
  const sent = await mortise.POST('/v1/datasets/{dataset_id}/document/create-by-file', { params, body: { file, data: { process_rule: { mode: 'automatic' } } } })
  if (!sent.data) throw new Error(sent.error.message)
  const batches: string[] = [added.data.batch, sent.data.batch]
  for (const batch of batches) {
    for (let left = 200, done = false; !done; left--) {
      const { data } = await mortise.GET('/v1/datasets/{dataset_id}/documents/{batch}/indexing-status', { params: { path: { ...params.path, batch } } })
      done = data?.data.every((one) => one.indexing_status === 'completed') ?? false
      if (left === 0) throw new Error('not indexed in time')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const found = await mortise.POST('/v1/datasets/{dataset_id}/retrieve', { params, body: { query: 'water' } })
  const listed = await mortise.GET('/v1/datasets/{dataset_id}/documents', { params: { ...params, query: { limit: 1 } } })
  const gone = await mortise.DELETE('/v1/datasets/{dataset_id}', { params })
  const again = await mortise.GET('/v1/datasets/{dataset_id}', { params })
  const code: 'not_found' | 'unauthorized' | string | undefined = again.error?.code
  return {
    passages: found.data?.records.map(({ segment }) => segment.content).sort(), positive: found.data?.records.every(({ score }) => score > 0),
    names: sent.data.document.name, page: [listed.data?.data.length, listed.data?.total, listed.data?.has_more], deleted: gone.response.status, again: again.response.status, code,
  }
}
export const main = (baseUrl: string, apiKey: string) => firstRun(createMortise({ baseUrl, apiKey }))
export const refused = async (baseUrl: string) => (await createMortise({ baseUrl, apiKey: 'nonsense' }).GET('/v1/datasets')).error?.status

export const mistakes = async (mortise: Mortise): Promise<void> => {
  // @ts-expect-error: there is no such address
  await mortise.GET('/v1/nothing')
  // @ts-expect-error: nor for a key
  await mortise.GET('/console/api/datasets')
  // @ts-expect-error: it is not that method
  await mortise.DELETE('/v1/datasets')
  // @ts-expect-error: the name is missing
  await mortise.POST('/v1/datasets', { body: {} })
  // @ts-expect-error: there is no such technique
  await mortise.POST('/v1/datasets', { body: { name: 'x', indexing_technique: 'magic' } })
  // @ts-expect-error: it is not said which
  await mortise.GET('/v1/datasets/{dataset_id}')
  const { data, error } = await mortise.GET('/v1/datasets')
  // @ts-expect-error: it may have failed
  data.total
  // @ts-expect-error: a number
  const words: string | undefined = data?.total
  // @ts-expect-error: none of the codes that are documented
  if (error?.code === 'made_up') return
}
`
const options = { strict: true, exactOptionalPropertyTypes: true, target: 'es2022', module: 'nodenext', lib: ['es2023', 'dom', 'dom.iterable'], types: [], skipDefaultLibCheck: true, outDir: '.' }

test('a program against the generated client is checked, and runs', async (t) => {
  const { app, newToken } = await knowledge()
  t.teardown(() => app.close())
  const folder = await mkdtemp(join(tmpdir(), 'mortise-client-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const out = join(folder, 'node_modules/@mortise/client')
  const { stdout } = await run(process.execPath, ['--import=@oxc-node/core/register', 'test/client/run.ts', '--from', app.url, '--out', out], { cwd: root })
  t.is(stdout.trim(), `The client of ${app.url} is in ${out}.`)
  const written = await readFile(join(out, 'api.d.ts'), 'utf8')
  t.false(written.includes('/console/api'), 'what no key can do is not in it')
  t.like(JSON.parse(await readFile(join(out, 'package.json'), 'utf8')), { name: '@mortise/client', dependencies: { 'openapi-fetch': '0.17.0' } })

  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', 'program.ts': program, 'tsconfig.json': JSON.stringify({ compilerOptions: options, files: ['program.ts'] }) })) await writeFile(join(folder, name), text)
  const { stdout: said } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]).catch((error: unknown) => error as { stdout: string })
  t.is(said, '')

  const { main, refused } = await import(pathToFileURL(join(folder, 'program.js')).href) as { main(url: string, key: string): Promise<object>; refused(url: string): Promise<number> }
  t.deepEqual(await main(app.url, await newToken()), {
    passages: ['The heron waits in the water.', 'The owl sleeps by the water.'], positive: true, names: 'owl.txt', page: [1, 2, true], deleted: 204, again: 404, code: 'not_found',
  })
  t.is(await refused(`${app.url}/`), 401)
})
