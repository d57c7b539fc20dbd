/**
 * Many answers at once: streams of tokens from a model in this process over the real HTTP server, read by a client in a process of its own.
 *
 *   node --import=@oxc-node/core/register test/bench/stream.ts [--database postgres://…] [--redis redis://…] [--streams 1000] [--tokens 400] [--rate 20] [--chat] [--profile FILE]
 *
 * With `--chat` it is the whole way of a question to a chat app at `/v1/chat-messages`; else a route that does nothing but run and stream, from a model
 * that costs next to nothing and keeps its rate whatever the server does: each token is due at a moment that is known from the start.
 * Every token carries the moment at which the model said it, by the clock that all processes of a machine share.
 */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { connect } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { database, defineAdapter, definePlugin, reply, route } from '../../core/index.ts'
import { testApp } from '../../core/testing.ts'
import { runKind, runs } from '../../plugins/runs/ports.ts'
import type { RunCall } from '../../plugins/runs/ports.ts'
import { alone } from '../support/alone.ts'
import { chatting } from '../support/chatting.ts'
import { newApp } from '../support/run-app.ts'
import { lastQuestion } from '../support/toy-llm.ts'

const { values } = parseArgs({ options: {
  database: { type: 'string' }, redis: { type: 'string' }, profile: { type: 'string' }, client: { type: 'string' }, chat: { type: 'boolean', default: false }, key: { type: 'string', default: '' },
  streams: { type: 'string', default: '1000' }, tokens: { type: 'string', default: '400' }, rate: { type: 'string', default: '20' }, ramp: { type: 'string', default: '10' },
} })
const [streams, tokens, rate, ramp] = [values.streams, values.tokens, values.rate, values.ramp].map(Number) as [number, number, number, number]
const pause = 1_000 / rate
/** Milliseconds of a clock that is the same in all processes. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6

interface Heard { readonly finished: number; readonly events: number; readonly latency: number[]; readonly first: number[]; readonly calmFirst: number[]; readonly cpu: number }
/** Milliseconds of CPU that all processes of the machine have had. */
const busy = (): number => cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
const quantile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
const spread = (all: readonly number[]): string => {
  const sorted = [...all].sort((a, b) => a - b)
  return ['0.5', '0.95', '0.99', '1'].map((share) => `p${Number(share) * 100} ${quantile(sorted, Number(share)).toFixed(1)}`).join(', ')
}

