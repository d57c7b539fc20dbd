/** A process that runs, for tests that kill it or let it stand still: `start` begins a run, `finish` ends those that there are. */
import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKernel } from '../../core/kernel.ts'
import { defineAdapter, definePlugin } from '../../core/index.ts'
import { runKind, runs } from '../../plugins/runs/ports.ts'
import type { RunCall } from '../../plugins/runs/ports.ts'
import { root } from './processes.ts'

export interface Told { readonly id?: string; readonly finished?: unknown; readonly stopped?: string }
const tell = (told: Told): void => { process.send?.(told) }

const { config, app } = JSON.parse(process.argv[2] ?? '{}') as { config: object; app: { workspaceId: string; appId: string } }
const kernel = await createKernel({
  root, env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use', DATA_DIR: await mkdtemp(join(tmpdir(), 'mortise-')) }, only: ['worker'], layers: [config],
  plugins: [definePlugin({ name: 'toy', kernel: '^1', adapters: [defineAdapter(runKind, 'toy', { create: () => ({ lost: async () => undefined }) })] })],
})
await kernel.start()
const finishers = new Set<() => void>()
const work = async (call: RunCall): Promise<void> => {
  let said = 0
  const saying = setInterval(() => { call.emit({ event: 'n', n: said++ }) }, 5)
  await new Promise<void>((done) => {
    finishers.add(done)
    call.signal.addEventListener('abort', () => {
      tell({ stopped: String(call.signal.reason) })
      done()
    })
  })
  clearInterval(saying)
  tell({ finished: await call.finish('succeeded', async () => 'written') ?? 'nothing' })
}
const { it } = kernel.container.deps({ it: runs })
process.on('message', (message) => {
  if (message === 'finish') for (const done of finishers) done()
  else void it.start({ ...app, kind: 'toy', subjectId: randomUUID(), startedBy: 'end-user:ada', limit: 0 }, async () => undefined, work).then(({ id }) => { tell({ id }) })
})
process.on('disconnect', () => { process.exit() })
process.on('SIGTERM', () => { void kernel.stop().then(() => { process.exit(0) }) })
tell({})
