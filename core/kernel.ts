/**
 * The life of a server, one function a phase:
 *
 *   load → configure and wire → listen → adapt → migrate → define → mount → start → open
 *
 * The first two touch nothing but files and report every problem at once (`createKernel`); the rest run in `start()`. A web process
 * listens early and says in `/readyz` what it is waiting for; it is open once everything has started. Each step that did something
 * pushes its undoing on one stack; stopping, and a start that fails half-way, unwind that stack in reverse.
 */
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalogue } from './catalogue.ts'
import { loadConfig } from './config.ts'
import type { ConfigDocument, LoadedConfig } from './config.ts'
import { createContainer, keyOf } from './container.ts'
import type { Container, Token } from './container.ts'
import { HttpError, StartupError } from './errors.ts'
import type { Problem } from './errors.ts'
import { createApp } from './http.ts'
import { listen } from './listener.ts'
import type { Answer, Door } from './listener.ts'
import { builtinNames, KERNEL_VERSION, loadPlugins } from './load.ts'
import type { LoadedPlugin } from './load.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import type { MigrationSource } from './migrate.ts'
import type { Deps, Job, Plugin, Port } from './plugin.ts'
import { database, logger, queue } from './ports.ts'
import type { JobRunner, Logger } from './ports.ts'
import { ensureSecretKey } from './secret-key.ts'
import type { ServerConfig } from './server-config.ts'
import { serverConfig } from './server-config.ts'
import { answerEarly, systemPlugin } from './system.ts'
import type { Health } from './system.ts'
import { wire } from './wiring.ts'
import type { ChosenAdapter, Wiring } from './wiring.ts'

export type Role = 'web' | 'worker' | 'scheduler'
export interface KernelOptions {
  /** The folder of the deployment: its config/, its node_modules/, the base of relative paths. */
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  readonly only?: readonly Role[]
  /** Configuration laid over the files. */
  readonly layers?: readonly Partial<ConfigDocument>[]
  /** Plugins that are enabled without being named in the configuration. */
  readonly plugins?: readonly Plugin[]
}
export interface Kernel {
  readonly config: LoadedConfig
  readonly catalogue: Catalogue
  readonly container: Container
  /** Where it listens, once started as a web process. */
  readonly address: AddressInfo | undefined
  start(): Promise<void>
  stop(): Promise<void>
  /** Brings the database up to date and leaves it; returns what was applied. */
  migrate(): Promise<readonly string[]>
  pending(): Promise<readonly string[]>
  health(): Promise<Health>
  /** Makes one adapter of a many-port and what it needs, nothing else, and hands it to `use`. */
  only<T, R>(port: Port<T, true>, instance: string, use: (value: T) => R | Promise<R>): Promise<R>
}

const ALL_ROLES: readonly Role[] = ['web', 'worker', 'scheduler']
const DEADLINE = 60_000
/** Milliseconds between two tries to make an adapter. */
const RETRY = 500

