/** The test kit: a whole server on a database of its own, and the runner of contract suites. Not bound to any test framework. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { ConfigDocument } from './config.ts'
import type { Container } from './container.ts'
import type { Contract } from './contract.ts'
import { createKernel } from './kernel.ts'
import type { Kernel, Role } from './kernel.ts'
import { defineAdapter, definePlugin, definePort } from './plugin.ts'
import type { Deps, Plugin, Port, Service, Uses } from './plugin.ts'
import { queue } from './ports.ts'

export interface TestAppOptions {
  /** Laid over `config/test.yaml`. */
  readonly config?: Partial<ConfigDocument>
  readonly plugins?: readonly Plugin[]
  /** Port id → value that takes the place of its adapter; a Map where the port takes many. */
  readonly fakes?: Readonly<Record<string, unknown>>
  readonly only?: readonly Role[]
  readonly env?: NodeJS.ProcessEnv
  /** Keep a data folder, to start on it again; otherwise a new one, removed at the end. */
  readonly dataDir?: string
}
export type TestRequest = Omit<RequestInit, 'headers'> & { readonly json?: unknown; readonly token?: string; readonly headers?: Record<string, string> }
export interface TestApp {
  readonly url: string
  readonly kernel: Kernel
  readonly container: Container['awilix']
  readonly dataDir: string
  fetch(path: string, request?: TestRequest): Promise<Response>
  /** A port's adapter or a service of the running server. */
  resolve<T>(what: Port<T, false> | Service<T, any>): T
  /** Resolves when no job waits or runs. */
  runJobs(): Promise<void>
  close(): Promise<void>
}

/** The folder of the plugin or deployment that is tested: relative paths and packages are looked for from here. */
const root = process.cwd()