const question = (count: number): string => {
  if (!values.chat) return `GET /bench?tokens=${count} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`
  const body = JSON.stringify({ inputs: {}, query: String(count), user: 'ada', auto_generate_name: false, response_mode: 'streaming' })
  return `POST /v1/chat-messages HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: Bearer ${values.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}
/** What came last, of whichever stream: it is read before anything else can come. */
const received = Buffer.alloc(64 * 1024)
/** One stream by hand: a client library would cost more than the server. Resolves to how many events came. */
const listen = (port: number, count: number, latency: number[], first: number[]): Promise<{ readonly events: number; readonly ended: boolean }> => new Promise((done) => {
  const asked = now()
  let [events, rest, ended] = [0, '', false]
  const callback = (length: number): boolean => {
    const came = now()
    const text = rest + received.toString('latin1', 0, length)
    let from = 0
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', from)) {
      const end = text.indexOf(';', at)
      if (end < 0) break
      from = end
      // The model takes its time before the first one too.
      if (events === 0) first.push(came - asked - pause)
      latency.push(came - Number(text.slice(at + 1, end)))
      events += 1
    }
    ended ||= text.includes('"event":"message_end"')
    rest = text.slice(Math.max(from, text.length - 200))
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', onread: { buffer: received, callback } }, () => { socket.write(question(count)) })
  socket.on('error', () => undefined)
  socket.on('close', () => { done({ events, ended }) })
})

const GOLDEN = (Math.sqrt(5) - 1) / 2
const asClient = async (port: number): Promise<void> => {
  const [latency, first, calmFirst]: number[][] = [[], [], []] as const as unknown as number[][]
  const began = process.cpuUsage()
  const all = Array.from({ length: streams }, async (_, index) => {
    // Spread evenly, and not in step with the pause between two tokens, as people are not: else all would speak in the same five moments.
    await sleep(index * GOLDEN % 1 * ramp * 1_000)
    return listen(port, tokens, latency as number[], first as number[])
  })
  await sleep(ramp * 1_000 + 1_000)
  process.send?.('all')
  // While all are being read, some more begin one after the other.
  for (let one = 0; one < 50; one += 1) await listen(port, 1, [], calmFirst as number[])
  const results = await Promise.all(all)
  const { user, system } = process.cpuUsage(began)
  const heard: Heard = {
    finished: results.filter(({ events, ended }) => ended && events === tokens).length, events: results.reduce((sum, { events }) => sum + events, 0),
    latency: latency as number[], first: first as number[], calmFirst: calmFirst as number[], cpu: (user + system) / 1_000,
  }
  process.send?.(heard, () => { process.exit(0) })
}

let said = 0
async function* model(count: number, signal?: AbortSignal): AsyncGenerator<string> {
  for (let index = 0; index < count; index += 1) {
    await sleep(pause)
    signal?.throwIfAborted()
    said += 1
    yield ` word${index} @${now()};`
  }
}
const answer = (count: number) => async (call: RunCall): Promise<void> => {
  const about = { task_id: call.id, message_id: call.id, conversation_id: call.appId, created_at: Math.floor(Date.now() / 1_000) }
  const began = now()
  await new Promise<void>((done) => {
    const say = (index: number): void => {
      if (call.signal.aborted) { done(); return }
      said += 1
      call.emit({ event: 'message', ...about, answer: ` word${index} @${now()};` })
      if (index + 1 === count) done()
      else setTimeout(say, began + (index + 2) * pause - now(), index + 1)
    }
    setTimeout(say, pause, 0)
  })
  await call.finish('succeeded', async () => undefined)
  call.emit({ event: 'message_end', ...about })
}
let app: { workspaceId: string; appId: string } | undefined
const bench = definePlugin({
  name: 'bench', kernel: '^1',
  adapters: [defineAdapter(runKind, 'bench', { create: () => ({ lost: async () => undefined }) })],
  routes: [route({
    method: 'GET', path: '/bench', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'Streams', reply: reply.events, uses: { runs, db: database },
    handle: async ({ ctx, signal }, { runs, db }) => {
      app ??= await newApp(db)
      const ref = await runs.start({ ...app, kind: 'bench', subjectId: randomUUID(), startedBy: 'end-user:bench', limit: 0 }, async () => undefined, answer(Number(ctx.query['tokens'])))
      return (async function* () { for await (const list of runs.events(ref, signal)) for (const data of list) yield { data } })()
    },
  })],
})

const main = async (): Promise<void> => {
  const adapters: Record<string, Record<string, Record<string, unknown>>> = {
    ...alone.adapters, runKind: { bench: {} },
    ...values.database === undefined ? {} : { database: { postgres: { url: values.database } } },
    ...values.redis === undefined ? {} : { runEvents: { redis: { url: values.redis, prefix: `bench-${randomUUID()}` } } },
  }
  const quick = { ...alone, server: { checkReplies: false }, plugins: { ...alone.plugins, runs: {} }, adapters }
  const chat = values.chat ? await chatting({ config: { server: { checkReplies: false }, adapters: { ...adapters.database ? { database: adapters.database } : {} } }, only: ['web'] }) : undefined
  if (chat) chat.toy.answer = (request) => model(Number(lastQuestion(request)), request.signal)
  const key = (await chat?.newApp())?.key ?? ''
  const server = chat?.app ?? await testApp({ config: quick, plugins: [bench], only: ['web'] })
  const { port } = new URL(server.url)
  await listen(Number(port), 2, [], [])
  await sleep(500)
  global.gc?.()
  const idle = process.memoryUsage.rss()
  let [most, lag] = [0, 0]
  let last = performance.now()
  const weigh = (): void => { most = Math.max(most, process.memoryUsage.rss()) }
  const weighing = setInterval(weigh, 1_000)
  const watch = setInterval(() => {
    lag = Math.max(lag, performance.now() - last - 100)
    last = performance.now()
  }, 100)
  const session = new Session()
  session.connect()
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--client', port, '--key', key], { execArgv: [...process.execArgv], serialization: 'advanced' })
  const load: string[] = []
  const [busyBefore, cpuBefore, began] = [busy(), process.cpuUsage(), performance.now()]
  let [cpu, at] = [process.cpuUsage(), performance.now()]
  let [steady, perToken] = [NaN, NaN]
  const heard = await new Promise<Heard>((done) => {
    child.on('message', (message: 'all' | Heard) => {
      if (message !== 'all') { done(message); return }
      ;[cpu, at] = [process.cpuUsage(), performance.now()]
      const before = said
      void (async () => {
        if (values.profile !== undefined) { await session.post('Profiler.enable'); await session.post('Profiler.start') }
        await sleep(Math.min(5_000, tokens * pause / 3))
        const { user, system } = process.cpuUsage(cpu)
        steady = (user + system) / 1_000 / (performance.now() - at)
        perToken = (user + system) / (said - before)
        load.push(loadavg()[0]?.toFixed(2) ?? '')
        if (values.profile !== undefined) writeFileSync(values.profile, JSON.stringify((await session.post('Profiler.stop')).profile))
      })()
    })
  })
  clearInterval(watch)
  clearInterval(weighing)
  weigh()
  const own = process.cpuUsage(cpuBefore)
  const others = (busy() - busyBefore - (own.user + own.system) / 1_000 - heard.cpu) / (performance.now() - began)
  process.stdout.write(`${[
    `${values.chat ? 'chat: ' : ''}${streams} streams of ${rate} tokens a second, ${tokens} tokens each, on ${cpus().length} cores (load average ${load.join()}; other processes, the database among them, had ${(others * 100).toFixed(0)} % of one), ${(process.env['TEST_DATABASE_URL'] ?? values.database) === undefined ? 'embedded database' : 'PostgreSQL'}, events in ${values.redis === undefined ? 'memory' : 'Redis'}`,
    `finished: ${heard.finished} of ${streams}, ${heard.events} tokens`,
    `added latency of a token (ms): ${spread(heard.latency)}`,
    `first byte above the model's (ms): ${spread(heard.calmFirst)} of one at a time beside all of them; ${spread(heard.first)} of ${streams / ramp} a second`,
    `memory above idle (MB): ${((most - idle) / 1e6).toFixed(0)} (idle ${(idle / 1e6).toFixed(0)})`,
    `CPU of the server with all of them: ${(steady * 100).toFixed(0)} % of a core, ${perToken.toFixed(1)} µs a token; of the client ${(heard.cpu / heard.events * 1_000).toFixed(1)} µs a token; longest pause of the server ${lag.toFixed(0)} ms`,
  ].join('\n')}\n`)
  await server.close()
  process.exit(0)
}

await (values.client === undefined ? main() : asClient(Number(values.client)))
