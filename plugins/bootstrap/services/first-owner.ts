/** The first owner, workspace and key of an empty server. */
import { randomBytes } from 'node:crypto'
import { baseUrl, database, serverConfig, service } from '../../../core/index.ts'
import { apiKeys } from '../../api-keys/ports.ts'
import { accounts } from '../../auth/ports.ts'
import { bootstrapConfig } from '../config.ts'
import { outlet } from './outlet.ts'
import { welcome } from './welcome.ts'

/** 120 random bits that also satisfy whoever wants letters and digits. */
const newPassword = (): string => {
  const password = randomBytes(15).toString('base64url')
  return /^[A-Za-z0-9].*\d/.test(password) && /[a-z]/i.test(password) ? password : newPassword()
}

/** Once in the life of a database, however many processes start on it; all of it or nothing. */
export const makeFirstOwner = service('bootstrap.makeFirstOwner', {
  uses: { db: database, server: serverConfig, config: bootstrapConfig, accounts, apiKeys, outlet },
  create: ({ db, server, config, accounts, apiKeys, outlet }) => async (): Promise<void> => {
    if (!server.bootstrap || await accounts.exist()) return
    const { email, name, workspace } = config
    const password = newPassword()
    let prepared: { undo(): Promise<void> } | undefined
    try {
      const text = await db.transaction(async () => {
        const made = await accounts.setup({ email, name, password, workspace })
        if (!made) return undefined
        const { token } = await apiKeys.create({ type: 'dataset', workspaceId: made.workspaceId, datasetId: null, name: 'First key', createdBy: made.accountId })
        const text = welcome({ base: baseUrl(server), email, password, token })
        // Before the commit: a server whose secrets nobody was told would be of no use.
        prepared = await outlet.prepare(text)
        return text
      })
      if (text !== undefined) outlet.tell(text)
    } catch (error) {
      await prepared?.undo()
      throw error
    }
  },
})
