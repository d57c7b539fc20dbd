import { defineAdapter } from '../../../core/index.ts'
import { accountImport } from '../ports.ts'
import { imports } from '../services/imports.ts'

/** Into our own tables. */
export const builtinImport = defineAdapter(accountImport, 'builtin', { uses: { imports }, create: ({ imports }) => imports })
