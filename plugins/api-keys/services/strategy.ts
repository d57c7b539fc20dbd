/**
 * The chosen strategy, held to what it says that it understands: nothing that it does not know of is ever decided by it. It is about datasets;
 * a key of an app reaches that app under every strategy.
 */
import { catalogue, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { keyScope } from '../ports.ts'
import type { KeyRecord, KeyRequest, KeyScope, Scope } from '../ports.ts'
import { nothing, ofApp } from './scopes.ts'

export interface Strategy {
  /** The name under which it was chosen. */
  readonly name: string
  readonly expresses: NonNullable<KeyScope['expresses']>
  /** Whether it cannot decide without what `load` gives. */
  readonly loads: boolean
  /** Throws 400 where it cannot express the request. */
  check(request: KeyRequest): void
  load(key: KeyRecord): Promise<Json>
  scope(key: KeyRecord, known: Json): Scope
}

const says = (request: KeyRequest, what: 'grants' | 'terms'): boolean => (request[what] ?? null) !== null

export const strategy = service('apiKeys.strategy', {
  uses: { keyScope, parts: catalogue },
  create: ({ keyScope, parts }): Strategy => {
    const { expresses = [] } = keyScope
    const foreign = (request: KeyRequest): boolean => (['grants', 'terms'] as const).some((what) => says(request, what) && !expresses.includes(what))
    return {
      name: parts.adapters.find(({ port }) => port === 'keyScope')?.adapter ?? 'unknown',
      expresses,
      loads: keyScope.load !== undefined,
      check: (request) => {
        if (request.type === 'app') {
          if (request.datasetId !== null || says(request, 'grants') || says(request, 'terms')) throw keyErrors.bindingWrong()
          return
        }
        if (says(request, 'grants') && !expresses.includes('grants')) throw keyErrors.grantsUnsupported()
        if (foreign(request)) throw keyErrors.termsUnsupported()
        keyScope.check(request)
      },
      load: async (key) => key.type === 'app' || foreign(key) ? null : await keyScope.load?.(key) ?? null,
      scope: (key, known) => key.type === 'app' ? key.appId === null ? nothing : ofApp(key.appId.toLowerCase()) : foreign(key) ? nothing : keyScope.scope(key, known),
    }
  },
})