export const testApp = async (options: TestAppOptions = {}): Promise<TestApp> => {
  const dataDir = options.dataDir ?? await mkdtemp(join(tmpdir(), 'mortise-'))
  const chosen = options.config?.adapters?.['database'] ?? {}
  const place = Object.keys(chosen).length > 0 ? undefined : await freshDatabase()
  const fakes = fakePlugin(options.fakes ?? {})
  const clean = async (): Promise<void> => {
    await place?.drop()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  const start = async (): Promise<Kernel> => {
    const made = await createKernel({
      root,
      env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use', ...options.env, DATA_DIR: dataDir },
      only: options.only ?? ['web', 'worker'],
      layers: [...place ? [{ adapters: { database: place.adapter } }] : [], options.config ?? {}, fakes.layer],
      plugins: [...options.plugins ?? [], fakes.plugin],
    })
    await made.start()
    return made
  }
  const kernel = await start().catch(async (error: unknown) => {
    await clean()
    throw error
  })
  const url = `http://127.0.0.1:${kernel.address?.port ?? 0}`
  const { container } = kernel
  return {
    url, kernel, dataDir, container: container.awilix,
    fetch: (path, { json, token, headers, ...init } = {}) => fetch(url + path, {
      ...init, ...(json === undefined ? {} : { body: JSON.stringify(json), method: init.method ?? 'POST' }),
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    }),
    resolve: (what) => container.deps({ it: what as Service<any> }).it,
    runJobs: () => untilIdle(kernel),
    close: async () => {
      await kernel.stop()
      await clean()
    },
  }
}

const untilIdle = async ({ container }: Kernel): Promise<void> => {
  const { jobs } = container.deps({ jobs: queue })
  for (let counts = await jobs.counts(); counts.waiting + counts.active > 0; counts = await jobs.counts()) await new Promise((done) => setTimeout(done, 20))
}

const fakePlugin = (fakes: Readonly<Record<string, unknown>>): { plugin: Plugin; layer: Partial<ConfigDocument> } => {
  const entries = Object.entries(fakes).flatMap(([id, value]) =>
    value instanceof Map ? [...value].map(([instance, one]) => ({ id, instance: String(instance), value: one as unknown, many: true })) : [{ id, instance: 'fake', value, many: false }])
  const adapters: Record<string, Record<string, Record<string, unknown>>> = {}
  for (const { id, instance, many } of entries) (adapters[id] ??= {})[instance] = many ? { $adapter: `fake-${instance}` } : {}
  return {
    layer: { adapters },
    plugin: definePlugin({
      name: 'fakes', kernel: '*',
      adapters: entries.map(({ id, instance, value, many }) => defineAdapter(definePort<unknown>(id), many ? `fake-${instance}` : 'fake', { create: () => value })),
    }),
  }
}

interface Place { readonly adapter: ConfigDocument['adapters'][string]; drop(): Promise<void> }
/** On the server at TEST_DATABASE_URL where that is set, else embedded, begun from a copy of an up-to-date folder that is made once. */
const freshDatabase = async (): Promise<Place> => {
  const url = process.env['TEST_DATABASE_URL']
  if (url === undefined) return { adapter: { embedded: { template: await template() } }, drop: async () => undefined }
  const name = `mortise_test_${randomUUID().replaceAll('-', '')}`
  const asAdmin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try { await client.query(sql) } finally { await client.end() }
  }
  await asAdmin(`CREATE DATABASE ${name}`)
  return { adapter: { postgres: { url: Object.assign(new URL(url), { pathname: `/${name}` }).href } }, drop: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

const template = async (): Promise<string> => {
  const migrations = fileURLToPath(new URL('../migrations/', import.meta.url))
  const hash = createHash('sha256')
  for (const file of (await readdir(migrations)).sort()) hash.update(file).update(await readFile(join(migrations, file)))
  hash.update(await readFile(join(root, 'package-lock.json')).catch(() => ''))
  const usable = async (folder: string): Promise<string> => {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return folder
  }
  // Beside what is tested, since an installed package may be read-only; where even that is, among the temporary files.
  const cache = await usable(join(root, 'node_modules/.cache/mortise')).catch(() => usable(join(tmpdir(), `mortise-cache-${process.getuid?.() ?? 0}`)))
  const folder = join(cache, `database-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const work = await mkdtemp(join(cache, 'making-'))
  const kernel = await createKernel({
    root, env: { MORTISE_PROFILE: 'test', SECRET_KEY: randomUUID(), DATA_DIR: work }, layers: [{ adapters: { database: { embedded: {} } } }], only: ['worker'],
  })
  // Started rather than only migrated: what adapters make in the database, such as the queue's tables, is then part of it.
  await kernel.start()
  await untilIdle(kernel)
  await kernel.stop()
  // Two test files may have made it at once; the first to arrive wins and both are alike.
  await rename(join(work, 'database'), folder).catch((error: unknown) => { if (!existsSync(folder)) throw error })
  await rm(work, { recursive: true, force: true })
  return folder
}

/**
 * Registers one test per law of a contract, against the adapter that the configuration chooses.
 * @param test how the framework registers a test that runs alone, such as `test` of node:test or AVA's `test.serial`
 */
export const testPort = <T, U extends Uses>(
  test: (name: string, run: (context?: object) => Promise<void>) => unknown, contract: Contract<T, U>, options: TestAppOptions & { name?: string } = {},
): void => {
  let app: Promise<TestApp> | undefined
  let left = Object.keys(contract.laws).length
  let idle: NodeJS.Timeout | undefined
  const close = async (): Promise<void> => {
    const last = app
    app = undefined
    await (await last)?.close()
  }
  for (const [law, check] of Object.entries(contract.laws)) {
    test(`${options.name ?? contract.port.id}: ${law}`, async (context) => {
      clearTimeout(idle)
      const { kernel } = await (app ??= testApp(options))
      try {
        const { subject, ...deps } = kernel.container.deps({ subject: contract.port, ...contract.uses }) as Record<string, unknown>
        await check(subject as T, deps as Deps<U>)
        // AVA wants to see an assertion of its own.
        ;(context as { pass?(): unknown } | undefined)?.pass?.()
      } catch (error) {
        throw new Error(`the adapter breaks the law "${law}" of the port "${contract.port.id}": ${(error as Error).message}`, { cause: error })
      } finally {
        left -= 1
        if (left === 0) await close()
        // Where only some laws are run, nobody says which is the last.
        else idle = setTimeout(() => { void close() }, 5_000)
      }
    })
  }
}
