/** A key reaches its workspace, the one dataset to which it is bound, or several datasets, with the rights that were granted on each. */
import { defineAdapter } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { keyScope } from '../ports.ts'
import type { KeyScope } from '../ports.ts'
import { scopeOf } from '../services/scopes.ts'

export const grants = defineAdapter(keyScope, 'grants', {
  create: (): KeyScope => ({
    expresses: ['grants'],
    check: (request) => { if (request.type !== 'dataset' && (request.datasetId !== null || (request.grants ?? null) !== null)) throw keyErrors.bindingWrong() },
    scope: scopeOf,
  }),
})
