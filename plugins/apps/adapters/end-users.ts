import { defineAdapter } from '../../../core/index.ts'
import { endUsers } from '../ports.ts'
import { endUserRecords } from '../services/end-users.ts'

export const knownEndUsers = defineAdapter(endUsers, 'builtin', { uses: { records: endUserRecords }, create: ({ records: { take, list } }) => ({ take, list }) })
