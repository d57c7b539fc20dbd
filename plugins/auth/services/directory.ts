/** Accounts by e-mail address. */
import { col, fn, Op, where } from 'sequelize'
import { service } from '../../../core/index.ts'
import { Account } from '../models/account.ts'
import type { AccountRow } from '../models/account.ts'

export interface Directory {
  /** Whatever the case of the address. */
  find(email: string): Promise<AccountRow | undefined>
}

export const directory = service('auth.directory', {
  uses: { Account },
  create: ({ Account }): Directory => ({
    find: async (email) => await Account.findOne({ where: where(fn('lower', col('email')), Op.eq, fn('lower', email)) }) ?? undefined,
  }),
})
