/** The command `mortise`. Results go to standard output, what is wrong to standard error; 2 means the configuration, 1 anything else. */
import { inspect } from 'node:util'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { Document, isMap, isScalar, visit } from 'yaml'
import type { Scalar } from 'yaml'
import { loadConfig, pathTo } from './config.ts'
import type { LoadedConfig } from './config.ts'
import { formatProblem, StartupError } from './errors.ts'
import { createKernel } from './kernel.ts'
import type { Kernel, Role } from './kernel.ts'
import { KERNEL_VERSION } from './load.ts'
import { newPlugin } from './new-plugin.ts'
import { command, logger } from './ports.ts'
import { fullPath } from './route.ts'

export interface Terminal {
  readonly env: NodeJS.ProcessEnv
  /** The folder of the deployment. */
  readonly root: string
  out(text: string): void
  err(text: string): void
}

/** Runs one command and resolves to the exit code; `start` resolves when the server has stopped. */
export const run = async (argv: readonly string[], terminal: Terminal): Promise<number> => {
  const { root, env, out, err } = terminal
  const say = (line: string): void => { out(`${line}\n`) }
  let code = 0
  const program = new Command('mortise').description('A self-hosted backend for LLM applications').version(KERNEL_VERSION)
    .exitOverride().configureOutput({ writeOut: out, writeErr: err })
  program.command('start').description('run the server')
    .option('--only <roles>', 'of web, worker and scheduler, separated by commas; all unless given', parseRoles)
    .action(async ({ only }: { only?: Role[] }) => { code = await serve(await createKernel({ root, env, ...(only ? { only } : {}) })) })
  program.command('migrate').description('bring the database up to date').action(async () => {
    const applied = await (await createKernel({ root, env })).migrate()
    for (const id of applied) say(`applied ${id}`)
    if (applied.length === 0) say('nothing to do')
  })
  const config = program.command('config').description('check or show the configuration')
  config.command('check').description('say what is wrong, or that nothing is').action(async () => {
    const { catalogue } = await createKernel({ root, env })
    say(`ok  plugins: ${catalogue.plugins.map(({ name }) => name).join(', ')}`)
    say(`ok  adapters: ${catalogue.adapters.length}, routes: ${catalogue.routes.length}, jobs: ${catalogue.jobs.length}`)
  })
  config.command('show').description('print the configuration, each value with its origin, without secrets').action(async () => {
    const loaded = await loadConfig({ root, env })
    out(show(loaded))
    if (loaded.problems.length > 0) throw new StartupError(loaded.problems)
  })
  program.command('explain').description('print what the server is made of, or one thing in it').argument('[words...]', 'key ID, or what else a plugin explains')
    .option('--json', 'for programs: what the server is made of').action(async ([what, ...rest]: string[], { json }: { json?: boolean }) => {
      const kernel = await createKernel({ root, env })
      if (what !== undefined) return explainOne(kernel, what, rest, terminal)
      const parts = await explain(kernel)
      out(json ? `${JSON.stringify(parts, null, 2)}\n` : table(parts))
    })
  program.command('new').description('make a new plugin').command('plugin').description('in a folder of its own, ready to test, run and publish')
    .argument('<name>', 'the name of its package: reviews, or @acme/reviews')
    .action(async (name: string) => { say(`made ${await newPlugin(name, root)}\nGo there, "npm install", then "npm test" and "npm start"; README.md tells the rest.`) })
  const [word = '--help', ...words] = argv
  try {
    if (!word.startsWith('-') && !program.commands.some((known) => known.name() === word)) {
      const kernel = await createKernel({ root, env })
      if (wordsOf(kernel).includes(word)) {
        for (const line of await runCommand(kernel, word, words, terminal)) say(line)
        return code
      }
    } else if (/^(-h|--help|help)$/.test(word)) {
      const more = await createKernel({ root, env }).then(wordsOf, () => [])
      program.addHelpText('after', `\nCommands of plugins (each knows --help): ${more.join(', ')}\n`)
    }
    await program.parseAsync([word, ...words], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode && 2
    return report(error, terminal)
  }
}

const wordsOf = ({ catalogue }: Kernel): string[] => catalogue.adapters.filter(({ port }) => port === command.id).map(({ instance }) => instance)

/** A command that a plugin brings: an adapter of the port `command`. */
const runCommand = (kernel: Kernel, word: string, words: readonly string[], { out, err }: Terminal): Promise<readonly string[]> =>
  kernel.only(command, word, async (it) => {
    const parsed = new Command(`mortise ${word}`).description(it.summary).exitOverride().configureOutput({ writeOut: out, writeErr: err })
    if (it.usage) parsed.arguments(it.usage)
    for (const [flag, meaning] of Object.entries(it.flags ?? {})) parsed.option(flag, meaning)
    let lines: readonly string[] = []
    await parsed.action(async () => { lines = await it.run(parsed.args, parsed.opts()) }).parseAsync(words, { from: 'user' })
    return lines
  })

/** The command `explain-<what>` of some plugin. */
const explainOne = async (kernel: Kernel, what: string, words: readonly string[], terminal: Terminal): Promise<void> => {
  const known = wordsOf(kernel).flatMap((word) => word.startsWith('explain-') ? [word.slice(8)] : [])
  if (!known.includes(what)) throw new StartupError([{ path: `explain ${what}`, message: 'nothing explains that', fix: `Take one of: ${known.join(', ')}; or no word, for the server itself.` }])
  for (const line of await runCommand(kernel, `explain-${what}`, words, terminal)) terminal.out(`${line}\n`)
}

const parseRoles = (text: string): Role[] => text.split(',').map((role) => {
  if (role !== 'web' && role !== 'worker' && role !== 'scheduler') throw new InvalidArgumentError('Allowed are web, worker and scheduler.')
  return role
})

const report = (error: unknown, { env, err }: Terminal): number => {
  if (error instanceof StartupError) {
    err(`${error.problems.map(formatProblem).join('\n')}\n`)
    return error.exitCode
  }
  const verbose = ['debug', 'trace'].includes(env['LOG_LEVEL'] ?? '')
  err(verbose ? `${inspect(error)}\n` : `${error instanceof Error ? error.message : String(error)}\nSet LOG_LEVEL=debug to see where that was.\n`)
  return 1
}

/** Starts, and waits for a signal or a failure that nobody caught. The second signal does not wait for anything. */
const serve = async (kernel: Kernel): Promise<number> => {
  let end: (code: number) => void = () => undefined
  const ended = new Promise<number>((resolve) => { end = resolve })
  let signals = 0
  const onSignal = (): void => {
    signals += 1
    if (signals > 1) process.exit(1)
    end(0)
  }
  const onFailure = (error: unknown): void => {
    const { awilix } = kernel.container
    if (awilix.hasRegistration(logger.id)) kernel.container.deps({ log: logger }).log.error({ err: error }, 'an error that nobody caught; stopping')
    else console.error(error)
    end(1)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('uncaughtException', onFailure).on('unhandledRejection', onFailure)
  const starting = kernel.start()
  const early = await Promise.race([starting, ended])
  if (early === undefined) {
    const { log } = kernel.container.deps({ log: logger })
    const { address } = kernel
    log.info(address ? { address: address.address, port: address.port } : {}, 'started')
    void ended.then(() => { log.info('stopping') })
  } else {
    // Why it did not come to its end is known: it was told to stop.
    starting.catch(() => undefined)
  }
  const code = await ended
  await kernel.stop()
  return code
}

const SECRET = /secret|passw|pepper|token(?!s)|credential|authorization|(api|access|private)[-_]?key|^key$/i
/** How many names lead to the settings of one section: `plugins.<name>`, `adapters.<port>.<instance>`. */
const DEPTH: Readonly<Record<string, number>> = { plugins: 2, adapters: 3 }

/** The configuration as it was written, so that `${NAME}` and `file:` stand for what they would bring. */
const show = (config: LoadedConfig): string => {
  const document = new Document(config.written)
  visit(document, {
    Pair: (_, pair, ancestors) => {
      const path = pathTo([...ancestors, pair])
      if (isMap(pair.value) && pair.value.items.length === 0) pair.value = document.createNode(null)
      if (isScalar(pair.value)) annotate(pair.value, path, config)
    },
    Seq: (_, seq, ancestors) => { for (const item of seq.items) if (isScalar(item)) annotate(item, pathTo([...ancestors, seq, item]), config) },
  })
  return `${document.toString({ lineWidth: 0, nullStr: '' }).trimEnd()}\n`
}
const annotate = (node: Scalar, path: readonly string[], config: LoadedConfig): void => {
  if (path.slice(DEPTH[path[0] ?? ''] ?? 1).some((name) => SECRET.test(name))) node.value = '***'
  else if (typeof node.value === 'string') node.value = maskUrl(node.value)
  const origin = config.origin(path)
  if (origin) node.comment = ` ${origin}`
}
/** Up to the last @: a password that should have been escaped is one all the same. */
const maskUrl = (text: string): string =>
  text.replace(/(:\/\/[^:/?#\s]*):\S*@/, '$1:***@').replace(/([?&][^=&]*(?:password|token|key|secret)[^=&]*=)[^&]*/gi, '$1***')

type Parts = Awaited<ReturnType<typeof explain>>
const explain = async (kernel: Kernel) => {
  const { plugins, adapters, permissions, routes, jobs, tables } = kernel.catalogue
  const pending = await kernel.pending().catch((error: unknown) => `the database is not reachable: ${(error as Error).message}`)
  return {
    plugins, adapters, permissions: Object.fromEntries(permissions), tables: Object.fromEntries(tables),
    routes: routes.map((route) => ({ method: route.method, path: fullPath(route), credential: route.credential, access: route.access, resource: route.resource })),
    jobs: jobs.map(({ name, cron, retries }) => ({ name, cron: cron ?? null, retries })), pending,
  }
}

const table = ({ plugins, adapters, permissions, routes, jobs, tables, pending }: Parts): string => [
  section('Plugins, in the order in which they start', plugins.map(({ name, source }) => [name, source === name ? '' : source])),
  section('Ports and their adapters', adapters.map(({ port, instance, adapter, plugin }) => [port, instance === adapter ? adapter : `${instance} (${adapter})`, `by ${plugin}`])),
  section('Permissions', Object.entries(permissions)),
  section('Routes', routes.map(({ method, path, credential, access, resource }) =>
    [method, path, credential, access, typeof resource === 'string' ? resource : Object.entries(resource).map((pair) => pair.join(': ')).join(', ')])),
  section('Jobs', jobs.map(({ name, cron }) => [name, cron === null ? '' : `at ${cron}`])),
  section('Tables', Object.entries(tables).map(([name, plugin]) => [name, `of ${plugin}`])),
  section('Pending migrations', typeof pending === 'string' ? [[pending]] : pending.map((id) => [id])),
].join('\n')

const section = (title: string, rows: readonly (readonly string[])[]): string => {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)), [])
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
  return [title, ...lines.length > 0 ? lines : ['  none'], ''].join('\n')
}
