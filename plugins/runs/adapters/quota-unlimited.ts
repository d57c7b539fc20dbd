import { randomUUID } from 'node:crypto'
import { defineAdapter } from '../../../core/index.ts'
import { quota } from '../ports.ts'

/** Counts nothing and refuses nobody. */
export const unlimitedQuota = defineAdapter(quota, 'unlimited', {
  create: () => ({
    reserve: async () => ({ id: randomUUID() }),
    commit: async () => undefined,
    release: async () => undefined,
  }),
})
