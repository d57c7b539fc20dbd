/**
 * What ingesting costs: `TEST_DATABASE_URL=postgres://… npm run bench:ingest`, or `--on embedded`. Economy, so that no embedding and no vector
 * counts. It starts a server of one process on a new database, and measures
 *
 *   copy      chunks a second, and how that compares with COPY of the rows that they became (`--chunks`; PostgreSQL alone)
 *   memory    by how much the process grows while it takes in a text of a tenth of `--mb` megabytes, and one of all of them
 *   latency   milliseconds that other requests take meanwhile
 *   fairness  the time of one document alone, and beside a thousand (`--crowd`) of another workspace
 *
 * `--part` names one of them; all unless given. `--profile DIR` writes a CPU profile of the server there.
 */
import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { random } from '../faults/random.ts'
import type { Client } from '../support/client.ts'
import { copyAgain } from './ingest-copy.ts'
import { served } from './served.ts'
import type { Served } from './served.ts'
import { passage, SEPARATOR, writePassages } from './zipf.ts'

const { values } = parseArgs({ options: {
  on: { type: 'string', default: 'postgres' }, part: { type: 'string' }, chunks: { type: 'string', default: '20000' }, documents: { type: 'string', default: '4' },
  mb: { type: 'string', default: '50' }, crowd: { type: 'string', default: '1000' }, profile: { type: 'string' },
} })
const [chunks, documents, crowd, mb] = [Number(values.chunks), Number(values.documents), Number(values.crowd), Number(values.mb)]
const server = values.on === 'embedded' ? undefined : process.env['TEST_DATABASE_URL']
if (values.on !== 'embedded' && server === undefined) throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server, or give --on embedded.')
const MB = 1_000_000
const dice = random(1)
const rule = { mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator: SEPARATOR, max_tokens: 1_000, chunk_overlap: 0 } } }
const settings = { indexing_technique: 'economy', process_rule: rule }
const config = { plugins: { datasets: { maxTextLength: 500 * MB, maxSegments: 5_000_000, maxSegmentLength: 1_000 } }, server: { uploadBytes: 500 * MB, bodyBytes: 20 * MB } }

let made = 0
const newDataset = async (api: Client): Promise<string> => ((await api.send('POST', '/v1/datasets', { name: `bench ${made += 1}`, indexing_technique: 'economy' })).body as { id: string }).id
/** The file goes as it is read, so that whoever sends it holds none of it. */
const upload = async ({ url, tokens: [token] }: Served, dataset: string, file: string): Promise<string> => {
  const form = new FormData()
  form.set('file', await openAsBlob(file), `${made += 1}.txt`)
  form.set('data', JSON.stringify(settings))
  const response = await fetch(`${url}/v1/datasets/${dataset}/document/create-by-file`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: form })
  const body = await response.json() as { batch: string }
  if (response.status !== 200) throw new Error(JSON.stringify(body))
  return body.batch
}
/** @param every milliseconds between two questions, which cost the server something themselves */
const completed = async (api: Client, dataset: string, batch: string, every = 50): Promise<number> => {
  const [state] = await api.indexed(dataset, batch, 3_600_000, every)
  if (state?.indexing_status !== 'completed') throw new Error(`the document ended as ${state?.indexing_status ?? 'nothing'}: ${state?.error ?? ''}`)
  return state.total_segments
}
/** Files of passages, which become documents of one dataset; resolves to how many chunks there are, and the seconds that it took. */
const ingest = async (it: Served, size: { count?: number; bytes?: number }, files = 1, during?: (over: AbortSignal) => Promise<void>): Promise<{ dataset: string; chunks: number; seconds: number }> => {
  const dataset = await newDataset(it.clients[0])
  const names = Array.from({ length: files }, (_, index) => join(it.folder, `${made}-${index}.txt`))
  for (const name of names) await writePassages(name, dice, { ...size, ...size.count === undefined ? {} : { count: Math.ceil(size.count / files) } })
  const over = new AbortController()
  const aside = during?.(over.signal)
  const begin = performance.now()
  const batches = await Promise.all(names.map((name) => upload(it, dataset, name)))
  const counts = await Promise.all(batches.map((batch) => completed(it.clients[0], dataset, batch, 500)))
  const seconds = (performance.now() - begin) / 1_000
  over.abort()
  await aside
  return { dataset, chunks: counts.reduce((sum, one) => sum + one, 0), seconds }
}
const percentile = (times: number[], share: number): string => (times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN).toFixed(1)