/** Loads, configures and wires. Throws a StartupError that lists every problem. */
export const createKernel = async (options: KernelOptions): Promise<Kernel> => {
  const config = await loadConfig(options)
  const loaded = await loadPlugins(config, options.root, options.plugins)
  const container = createContainer()
  const system: LoadedPlugin = {
    plugin: systemPlugin({ catalogue: () => catalogue, health: () => health() }), key: 'kernel', source: 'kernel', builtin: true, optional: false,
  }
  const wiring = wire([system, ...loaded.plugins], config)
  const problems = [...config.problems, ...loaded.problems, ...wiring.problems, ...missingSecret(wiring)]
  if (problems.length > 0) throw new StartupError(unique(problems))

  const catalogue: Catalogue = {
    version: KERNEL_VERSION,
    plugins: wiring.plugins.map(({ plugin, source }) => ({ name: plugin.name, source })),
    adapters: [...wiring.adapters.values()].map(({ port, instance, adapter, plugin }) =>
      ({ port: port.id, instance, adapter: adapter.name, plugin: plugin.plugin.name, onlyOne: adapter.onlyOne })),
    permissions: wiring.permissions, routes: wiring.routes, jobs: wiring.jobs, tables: wiring.tables,
  }
  const roles = new Set(options.only ?? ALL_ROLES)
  const failed = new Map(loaded.failed)
  const awaited = new Map<string, string>()
  const made = new Map<ChosenAdapter, unknown>()
  const undo: { readonly what: string; readonly run: () => unknown }[] = []
  const running = new Set<AbortController>()
  let door: Door | undefined
  let state: Health['state'] = 'starting'
  let leaving = false

  const health = async (): Promise<Health> => {
    const checks: Record<string, string> = Object.fromEntries([...awaited, ...failed])
    await Promise.all([...made].map(async ([{ key, adapter }, value]) => {
      if (!adapter.health) return
      try {
        await within(5_000, key, 'health', adapter.health(value))
        checks[key] = 'ok'
      } catch (error) { checks[key] = (error as Error).message }
    }))
    const broken = Object.entries(checks).some(([key, verdict]) => verdict !== 'ok' && !failed.has(key))
    return { state: state === 'ready' && broken ? 'degraded' : state, checks }
  }

  const tell = (): Logger | undefined => container.awilix.hasRegistration(logger.id) ? container.deps({ log: logger }).log : undefined

  /** What a step of the start needs may be starting too: until `patience` is over it is tried again, and whoever asks is told what is missing. */
  const patiently = async <T>(patience: number, key: string, step: () => Promise<T>): Promise<T> => {
    for (const end = performance.now() + patience; ;) {
      try {
        const value = await step()
        awaited.delete(key)
        return value
      } catch (error) {
        const mayPass = error instanceof StartupError ? error.temporary : error instanceof HttpError && error.status === 503
        if (!mayPass || performance.now() >= end || leaving) throw error
        if (!awaited.has(key)) tell()?.warn(`waiting ${patience / 1000} s at most: ${(error as Error).message}`)
        awaited.set(key, error instanceof StartupError ? error.problems.map(({ message }) => message).join('; ') : (error as Error).message)
        await sleep(RETRY)
      }
    }
  }

  const adapt = async (server: ServerConfig, only?: ReadonlySet<string>): Promise<void> => {
    const settings = new Map([...wiring.configs, [keyOf(serverConfig), server]])
    for (const [key, value] of settings) container.value(key, value)
    const maps = new Map([...wiring.ports.values()].filter((port) => port.many).map((port) => [port.id, new Map<string, unknown>()]))
    for (const [id, map] of maps) container.value(id, map)
    for (const definition of wiring.services.values()) container.service(definition)
    for (const key of wiring.order) {
      const chosen = wiring.adapters.get(key)
      if (!chosen || (only && !only.has(key))) continue
      try {
        const value = await patiently<unknown>(only ? 0 : server.waitMs, key, () =>
          within(DEADLINE, `${chosen.plugin.key}, adapter ${key}`, 'adapt', chosen.adapter.create(container.deps(chosen.adapter.uses), chosen.options)))
        if (chosen.port.many) maps.get(chosen.port.id)?.set(chosen.instance, value)
        else container.value(key, value)
        made.set(chosen, value)
        undo.push({ what: `adapter ${key}`, run: () => { made.delete(chosen); return chosen.adapter.dispose?.(value) } })
      } catch (error) {
        if (!chosen.plugin.optional || !chosen.port.many) throw error
        failed.set(key, (error as Error).message)
      }
    }
    for (const [id, map] of maps) {
      // Made in the order of need, told in the order of the configuration.
      const entries = Object.keys(config.document.adapters[id] ?? {}).filter((name) => map.has(name)).map((name) => [name, map.get(name)] as const)
      map.clear()
      for (const [name, value] of entries) map.set(name, value)
    }
  }

  const define = (): void => {
    for (const key of wiring.order) {
      const definition = wiring.services.get(key)
      if (!definition || definition.lifetime === 'request') continue
      const { value } = container.deps({ value: definition })
      if (definition.dispose) undo.push({ what: `service ${key}`, run: () => definition.dispose?.(value) })
    }
  }

  const startPlugins = async (waitMs: number): Promise<void> => {
    for (const { plugin, key, optional } of wiring.plugins) {
      const deps = container.deps(plugin.uses ?? {})
      try {
        await patiently(waitMs, key, () => within(DEADLINE, key, 'start', plugin.start?.(deps)))
        if (plugin.stop) undo.push({ what: `plugin ${key}`, run: () => plugin.stop?.(deps) })
      } catch (error) {
        if (!optional) throw error
        failed.set(key, (error as Error).message)
      }
    }
  }

  const startWork = async ({ waitMs, drainMs }: ServerConfig): Promise<void> => {
    const { work } = container.deps({ work: queue })
    if (roles.has('worker')) {
      undo.push({ what: 'jobs', run: () => work.drain(drainMs) })
      await patiently(waitMs, 'jobs', () => work.work(wiring.jobs.map((job) => runner(job, container))))
    }
    const entries = wiring.jobs.flatMap((job) => job.cron === undefined ? [] : [{ job, cron: job.cron }])
    if (roles.has('scheduler')) await patiently(waitMs, 'schedules', () => work.schedule(entries))
  }

  const mount = (): Answer => createApp(container, wiring.routes, running, () => state === 'stopping').callback()

  const unwind = async (): Promise<void> => {
    for (let step = undo.pop(); step; step = undo.pop()) {
      try { await within(DEADLINE, step.what, 'stop', step.run()) } catch (error) { tell()?.error({ err: error }, `${step.what} did not stop cleanly`) }
    }
  }

  const start = async (): Promise<void> => {
    const settings = await serverSettings(wiring, options.root)
    door = roles.has('web') ? await listen(settings, answerEarly(health), running) : undefined
    try {
      await adapt(settings)
      const { db, log } = container.deps({ db: database, log: logger })
      await patiently(settings.waitMs, 'migrations', async () => migrate(db, await migrationSources(wiring), log))
      define()
      const answer = mount()
      await startPlugins(settings.waitMs)
      await startWork(settings)
      door?.open(answer)
      if (door) undo.push({ what: 'listener', run: door.close }, { what: 'notice', run: () => sleep(settings.noticeMs) })
      state = 'ready'
    } catch (error) {
      state = 'stopping'
      await Promise.all([door?.close(), unwind()])
      throw error
    }
  }
  /** Makes these adapters and what they need, nothing else. */
  const withAdapters = async <T>(keys: readonly string[], run: () => T | Promise<T>): Promise<T> => {
    const needed = new Set(keys)
    // A set tells also of what is added while one goes through it.
    for (const key of needed) for (const need of [...wiring.needs.get(key) ?? [], ...wiring.late.get(key) ?? []]) needed.add(need)
    try {
      await adapt(await serverSettings(wiring, options.root), needed)
      return await run()
    } finally { await unwind() }
  }
  const withDatabase = <T>(run: (deps: Deps<{ db: typeof database; log: typeof logger }>) => Promise<T>): Promise<T> =>
    withAdapters([logger.id, database.id], () => run(container.deps({ db: database, log: logger })))
  let started: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  return {
    config, catalogue, container, health,
    start: () => started ??= start(),
    get address() { return door?.address() },
    stop: () => {
      leaving = true
      // A start that is under way pushes on the same stack, so it is waited for.
      return stopped ??= Promise.resolve(started).catch(() => undefined).then(() => { state = 'stopping'; return unwind() })
    },
    migrate: () => withDatabase(async ({ db, log }) => migrate(db, await migrationSources(wiring), log)),
    pending: () => withDatabase(async ({ db }) => pendingMigrations(db, await migrationSources(wiring))),
    only: (port, instance, use) => {
      const key = `${port.id}.${instance}`
      return withAdapters([key], () => {
        const why = failed.get(key)
        if (why !== undefined) throw new StartupError([{ path: `adapters.${key}`, message: `could not be made: ${why}` }], { exitCode: 1 })
        return use(container.deps({ all: port }).all.get(instance) as never)
      })
    },
  }
}

