/** API keys of knowledge bases. Their secrets stand in Dify as they are; here they are hashed, and never told. */
import { HttpError, service } from '../../../core/index.ts'
import { apiKeys } from '../../api-keys/ports.ts'
import { accounts } from '../../auth/ports.ts'
import type { Imported } from '../../auth/ports.ts'
import type { TokenRow } from '../source/rows.ts'
import type { Run } from './run.ts'

const KIND = 'API keys'

export const keys = service('difyImport.keys', {
  uses: { accounts, apiKeys },
  create: ({ accounts, apiKeys }) => async ({ source, tally, apply, places }: Run): Promise<void> => {
    const bring = async ({ id, tenant_id: workspaceId, token }: TokenRow): Promise<Imported> => {
      const skipped = (why: string): Imported => ({ id, state: 'skipped', why })
      if (!places.has(workspaceId)) return skipped('their workspace is')
      if (await apiKeys.find(workspaceId, id)) return await apiKeys.isSecretOf(workspaceId, id, token) ? { id, state: 'there' } : { id, state: 'changed', why: 'secret' }
      for (const known of await apiKeys.list(workspaceId)) if (await apiKeys.isSecretOf(workspaceId, known.id, token)) return { id: known.id, state: 'there' }
      if (apiKeys.typeOf(token) !== 'dataset') return skipped('this server takes no secrets of their form: set plugins.api-keys.legacyPrefixes to [dataset-], and run the import again')
      if (!apply) return { id, state: 'new' }
      const owner = (await accounts.members(workspaceId)).find(({ role }) => role === 'owner')
      if (!owner) return skipped('their workspace has no owner here')
      try {
        await apiKeys.create({ type: 'dataset', workspaceId, datasetId: null, createdBy: owner.accountId, id, token })
        return { id, state: 'new' }
      } catch (error) {
        if (!(error instanceof HttpError) || error.status >= 500) throw error
        return skipped(error.message)
      }
    }
    for await (const page of source.pages<TokenRow>({ table: 'api_tokens', columns: ['id', 'tenant_id', 'token'], where: `type = 'dataset'` })) {
      for (const row of page) tally.add(KIND, await bring(row), row.id)
    }
    for (const { many } of await source.sums<{ many: number }>('api_tokens', ['count(*)::int AS many'], `type <> 'dataset'`, [], 'type')) {
      tally.skip(KIND, 'those of apps', 'they open apps, which are not taken over', many)
    }
  },
})
