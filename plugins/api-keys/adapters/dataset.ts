/** A key reaches its workspace, or the one dataset to which it is bound. */
import { defineAdapter } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { keyScope } from '../ports.ts'
import { scopeOf } from '../services/scopes.ts'

export const dataset = defineAdapter(keyScope, 'dataset', {
  create: () => ({
    check: ({ type, datasetId }) => { if (datasetId !== null && type !== 'dataset') throw keyErrors.bindingWrong() },
    scope: scopeOf,
  }),
})