/** A server with the embedded database needs no secret from anybody: it makes one and keeps it beside its data. */
const makesItsSecret = (wiring: Wiring): boolean => wiring.adapters.get(database.id)?.adapter.name === 'embedded'
const missingSecret = (wiring: Wiring): Problem[] => {
  const { secretKey } = wiring.configs.get(keyOf(serverConfig)) as Partial<ServerConfig>
  return secretKey !== undefined || makesItsSecret(wiring) ? []
    : [{ path: 'server.secretKey', message: 'is missing: a server whose database others can reach needs one', fix: 'Make one (openssl rand -base64 42) and set SECRET_KEY to it, the same for every process.' }]
}
const serverSettings = async (wiring: Wiring, root: string): Promise<ServerConfig> => {
  const settings = wiring.configs.get(keyOf(serverConfig)) as ServerConfig
  const dataDir = resolve(root, settings.dataDir)
  const given = (settings as Partial<ServerConfig>).secretKey
  return { ...settings, dataDir, secretKey: given ?? await ensureSecretKey(dataDir) }
}

/** All of the built-in plugins, also of those that are off: turning one on later finds its tables up to date. */
const migrationSources = async (wiring: Wiring): Promise<MigrationSource[]> => [
  { plugin: await builtinNames(), folder: new URL('../migrations/', import.meta.url) },
  ...wiring.plugins.flatMap(({ plugin }) => plugin.migrations ? [{ plugin: plugin.name, folder: plugin.migrations }] : []),
]

const runner = (job: Job, container: Container): JobRunner => ({
  job,
  run: async ({ payload, ...call }) => {
    const { value, error } = job.payload.validate(payload ?? {})
    if (error) throw new Error(`the job ${job.name} was enqueued with a payload that it does not take: ${error.message}`)
    const log = container.deps({ log: logger }).log.child({ job: job.name, id: call.id, attempt: call.attempt })
    await job.handle({ ...call, payload: value as unknown, log }, container.deps(job.uses as Record<string, Token>))
  },
})

/** Waits for `work` at most `ms`, and says who was slow in which phase. */
const within = async <T>(ms: number, who: string, phase: string, work: T | Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => { fail(new StartupError([{ path: who, message: `did not finish the phase "${phase}" within ${ms / 1000} s` }], { exitCode: 1 })) }, ms)
  })
  try { return await Promise.race([work, late]) } finally { clearTimeout(timer) }
}

const unique = (problems: readonly Problem[]): Problem[] =>
  [...new Map(problems.map((problem) => [`${problem.path} ${problem.message}`, problem])).values()]
