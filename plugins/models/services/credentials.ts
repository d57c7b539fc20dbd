/** What workspaces enter for model providers: checked, tried, sealed, shown masked. */
import { randomUUID } from 'node:crypto'
import { database, errors, HttpError, logger, service, vault } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { modelErrors } from '../errors.ts'
import { ModelCredential, ownerOf } from '../models/model-credential.ts'
import type { Credentials, ModelProvider } from '../ports.ts'
import { workspaceChoices } from './choices.ts'
import { masked, secretFields, unmasked } from './masking.ts'
import { providers } from './providers.ts'

export interface Entering {
  readonly workspaceId: string
  readonly accountId: string
  /** As the client names it. */
  readonly provider: string
  readonly entered: Credentials
  readonly signal: AbortSignal
}
export interface EnteredCredentials {
  /** Masked; null where there are none. Throws 404 for an unknown provider. */
  shown(workspaceId: string, provider: string): Promise<Credentials | null>
  /** Throws 400 where they are malformed, or the provider does not take them. Nothing is stored. A masked secret stands for the stored one. */
  tryOut(entering: Omit<Entering, 'accountId'>): Promise<void>
  /** Throws as `tryOut`, and 409 where there are some already. */
  create(entering: Entering): Promise<void>
  /** Throws as `tryOut`, and 404 where there are none. */
  change(entering: Entering): Promise<void>
  /** Throws 404 where there are none. */
  remove(workspaceId: string, provider: string): Promise<void>
}
type Taking = ModelProvider & Required<Pick<ModelProvider, 'credentials'>>

export const enteredCredentials = service('models.credentials', {
  uses: { db: database, vault, audit, providers, choices: workspaceChoices, log: logger, ModelCredential },
  create: ({ db, vault, audit, providers, choices, log, ModelCredential }): EnteredCredentials => {
    const taking = (name: string): { id: string; provider: Taking } => {
      const { id, provider } = providers.named(name)
      if (!provider.credentials) throw modelErrors.credentialsNotTaken()
      return { id, provider: provider as Taking }
    }
    const record = (workspaceId: string, what: string, id: string, { label }: ModelProvider): Promise<void> =>
      audit.record({ workspaceId, action: `model-credentials.${what}`, resource: { type: 'model-provider', id, name: label } })

    const checked = ({ credentials: schema }: Taking, entered: Credentials): Credentials => {
      const { error, ...result } = schema.validate(entered, { abortEarly: false, errors: { wrap: { label: '' } } })
      if (!error) return result.value as Credentials
      const secrets = new Set(secretFields(schema))
      // Joi repeats what it does not like.
      const words = error.details.slice(0, 5).map(({ message, path }) =>
        secrets.has(String(path[0])) && message.includes('with value') ? `${path.join('.')} is not of the right form` : message)
      throw errors.invalidParam(words.join('; '), { params: ['credentials', ...error.details[0]?.path ?? []].join('.') })
    }
    const tried = async (id: string, { validate }: Taking, credentials: Credentials, signal: AbortSignal): Promise<void> => {
      try {
        await validate?.(credentials, signal)
      } catch (error) {
        if (signal.aborted) throw error
        log.info({ err: error, provider: id }, 'credentials for a model provider were not taken')
        if (error instanceof HttpError && error.status >= 500) throw error
        throw modelErrors.credentialsRefused(`The credentials were not taken. ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    }
    /** The row, and what is in it; unopenable counts as empty, so that it can be replaced. */
    const stored = async (workspaceId: string, id: string) => {
      const row = await ModelCredential.findOne({ where: { workspace_id: workspaceId, provider: id } })
      if (!row) return undefined
      const opened = await vault.open(row.sealed, ownerOf(workspaceId, row.id)).catch((error: unknown) => {
        log.error({ err: error, provider: id, workspace: workspaceId }, 'what a workspace entered for a model provider cannot be opened')
        return '{}'
      })
      return { id: row.id, sealed: row.sealed, credentials: JSON.parse(opened) as Credentials }
    }
    return {
      shown: async (workspaceId, name) => {
        const { id, provider } = taking(name)
        const row = await stored(workspaceId, id)
        return row ? masked(provider.credentials, row.credentials) : null
      },
      tryOut: async ({ workspaceId, provider: name, entered, signal }) => {
        const { id, provider } = taking(name)
        const before = await stored(workspaceId, id)
        await tried(id, provider, unmasked(provider.credentials, checked(provider, entered), before?.credentials ?? {}), signal)
      },
      create: async ({ workspaceId, accountId, provider: name, entered, signal }) => {
        const { id: providerId, provider } = taking(name)
        const credentials = checked(provider, entered)
        if (await stored(workspaceId, providerId)) throw modelErrors.credentialsThere()
        await tried(providerId, provider, credentials, signal)
        const id = randomUUID()
        const sealed = await vault.seal(JSON.stringify(credentials), ownerOf(workspaceId, id))
        await db.transaction(async () => {
          const [made] = await db.query(
            `INSERT INTO model_credentials (id, workspace_id, provider, sealed, created_by, created_at, updated_by, updated_at)
             VALUES ($1, $2, $3, $4, $5, now(), $5, now()) ON CONFLICT (workspace_id, provider) DO NOTHING RETURNING id`, [id, workspaceId, providerId, sealed, accountId])
          if (!made) throw modelErrors.credentialsThere()
          await choices.changing(workspaceId)
          await record(workspaceId, 'created', providerId, provider)
        })
      },
      change: async ({ workspaceId, accountId, provider: name, entered, signal }) => {
        const { id: providerId, provider } = taking(name)
        const before = await stored(workspaceId, providerId)
        if (!before) throw modelErrors.credentialsMissing()
        const credentials = unmasked(provider.credentials, checked(provider, entered), before.credentials)
        await tried(providerId, provider, credentials, signal)
        const sealed = await vault.seal(JSON.stringify(credentials), ownerOf(workspaceId, before.id))
        await db.transaction(async () => {
          // The provider was asked in between: whoever was faster is not overwritten unseen.
          const [changed] = await db.query(
            `UPDATE model_credentials SET sealed = $4, updated_by = $5, updated_at = now() WHERE workspace_id = $1 AND id = $2 AND sealed = $3 RETURNING id`,
            [workspaceId, before.id, before.sealed, sealed, accountId])
          if (!changed) throw modelErrors.credentialsChanged()
          await choices.changing(workspaceId)
          await record(workspaceId, 'changed', providerId, provider)
        })
      },
      remove: (workspaceId, name) => db.transaction(async () => {
        const { id, provider } = taking(name)
        const [gone] = await db.query('DELETE FROM model_credentials WHERE workspace_id = $1 AND provider = $2 RETURNING id', [workspaceId, id])
        if (!gone) throw modelErrors.credentialsMissing()
        await choices.changing(workspaceId)
        await record(workspaceId, 'removed', id, provider)
      }),
    }
  },
})
