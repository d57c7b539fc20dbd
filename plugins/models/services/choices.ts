/** What a workspace has entered and chosen, asked with every embedding: by the cache, else by the database. Secrets stay sealed in both. */
import { cache, database, service } from '../../../core/index.ts'
import type { Json } from '../../../core/index.ts'
import type { ModelRef, ModelType } from '../ports.ts'

export interface Choices {
  readonly credentials: readonly { readonly id: string; readonly provider: string; readonly sealed: string }[]
  readonly defaults: Readonly<Partial<Record<ModelType, ModelRef>>>
}
export interface WorkspaceChoices {
  of(workspaceId: string): Promise<Choices>
  /**
   * Makes every process ask the database for a while. Call it inside the transaction that changes them: it throws where the cache cannot
   * be told, and then nothing changes; and once the transaction has committed, nobody believes what was before.
   */
  changing(workspaceId: string): Promise<void>
}

/** Milliseconds. A change must be committed while its seal stands. */
const KNOWN = 60_000
const CHANGING = 120_000
/** No record, so it reads as a miss. */
const ASK = { ask: 'the database' }
/** With the form of the record, so that another release does not misread it. */
const place = (workspaceId: string): string => `model-choices:1:${workspaceId}`

export const workspaceChoices = service('models.choices', {
  uses: { cache, db: database },
  create: ({ cache, db }): WorkspaceChoices => ({
    of: async (workspaceId) => {
      const known = await cache.get(place(workspaceId)) as unknown as Choices | typeof ASK | undefined
      if (known && 'credentials' in known) return known
      // Read before the rows are: a fill that began before a change does not outlast it.
      const generation = await cache.generation(place(workspaceId))
      const [row] = await db.query<{ credentials: Choices['credentials']; defaults: Choices['defaults'] }>(
        `SELECT
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'provider', provider, 'sealed', sealed)), '[]') FROM model_credentials WHERE workspace_id = $1) AS credentials,
           (SELECT coalesce(jsonb_object_agg(model_type, jsonb_build_object('provider', provider, 'model', model)), '{}') FROM model_defaults WHERE workspace_id = $1) AS defaults`,
        [workspaceId])
      const choices = { credentials: row?.credentials ?? [], defaults: row?.defaults ?? {} }
      await cache.set(place(workspaceId), choices as unknown as Json, { ttl: KNOWN, generation })
      return choices
    },
    changing: (workspaceId) => cache.seal(place(workspaceId), ASK, CHANGING),
  }),
})
