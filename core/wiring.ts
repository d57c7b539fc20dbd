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
import type { Adapter, Job, Port, Service, Uses } from './plugin.ts'
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
  readonly configs: ReadonlyMap<string, unknown>
  readonly permissions: ReadonlyMap<string, string>
  readonly routes: readonly Route[]
  readonly jobs: readonly Job[]
  readonly tables: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

export const wire = (loaded: readonly LoadedPlugin[], config: LoadedConfig): Wiring => {
  const problems: Problem[] = []
  const problem = (path: string, message: string, fix?: string, origin?: string): void => { problems.push({ path, message, fix, origin }) }

  /** Collects what may exist once per server, and says who else has it. */
  const claims = <T>(kind: string, of: (plugin: LoadedPlugin) => Iterable<readonly [string, T]>) => {
    const found = new Map<string, { value: T; plugin: LoadedPlugin }>()
    for (const plugin of loaded) {
      for (const [key, value] of of(plugin)) {
        const other = found.get(key)
        if (other) problem(plugin.key, `${kind} "${key}" is already ${other.plugin === plugin ? 'its own' : `${other.plugin.key}'s`}`, 'One of the two must take another name.')
        else found.set(key, { value, plugin })
      }
    }
    return found
  }
  const ports = claims('the port', ({ plugin }) => (plugin.ports ?? []).map((port) => [port.id, port as Port<unknown>]))
  const offers = claims('the adapter', ({ plugin }) => (plugin.adapters ?? []).map((adapter) => [`${adapter.port.id} ${adapter.name}`, adapter]))
  const permissions = claims('the permission', ({ plugin }) => Object.entries(plugin.permissions ?? {}))
  const tables = claims('the table', ({ plugin }) => (plugin.models ?? []).map((model) => [model.table, model]))
  const jobs = claims('the job', ({ plugin }) => (plugin.jobs ?? []).map((job) => [job.name, job]))
  const routes = claims('the route', ({ plugin }) => (plugin.routes ?? []).map((route) => [`${route.method} ${fullPath(route)}`, route]))

  const section = <T>(schema: Joi.ObjectSchema<T> | undefined, value: unknown, path: readonly string[]): T => {
    const checked = checkSection(schema, value, path, config)
    problems.push(...checked.problems)
    return checked.value
  }
  const configs = new Map<string, unknown>()
  configs.set(keyOf(serverConfig), section(serverConfig.schema, config.document.server, ['server']))
  for (const { plugin, key } of loaded) {
    const value = section(plugin.config?.schema, config.document.plugins[key] ?? {}, ['plugins', key])
    if (plugin.config) configs.set(keyOf(plugin.config), value)
  }

  const adapters = new Map<string, ChosenAdapter>()
  const choose = (port: Port<unknown>, instance: string, name: string, settings: unknown): void => {
    const path = ['adapters', port.id, instance]
    const offer = offers.get(`${port.id} ${name}`)
    const known = [...offers.values()].filter(({ value }) => value.port.id === port.id).map(({ value }) => value.name)
    if (!offer) {
      problem(path.join('.'), `the port "${port.id}" has no adapter "${name}"; there ${known.length ? `are: ${known.join(', ')}` : 'is none'}`, didYouMean(name, known), config.origin(path))
      return
    }
    if (offer.value.port.version !== port.version) {
      problem(path.join('.'), `is written for version ${offer.value.port.version} of the port "${port.id}"; this server has ${port.version}`, `Install a version of ${offer.plugin.key} that fits.`)
    }
    const key = port.many ? `${port.id}.${instance}` : port.id
    const options = section(offer.value.options, settings ?? {}, path)
    adapters.set(key, { key, port, instance, adapter: offer.value, options, plugin: offer.plugin })
  }
  for (const { value: port } of ports.values()) {
    const named = Object.entries(config.document.adapters[port.id] ?? {})
    for (const [instance, settings] of port.many ? named : named.slice(0, 1)) choose(port, instance, (settings['$adapter'] as string | undefined) ?? instance, settings)
    if (port.many) continue
    if (named.length > 1) problem(`adapters.${port.id}`, `takes one adapter, not ${named.map(([name]) => name).join(' and ')}`, 'Keep one of them.', config.origin(['adapters', port.id]))
    if (named.length > 0) continue
    const offered = [...offers.values()].filter(({ value }) => value.port.id === port.id)
    const [only] = offered
    if (port.fallback !== undefined && offered.some(({ value }) => value.name === port.fallback)) choose(port, port.fallback, port.fallback, {})
    else if (only && offered.length === 1) choose(port, only.value.name, only.value.name, {})
    else if (offered.length > 1) problem(`adapters.${port.id}`, `no adapter is chosen; there are: ${offered.map(({ value }) => value.name).join(', ')}`, 'Name one of them in the configuration.')
  }
  for (const id of Object.keys(config.document.adapters)) {
    if (!ports.has(id)) problem(`adapters.${id}`, 'no enabled plugin has a port of this name', didYouMean(id, [...ports.keys()]), config.origin(['adapters', id]))
  }

  const services = new Map<string, Service<unknown>>()
  const plugNeeds = new Map(loaded.map((plugin) => [plugin.plugin.name, new Set<string>()]))
  /** Follows `uses` from one user through all services, and reports what cannot be had. */
  const follow = (plugin: LoadedPlugin, user: string, uses: Uses, perRequest: boolean): void => {
    for (const token of Object.values(uses)) {
      const key = keyOf(token)
      if (isPerRequest(token)) {
        if (!perRequest) problem(plugin.key, `${user} outlives a request, so it cannot use "${key}"`, "Give it the lifetime 'request', or pass the value as an argument.")
        if (token.kind !== 'service') continue
      }
      if (token.kind === 'service') {
        const known = services.get(key)
        if (known && known !== token) problem(plugin.key, `two services are called "${key}"`, 'One of the two must take another name.')
        if (known) continue
        services.set(key, token)
        follow(plugin, `the service "${key}"`, token.uses, token.lifetime === 'request')
      } else if (token.kind === 'config') {
        if (!configs.has(key)) problem(plugin.key, `${user} reads the configuration of "${token.plugin}", which is not enabled`, `Add it under plugins: ${token.plugin}:`)
      } else {
        const port = token.kind === 'optional' ? token.of : token
        const owner = ports.get(port.id)
        if (owner && owner.value.version !== port.version) problem(plugin.key, `${user} uses version ${port.version} of the port "${port.id}"; this server has ${owner.value.version}`)
        if (owner) plugNeeds.get(plugin.plugin.name)?.add(owner.plugin.plugin.name)
        if (token.kind === 'optional' || port.many) continue
        if (!owner) problem(plugin.key, `${user} uses the port "${port.id}", which no enabled plugin has`, 'Enable the plugin that has it.')
        else if (!adapters.has(port.id) && !problems.some(({ path }) => path.startsWith(`adapters.${port.id}`))) {
          problem(`adapters.${port.id}`, `${user} needs it, and no enabled plugin has an adapter for it`, 'Enable a plugin that has one.')
        }
      }
    }
  }
  for (const { adapter, port, instance, plugin } of adapters.values()) follow(plugin, `the adapter ${port.id}.${instance}`, adapter.uses, false)
  for (const plugin of loaded) {
    follow(plugin, 'the plugin', plugin.plugin.uses ?? {}, false)
    for (const model of plugin.plugin.models ?? []) follow(plugin, `the model "${model.table}"`, { model }, false)
    for (const job of plugin.plugin.jobs ?? []) follow(plugin, `the job "${job.name}"`, job.uses, false)
    for (const route of plugin.plugin.routes ?? []) follow(plugin, `the route ${route.method} ${fullPath(route)}`, route.uses, true)
  }

  for (const [table, { plugin }] of tables) {
    const prefix = `${plugin.plugin.name.replace(/[^a-z0-9]+/g, '_').replace(/^_/, '')}_`
    if (!plugin.builtin && !table.startsWith(prefix)) problem(plugin.key, `its table "${table}" lacks the plugin's prefix`, `Call it ${prefix}${table}.`)
  }
  for (const { value: route, plugin } of routes.values()) {
    for (const message of routeFaults(route, permissions)) problem(plugin.key, `the route ${route.method} ${fullPath(route)} ${message}`)
  }

  const sorted = (needs: ReadonlyMap<string, readonly string[]>, what: string): string[] => {
    try { return sortByNeeds(needs) } catch (error) {
      if (!(error instanceof CycleError)) throw error
      problem(what, error.message)
      return [...needs.keys()]
    }
  }
  const keysOf = (uses: Uses): string[] => Object.values(uses).filter((token) => token.kind !== 'port' || !token.many).map(keyOf)
  const needs = new Map<string, readonly string[]>()
  for (const [key, { adapter }] of adapters) needs.set(key, keysOf(adapter.uses))
  for (const [key, { uses }] of services) needs.set(key, keysOf(uses))
  const pluginOrder = sorted(new Map([...plugNeeds].map(([name, set]) => [name, [...set].filter((other) => other !== name)])), 'plugins')
  const values = <T>(found: ReadonlyMap<string, { value: T }>): T[] => [...found.values()].map(({ value }) => value)
  return {
    plugins: pluginOrder.flatMap((name) => loaded.filter(({ plugin }) => plugin.name === name)),
    ports: new Map([...ports].map(([id, { value }]) => [id, value])),
    adapters, services, order: sorted(needs, 'uses'), configs,
    permissions: new Map([...permissions].map(([name, { value }]) => [name, value])),
    routes: values(routes), jobs: values(jobs), tables: new Map([...tables].map(([table, { plugin }]) => [table, plugin.plugin.name])),
    problems,
  }
}

const schemaKeys = (schema: Joi.ObjectSchema | undefined): string[] => Object.keys((schema?.describe() as { keys?: object } | undefined)?.keys ?? {})

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
