import { defineAdapter } from '../../../core/index.ts'
import { audit } from '../ports.ts'
import { entries, happened } from '../services/entries.ts'
import { requests } from '../services/requests.ts'

/** The log in our own table. */
export const builtin = defineAdapter(audit, 'builtin', {
  uses: { entries, requests },
  create: ({ entries, requests }) => ({
    record: (event) => entries.write([happened(event, requests.doer())]),
    list: entries.list,
  }),
})
