/** A key reaches its workspace. Bound keys are not made, and those from before keep to their dataset. */
import { defineAdapter } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { keyScope } from '../ports.ts'
import { scopeOf } from '../services/scopes.ts'

export const workspace = defineAdapter(keyScope, 'workspace', {
  create: () => ({
    check: ({ datasetId }) => { if (datasetId !== null) throw keyErrors.scopeUnsupported() },
    scope: scopeOf,
  }),
})
