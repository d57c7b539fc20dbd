import { defineAdapter } from '../../../core/index.ts'
import { apiKeys } from '../ports.ts'
import { keys } from '../services/keys.ts'

/** Keys in our own table. */
export const builtin = defineAdapter(apiKeys, 'builtin', {
  uses: { keys },
  create: ({ keys }) => ({
    create: async (request) => {
      const { row, token } = await keys.create(request)
      return { id: row.id, token }
    },
    changing: keys.changing,
  }),
})
