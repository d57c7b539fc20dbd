/**
 * Everything that can be known before anything runs: which adapter serves which port, who needs whom, and every reason why that
 * would not work. Pure: it reads plugins and configuration and touches nothing.
 */
import type Joi from 'joi'
import { checkSection, didYouMean } from './config.ts'
import type { LoadedConfig } from './config.ts'
import { isPerRequest, keyOf } from './container.ts'
import type { Problem } from './errors.ts'
import { CycleError, sortByNeeds } from './graph.ts'
import type { LoadedPlugin } from './load.ts'
import type { Adapter, Job, Plugin, Port, Service, Uses } from './plugin.ts'
import { fullPath } from './route.ts'
import type { Route } from './route.ts'
import { serverConfig } from './server-config.ts'

export interface ChosenAdapter {
  /** Its place in the container: the port's id, and the instance where the port takes many. */
  readonly key: string
  readonly port: Port<unknown>
  readonly instance: string
  readonly adapter: Adapter
  readonly options: unknown
  readonly plugin: LoadedPlugin
}
export interface Wiring {
  /** In start order. */
  readonly plugins: readonly LoadedPlugin[]
  readonly ports: ReadonlyMap<string, Port<unknown>>
  readonly adapters: ReadonlyMap<string, ChosenAdapter>
  readonly services: ReadonlyMap<string, Service<unknown>>
  /** Keys of adapters and services, in the order in which they are made. */
  readonly order: readonly string[]
  /** Key of an adapter or service → keys of those that it needs. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** Key of an adapter or service → keys of the adapters that it finds in maps, which may be made after it. */
  readonly late: ReadonlyMap<string, readonly string[]>
  readonly configs: ReadonlyMap<string, unknown>
  readonly permissions: ReadonlyMap<string, string>
  readonly routes: readonly Route[]
  readonly jobs: readonly Job[]
  readonly tables: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

type Report = (path: string, message: string, fix?: string, origin?: string) => void
/** Something that may exist once per server, and the plugin that has it. */
interface Owned<T> { readonly value: T; readonly plugin: LoadedPlugin }
type Claims<T> = ReadonlyMap<string, Owned<T>>

/** What the plugins bring, each thing once. */
interface Parts {
  readonly ports: Claims<Port<unknown>>
  /** By `<port> <adapter>`. */
  readonly offers: Claims<Adapter>
  readonly permissions: Claims<string>
  readonly tables: Claims<unknown>
  readonly jobs: Claims<Job>
  readonly routes: Claims<Route>
}

export const wire = (loaded: readonly LoadedPlugin[], config: LoadedConfig): Wiring => {
  const problems: Problem[] = []
  const report: Report = (path, message, fix, origin) => { problems.push({ path, message, fix, origin }) }
  const section: Section = (schema, value, path) => {
    const checked = checkSection(schema, value, path, config)
    problems.push(...checked.problems)
    return checked.value
  }
  const parts = collect(loaded, report)
  const configs = readConfigs(loaded, config, section)
  const adapters = chooseAdapters(parts, config, section, report)
  // What was said of a port already is not said again by each of its users.
  const refused = problems.map(({ path }) => path.split('.')).filter(([root]) => root === 'adapters').map(([, port]) => port as string)
  const { services, neighbours } = followUses(loaded, parts, configs, adapters, new Set(refused), report)
  checkTables(parts, report)
  for (const { value: route, plugin } of parts.routes.values()) {
    for (const fault of routeFaults(route, parts.permissions)) report(plugin.key, `the route ${route.method} ${fullPath(route)} ${fault}`)
  }

  const sorted = (needs: ReadonlyMap<string, readonly string[]>, what: string): string[] => {
    try { return sortByNeeds(needs) } catch (error) {
      if (!(error instanceof CycleError)) throw error
      report(what, error.message)
      return [...needs.keys()]
    }
  }
  // Many-ports are read late, so they order nothing.
  const keysOf = (uses: Uses): string[] => Object.values(uses).filter((token) => token.kind !== 'port' || !token.many).map(keyOf)
  const needs = new Map([...adapters].map(([key, { adapter }]) => [key, keysOf(adapter.uses as Uses)]))
  for (const [key, { uses }] of services) needs.set(key, keysOf(uses))
  const manyOf = (uses: Uses): string[] => [...adapters.values()].filter(({ port }) => port.many && Object.values(uses).some((token) => keyOf(token) === port.id)).map(({ key }) => key)
  const late = new Map([...adapters.values()].map(({ key, adapter }) => [key, manyOf(adapter.uses as Uses)]))
  for (const [key, { uses }] of services) late.set(key, manyOf(uses))
  const startOrder = sorted(neighbours, 'plugins')
  const values = <T>(claims: Claims<T>): Map<string, T> => new Map([...claims].map(([key, { value }]) => [key, value]))
  return {
    plugins: startOrder.flatMap((name) => loaded.filter(({ plugin }) => plugin.name === name)),
    ports: values(parts.ports), adapters, services, order: sorted(needs, 'uses'), needs, late, configs, permissions: values(parts.permissions),
    routes: [...values(parts.routes).values()], jobs: [...values(parts.jobs).values()],
    tables: new Map([...parts.tables].map(([table, { plugin }]) => [table, plugin.plugin.name])), problems,
  }
}

const collect = (loaded: readonly LoadedPlugin[], report: Report): Parts => {
  const claims = <T>(kind: string, of: (plugin: Plugin) => Iterable<readonly [string, T]>): Claims<T> => {
    const found = new Map<string, Owned<T>>()
    for (const plugin of loaded) {
      for (const [key, value] of of(plugin.plugin)) {
        const other = found.get(key)
        if (other) report(plugin.key, `${kind} "${key}" is already ${other.plugin === plugin ? 'its own' : `${other.plugin.key}'s`}`, 'One of the two must take another name.')
        else found.set(key, { value, plugin })
      }
    }
    return found
  }
  return {
    ports: claims('the port', ({ ports = [] }) => ports.map((port) => [port.id, port as Port<unknown>])),
    offers: claims('the adapter', ({ adapters = [] }) => adapters.map((adapter) => [`${adapter.port.id} ${adapter.name}`, adapter])),
    permissions: claims('the permission', ({ permissions = {} }) => Object.entries(permissions)),
    tables: claims('the table', ({ models = [] }) => models.map((model) => [model.table, model])),
    jobs: claims('the job', ({ jobs = [] }) => jobs.map((job) => [job.name, job])),
    // Whatever its parameters are called, an address is one.
    routes: claims('the route', ({ routes = [] }) => routes.map((route) => [`${route.method} ${fullPath(route).replace(/\{\w+\}/g, '{}')}`, route])),
  }
}

type Section = <T>(schema: Joi.ObjectSchema<T> | undefined, value: unknown, path: readonly string[]) => T
const readConfigs = (loaded: readonly LoadedPlugin[], { document }: LoadedConfig, section: Section): Map<string, unknown> => {
  const configs = new Map<string, unknown>([[keyOf(serverConfig), section(serverConfig.schema, document.server, ['server'])]])
  for (const { plugin, key } of loaded) {
    // What is declared as code has a section of its own.
    const isDeclared = plugin.name === 'provision'
    const value = section(plugin.config?.schema as Joi.ObjectSchema<unknown> | undefined, isDeclared ? document.provision : document.plugins[key] ?? {}, isDeclared ? ['provision'] : ['plugins', key])
    if (plugin.config) configs.set(keyOf(plugin.config), value)
  }
  return configs
}

/** Named in the configuration → that; else the only offer; else the port's fallback; else a problem that lists the offers. */
const chooseAdapters = ({ ports, offers }: Parts, config: LoadedConfig, section: Section, report: Report): Map<string, ChosenAdapter> => {
  const chosen = new Map<string, ChosenAdapter>()
  const offered = (port: Port<unknown>): string[] => [...offers.values()].filter(({ value }) => value.port.id === port.id).map(({ value }) => value.name)
  const choose = (port: Port<unknown>, instance: string, name: string, settings: unknown): void => {
    const path = ['adapters', port.id, instance]
    const offer = offers.get(`${port.id} ${name}`)
    if (!offer) {
      const known = offered(port)
      report(path.join('.'), `the port "${port.id}" has no adapter "${name}"; there ${known.length > 0 ? `are: ${known.join(', ')}` : 'is none'}`, didYouMean(name, known), config.origin(path))
      return
    }
    const { value: adapter, plugin } = offer
    if (adapter.port.version !== port.version) {
      report(path.join('.'), `is written for version ${adapter.port.version} of the port "${port.id}"; this server has ${port.version}`, `Install a version of ${plugin.key} that fits.`)
    }
    const key = port.many ? `${port.id}.${instance}` : port.id
    chosen.set(key, { key, port, instance, adapter, options: section(adapter.options as Joi.ObjectSchema<unknown> | undefined, settings ?? {}, path), plugin })
  }
  for (const { value: port } of ports.values()) {
    const path = ['adapters', port.id]
    const named = Object.entries(config.document.adapters[port.id] ?? {})
    for (const [instance, settings] of port.many ? named : named.slice(0, 1)) choose(port, instance, (settings['$adapter'] as string | undefined) ?? instance, settings)
    if (port.many) continue
    if (named.length > 1) report(path.join('.'), `takes one adapter, not ${named.map(([name]) => name).join(' and ')}`, 'Keep one of them.', config.origin(path))
    if (named.length > 0) continue
    const names = offered(port)
    const name = names.length === 1 ? names[0] : names.find((one) => one === port.fallback)
    if (name !== undefined) choose(port, name, name, {})
    else if (names.length > 1) report(path.join('.'), `no adapter is chosen; there are: ${names.join(', ')}`, 'Name one of them in the configuration.')
  }
  for (const id of Object.keys(config.document.adapters)) {
    // A URL in the environment is for whoever can use it.
    if (!ports.has(id) && config.origin(['adapters', id]) !== 'environment REDIS_URL') report(`adapters.${id}`, 'no enabled plugin has a port of this name', didYouMean(id, [...ports.keys()]), config.origin(['adapters', id]))
  }
  return chosen
}

/** Follows `uses` from every user through all services: finds the services there are, who stands on whom, and what cannot be had. */
const followUses = (
  loaded: readonly LoadedPlugin[], { ports }: Parts, configs: ReadonlyMap<string, unknown>, adapters: ReadonlyMap<string, ChosenAdapter>,
  missing: Set<string>, report: Report,
) => {
  const services = new Map<string, Service<unknown>>()
  const neighbours = new Map(loaded.map(({ plugin }): [string, string[]] => [plugin.name, []]))
  const follow = (plugin: LoadedPlugin, user: string, uses: Uses, perRequest = false): void => {
    for (const token of Object.values(uses)) {
      const key = keyOf(token)
      if (isPerRequest(token)) {
        if (!perRequest) report(plugin.key, `${user} outlives a request, so it cannot use "${key}"`, "Give it the lifetime 'request', or pass the value as an argument.")
        if (token.kind !== 'service') continue
      }
      if (token.kind === 'service') {
        const known = services.get(key)
        if (known && known !== token) report(plugin.key, `two services are called "${key}"`, 'One of the two must take another name.')
        if (known) continue
        services.set(key, token)
        follow(plugin, `the service "${key}"`, token.uses as Uses, token.lifetime === 'request')
      } else if (token.kind === 'config') {
        if (!configs.has(key)) report(plugin.key, `${user} reads the configuration of "${token.plugin}", which is not enabled`, `Add it under plugins: ${token.plugin}:`)
      } else {
        const port = token.kind === 'optional' ? token.of : token
        const owner = ports.get(port.id)
        if (owner && owner.value.version !== port.version) report(plugin.key, `${user} uses version ${port.version} of the port "${port.id}"; this server has ${owner.value.version}`)
        if (owner && owner.plugin !== plugin) neighbours.get(plugin.plugin.name)?.push(owner.plugin.plugin.name)
        if (token.kind === 'optional' || port.many || adapters.has(port.id) || missing.has(port.id)) continue
        missing.add(port.id)
        if (!owner) report(plugin.key, `${user} uses the port "${port.id}", which no enabled plugin has`, 'Enable the plugin that has it.')
        else report(`adapters.${port.id}`, `${user} needs it, and no adapter for it is there`, 'Enable a plugin that has one, and name it in the configuration where there are several.')
      }
    }
  }
  for (const { adapter, port, instance, plugin } of adapters.values()) follow(plugin, `the adapter ${port.id}.${instance}`, adapter.uses as Uses)
  for (const loadedPlugin of loaded) {
    const { uses = {}, models = [], jobs = [], routes = [] } = loadedPlugin.plugin
    follow(loadedPlugin, 'the plugin', uses)
    for (const model of models) follow(loadedPlugin, `the model "${model.table}"`, { model })
    for (const job of jobs) follow(loadedPlugin, `the job "${job.name}"`, job.uses as Uses)
    for (const route of routes) follow(loadedPlugin, `the route ${route.method} ${fullPath(route)}`, route.uses as Uses, true)
  }
  return { services, neighbours }
}

const checkTables = ({ tables }: Parts, report: Report): void => {
  for (const [table, { plugin }] of tables) {
    const prefix = `${plugin.plugin.name.replace(/[^a-z0-9]+/g, '_').replace(/^_/, '')}_`
    if (!plugin.builtin && !table.startsWith(prefix)) report(plugin.key, `its table "${table}" lacks the plugin's prefix`, `Call it ${prefix}${table}.`)
  }
}

/** Not by a description of the schema, which takes a while for all routes. */
const schemaKeys = (schema: Joi.ObjectSchema | undefined): readonly string[] => ((schema?.$_terms['keys'] ?? []) as readonly { readonly key: string }[]).map(({ key }) => key)

const routeFaults = (route: Route, permissions: ReadonlyMap<string, unknown>): string[] => {
  const faults: string[] = []
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
  const declared = schemaKeys(route.params as Joi.ObjectSchema | undefined)
  for (const name of inPath) if (!declared.includes(name)) faults.push(`has {${name}} in its path and not in its params schema`)
  for (const name of declared) if (!inPath.includes(name)) faults.push(`has "${name}" in its params schema and not in its path`)
  if (route.access !== 'public' && !permissions.has(route.access)) faults.push(`asks for "${route.access}", which no enabled plugin declares${didYouMean(route.access, [...permissions.keys()]) ?? ''}`)
  if (route.access !== 'public' && route.credential === 'none') faults.push(`asks for "${route.access}" but takes no credential`)
  const source = typeof route.resource === 'object' ? Object.values(route.resource)[0] as string : ''
  const [from, name] = source.split('.')
  if (from === 'params' && !inPath.includes(name as string)) faults.push(`names its resource by ${source}, which is not in its path`)
  if (from === 'body' && !schemaKeys(route.body as Joi.ObjectSchema | undefined).includes(name as string)) faults.push(`names its resource by ${source}, which is not in its body`)
  return faults
}
