/** Several processes of one deployment, kept alive as an orchestrator keeps them, and the ways to disturb one. */
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, mortise } from '../support/processes.ts'
import type { Running } from '../support/processes.ts'
import type { Scratch } from '../support/scratch.ts'
import type { History } from './history.ts'

/** `all`: one process that does everything. */
export type Role = 'web' | 'worker' | 'scheduler' | 'all'
export interface FleetOptions {
  readonly scratch: Scratch
  readonly program: readonly string[]
  readonly size: Readonly<Partial<Record<Role, number>>>
  /** Of every process: where the services are, and so on. */
  readonly env: Readonly<Record<string, string>>
  /** As in a configuration file. */
  readonly config: object
  readonly history?: Pick<History, 'add'>
}
export interface Member {
  readonly name: string
  readonly role: Role
  readonly url: string
  start(): void
  /** Resolves when it has started; throws when it has not within `patience` milliseconds. */
  started(patience?: number): Promise<void>
  kill(): void
  /** Asks it to stop and starts another in its place. */
  term(): void
  pause(): void
  resume(): void
  /** Milliseconds by which its clock is off. */
  shift(ms: number): void
  /** What is wrong with it, if anything. */
  problem(): Promise<string | undefined>
  /** What its process, and those before it, wrote last. */
  output(): string
  /** Ends it for good. Resolves to its exit code. */
  stop(): Promise<number | null>
}
export interface Fleet {
  readonly members: readonly Member[]
  /** The members of a role. */
  of(role: Role): readonly Member[]
  /** Another one beside those that are there, not started yet. */
  add(role: Role): Promise<Member>
  start(): Promise<void>
  stop(): Promise<void>
}

const secrets = { SECRET_KEY: 'a secret key that only tests would use' }
/** Milliseconds between the end of a process and the start of the next in its place. */
const RESTART = 200
/** Milliseconds that a stop may take before it is thought to hang. */
const STOP = 20_000

export const createFleet = async ({ scratch, program, size, env, config, history }: FleetOptions): Promise<Fleet> => {
  const file = join(scratch.folder, 'fleet.yaml')
  const data = join(scratch.folder, 'data')
  mkdirSync(data, { recursive: true })
  writeFileSync(file, JSON.stringify(config))
  const members: Member[] = []
  const add = async (role: Role): Promise<Member> => {
    const port = await freePort()
    const name = `${role}${members.filter((member) => member.role === role).length + 1}`
    const member = createMember(name, role, `http://127.0.0.1:${port}`, history, () => {
      const running = mortise(role === 'all' ? ['start'] : ['start', `--only=${role}`], { ...secrets, DATA_DIR: data, MORTISE_CONFIG: file, ...env, PORT: String(port), FAULTS_MEMBER: name }, program)
      scratch.adopt(running.child)
      return running
    })
    members.push(member)
    return member
  }
  for (const role of ['web', 'worker', 'scheduler', 'all'] as const) for (let count = size[role] ?? 0; count > 0; count--) await add(role)
  return {
    members, add,
    of: (role) => members.filter((member) => member.role === role),
    start: async () => {
      for (const member of members) member.start()
      await Promise.all(members.map((member) => member.started(240_000)))
    },
    stop: async () => { await Promise.all(members.map((member) => member.stop())) },
  }
}

/** Why it ended, as far as it said so. */
const lastWords = (output: string): string => {
  const lines = output.trim().split('\n')
  return (lines.find((line) => line.includes('an error that nobody caught')) ?? lines.at(-1) ?? '').slice(0, 300)
}

const createMember = (name: string, role: Role, url: string, history: Pick<History, 'add'> | undefined, launch: () => Running): Member => {
  let running: Running | undefined
  let up = false
  let told: 'kill' | 'term' | undefined
  let leaving = false
  let before = ''
  const alive = (): boolean => running !== undefined && running.child.exitCode === null && running.child.signalCode === null
  const signal = (what: NodeJS.Signals): void => { if (alive()) running?.child.kill(what) }
  const start = (): void => {
    if (leaving || alive()) return
    const current = running = launch()
    up = false
    told = undefined
    current.child.stdout?.on('data', () => { up ||= running === current && current.output().includes('"msg":"started"') })
    history?.add({ type: 'started', process: name })
    current.child.once('exit', (code, by) => {
      history?.add({ type: 'ended', process: name, code, signal: by, told, words: lastWords(current.output()) })
      before = `${before}${current.output()}\n--- ended: ${code ?? by ?? ''}\n`.slice(-200_000)
      setTimeout(start, RESTART).unref()
    })
  }
  const tell = (how: 'kill' | 'term'): void => {
    if (!alive()) return
    told = told === 'kill' ? told : how
    signal('SIGCONT')
    signal(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  }
  const ready = async (): Promise<string | undefined> => {
    if (!alive() || !up) return 'has not started'
    if (role === 'worker' || role === 'scheduler') return undefined
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch((error: unknown) => String(error))
    return typeof response === 'string' ? `does not answer /readyz: ${response}` : response.ok ? undefined : `is not ready: ${await response.text()}`
  }
  return {
    name, role, url, start,
    started: async (patience = 30_000) => {
      for (const last = performance.now() + patience; ;) {
        const why = await ready()
        if (why === undefined) return
        if (performance.now() > last) throw new Error(`${name} ${why} within ${patience / 1000} s:\n${running?.output() ?? ''}`)
        await sleep(50)
      }
    },
    kill: () => { tell('kill') },
    term: () => { if (told === undefined) tell('term') },
    pause: () => { signal('SIGSTOP') },
    resume: () => { signal('SIGCONT') },
    // Whoever is just ending hears nothing any more.
    shift: (ms) => { if (alive() && running?.child.connected) running.child.send({ clock: ms }, () => undefined) },
    problem: async () => {
      const why = await ready()
      return why === undefined ? undefined : `${name} ${why}`
    },
    output: () => before + (running?.output() ?? ''),
    stop: async () => {
      leaving = true
      if (!running || !alive()) return running?.child.exitCode ?? null
      const gone = once(running.child, 'exit')
      tell('term')
      const impatience = setTimeout(() => { tell('kill') }, STOP)
      await gone
      clearTimeout(impatience)
      return running.child.exitCode
    },
  }
}
