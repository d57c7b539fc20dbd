/**
 * The Awilix container, and the only file that knows Awilix. It adds what Awilix leaves open: a key is registered once, a dependency is
 * a value of the contract (not a string), and many-ports are maps that fill while adapters are made.
 */
import { asFunction, asValue, createContainer as createAwilix } from 'awilix'
import type { AwilixContainer } from 'awilix'
import type { Deps, Service, Uses } from './plugin.ts'
import { request } from './ports.ts'

export type { AwilixContainer }
export type Token = Uses[string]

/** The name under which the container knows a dependency. */
export const keyOf = (token: Token): string => {
  if (token.kind === 'service') return token.name
  if (token.kind === 'config') return `config.${token.plugin}`
  return token.kind === 'optional' ? token.of.id : token.id
}

const requestKeys = new Set(Object.values(request).map((port) => port.id))
/** Whether a dependency lives only as long as one request. */
export const isPerRequest = (token: Token): boolean =>
  requestKeys.has(keyOf(token)) || (token.kind === 'service' && token.lifetime === 'request')

export interface Container {
  readonly awilix: AwilixContainer
  value(key: string, value: unknown): void
  service(definition: Service<unknown>): void
  /** Whatever `uses` names, ready to be handed over. `from` is a request's own scope where services of that lifetime are among them. */
  deps<U extends Uses>(uses: U, from?: AwilixContainer): Deps<U>
  /** A child container for one request. */
  scope(values: Record<string, unknown>): AwilixContainer
}

export const createContainer = (): Container => {
  const awilix = createAwilix<Record<string, unknown>>({ strict: true, injectionMode: 'PROXY' })
  const pick = <U extends Uses>(uses: U, cradle: Record<string, unknown>): Deps<U> =>
    Object.fromEntries(Object.entries(uses).map(([name, token]) => [
      name, token.kind === 'optional' && !awilix.hasRegistration(keyOf(token)) ? undefined : cradle[keyOf(token)],
    ])) as Deps<U>
  const claim = (key: string): void => { if (awilix.hasRegistration(key)) throw new Error(`"${key}" is registered twice in the container`) }
  return {
    awilix,
    value: (key, value) => { claim(key); awilix.register(key, asValue(value)) },
    service: (definition) => {
      claim(definition.name)
      const make = asFunction((cradle: Record<string, unknown>) => definition.create(pick(definition.uses, cradle)))
      // Awilix disposes in no particular order, so only request services are left to it; the kernel undoes singletons itself.
      awilix.register(definition.name, definition.lifetime === 'singleton'
        ? make.singleton() : make.scoped().disposer((value) => definition.dispose?.(value)))
    },
    deps: (uses, from = awilix) => pick(uses, from.cradle as Record<string, unknown>),
    scope: (values) => {
      const child = awilix.createScope()
      for (const [key, value] of Object.entries(values)) child.register(key, asValue(value))
      return child
    },
  }
}