const parts = {
  copy: async (it) => {
    if (it.database === '') { console.log('copy      left out: there is no COPY into the embedded database from outside'); return }
    const { dataset, chunks: count, seconds } = await ingest(it, { count: chunks }, documents)
    const { rows, seconds: copied, how } = await copyAgain(it.database, dataset)
    console.log(`copy      ${count} chunks in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} a second; ${how} of their ${rows} rows in ${copied.toFixed(1)} s, ${(count / copied).toFixed(0)} chunks a second; ratio ${(copied / seconds).toFixed(2)} (at least 0.30 is wanted)`)
  },
  memory: async (it) => {
    await ingest(it, { bytes: MB / 2 })
    for (const size of [mb / 10, mb]) {
      const start = it.memory()
      let peak = start
      const { chunks: count, seconds } = await ingest(it, { bytes: size * MB }, 1, async (over) => {
        while (!over.aborted) {
          peak = Math.max(peak, it.memory())
          await sleep(50)
        }
      })
      console.log(`memory    ${size} MB, ${count} chunks, ${seconds.toFixed(1)} s: ${(start / MB).toFixed(0)} MB at first, ${(peak / MB).toFixed(0)} MB at most, a growth of ${((peak - start) / MB).toFixed(0)} MB`)
    }
  },
  latency: async (it) => {
    const [api] = it.clients
    const small = await newDataset(api)
    for (let index = 0; index < 10; index += 1) {
      const { body } = await api.send('POST', `/v1/datasets/${small}/document/create-by-text`, { name: `${index}.txt`, text: Array.from({ length: 5 }, () => passage(dice)).join(SEPARATOR), ...settings })
      await completed(api, small, body.batch as string)
    }
    const kinds = {
      read: () => api.send('GET', `/v1/datasets/${small}`), list: () => api.send('GET', '/v1/datasets?limit=20'),
      retrieve: () => api.send('POST', `/v1/datasets/${small}/retrieve`, { query: passage(dice).slice(0, 60) }),
    }
    const measure = async (over: AbortSignal): Promise<Record<string, number[]>> => {
      const times: Record<string, number[]> = {}
      await Promise.all(Object.entries(kinds).map(async ([kind, ask]) => {
        const own: number[] = times[kind] = []
        while (!over.aborted) {
          const begin = performance.now()
          const { status } = await ask()
          if (status !== 200) throw new Error(`${kind} was answered ${status}`)
          own.push(performance.now() - begin)
          await sleep(20)
        }
      }))
      return times
    }
    const show = (when: string, times: Record<string, number[]>): void => {
      for (const [kind, own] of [...Object.entries(times), ['all', Object.values(times).flat()] as const]) {
        console.log(`latency   ${when.padEnd(8)}${kind.padEnd(9)}${String(own.length).padStart(6)} requests  p50 ${percentile(own, 0.5).padStart(6)} ms  p99 ${percentile(own, 0.99).padStart(6)} ms${when === 'beside' && kind === 'all' ? ` (below ${server === undefined ? 300 : 50} ms is wanted)` : ''}`)
      }
    }
    // Until what is asked often has been compiled.
    await measure(AbortSignal.timeout(8_000))
    show('alone', await measure(AbortSignal.timeout(8_000)))
    await ingest(it, { count: chunks }, documents, async (over) => { show('beside', await measure(over)) })
  },
  fairness: async (it) => {
    const [many, one] = it.clients
    const text = (): string => Array.from({ length: 20 }, () => passage(dice)).join(SEPARATOR)
    const send = async (api: Client, dataset: string): Promise<string> => {
      const { status, body } = await api.send('POST', `/v1/datasets/${dataset}/document/create-by-text`, { name: `${made += 1}.txt`, text: text(), ...settings })
      if (status !== 200) throw new Error(JSON.stringify(body))
      return body.batch as string
    }
    const single = async (): Promise<number> => {
      const dataset = await newDataset(one)
      const begin = performance.now()
      await completed(one, dataset, await send(one, dataset))
      return performance.now() - begin
    }
    for (let warm = 0; warm < 3; warm += 1) await single()
    const alone: number[] = []
    for (let tries = 0; tries < 9; tries += 1) alone.push(await single())
    const dataset = await newDataset(many)
    const batches: string[] = []
    for (let sent = 0; sent < crowd; sent += 10) batches.push(...await Promise.all(Array.from({ length: 10 }, () => send(many, dataset))))
    const beside: number[] = []
    const { body: last } = await many.send('GET', `/v1/datasets/${dataset}/documents/${batches.at(-1) ?? ''}/indexing-status`)
    while (beside.length < 9) beside.push(await single())
    const { body: after } = await many.send('GET', `/v1/datasets/${dataset}/documents?limit=1&status=available`)
    const [before, then] = [percentile(alone, 0.5), percentile(beside, 0.5)]
    console.log(`fairness  one document alone ${before} ms (median of 9), beside ${crowd} of another workspace ${then} ms; ratio ${(Number(then) / Number(before)).toFixed(2)} (at most 3 is wanted); of the ${crowd}, the last was ${String(last.data[0].indexing_status)} at first, and ${String(after.total)} were done in the end`)
  },
} satisfies Record<string, (it: Served) => Promise<void>>

const chosen = values.part === undefined ? Object.values(parts) : [parts[values.part as keyof typeof parts] as (typeof parts)['copy'] | undefined]
for (const part of chosen) {
  if (!part) throw new Error(`--part is one of ${Object.keys(parts).join(', ')}`)
  const it = await served(server, config, values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`])
  try { await part(it) } finally { await it.close() }
}
