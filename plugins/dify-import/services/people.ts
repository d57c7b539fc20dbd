/** Workspaces, accounts and who belongs where. */
import { service } from '../../../core/index.ts'
import { accountImport } from '../../auth/ports.ts'
import type { Imported, ImportedAccount } from '../../auth/ports.ts'
import { ACCOUNT, accountOf, JOIN, memberOf, TENANT, workspaceOf } from '../source/rows.ts'
import type { AccountRow, JoinRow, TenantRow } from '../source/rows.ts'
import { named, whoIn } from './run.ts'
import type { Run } from './run.ts'

export const people = service('difyImport.people', {
  uses: { accountImport },
  create: ({ accountImport }) => async (run: Run): Promise<void> => {
    const { source, tally, apply, places, absent } = run
    for await (const page of source.pages<TenantRow>({ table: 'tenants', columns: TENANT })) {
      const said = await accountImport.workspaces(page.map(workspaceOf), apply)
      for (const [index, row] of page.entries()) {
        const one = said[index] as Imported
        tally.add('workspaces', one, named(row))
        if (one.state !== 'skipped') places.add(row.id)
      }
    }
    for await (const page of source.pages<AccountRow>({ table: 'accounts', columns: ACCOUNT })) {
      const rows: ImportedAccount[] = []
      for (const row of page) {
        const account = accountOf(row)
        if (account) rows.push(account)
        else {
          absent.add(row.id)
          tally.skip('accounts', row.email, 'they were invited and have not joined: invite them here')
        }
      }
      const said = await accountImport.accounts(rows, apply)
      for (const [index, { id, email }] of rows.entries()) {
        const one = said[index] as Imported
        tally.add('accounts', one, email)
        if (one.state === 'skipped') absent.add(id)
        else if (one.id !== id) run.people.set(id, one.id)
      }
    }
    const who = whoIn(run)
    for await (const page of source.pages<JoinRow>({ table: 'tenant_account_joins', columns: JOIN })) {
      const isTold = (row: JoinRow): string => `${row.account_id} in ${row.tenant_id}`
      const rows = page.filter((row) => places.has(row.tenant_id) && !absent.has(row.account_id))
      for (const row of page) if (!rows.includes(row)) tally.skip('members', isTold(row), 'their account or their workspace is')
      const said = await accountImport.members(rows.map((row) => memberOf(row, who)), apply)
      for (const [index, row] of rows.entries()) tally.add('members', said[index] as Imported, isTold(row))
    }
  },
})
