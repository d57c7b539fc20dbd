/** The services elsewhere that a workspace has entered: their addresses checked, their keys sealed and shown to nobody. */
import { randomUUID } from 'node:crypto'
import { database, httpClient, OutboundRefused, service, vault } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { ExternalApi, keyOwner } from '../models/external.ts'
import type { ExternalApiRow } from '../models/external.ts'
import { visibleTo } from '../queries/visible.ts'
import { pageOf } from '../schemas/common.ts'
import type { Found } from '../schemas/common.ts'
import { HIDDEN } from '../schemas/external.ts'
import type { ExternalApiChange, ExternalApiFilter, NewExternalApi } from '../schemas/external.ts'

export interface ShownApi extends ExternalApiRow {
  /** The datasets that ask it, as far as whoever looks may see them. */
  readonly datasets: readonly { readonly id: string; readonly name: string }[]
}
export interface ExternalApis {
  list(actor: Actor, filter: ExternalApiFilter): Promise<Found<ShownApi>>
  /** Throws 404. */
  find(actor: Actor, id: string): Promise<ShownApi>
  /** Throws 400 where the address may not be asked. Nobody is asked yet. */
  create(actor: Actor, input: NewExternalApi): Promise<ShownApi>
  /** Only what is given changes. Throws 400 as `create`, or where the address changes without the key, and 404. */
  change(actor: Actor, id: string, change: ExternalApiChange): Promise<ShownApi>
  /** Throws 404, and 409 while datasets ask it. */
  remove(actor: Actor, id: string): Promise<void>
  /** How many datasets ask it. Throws 404. */
  uses(workspaceId: string, id: string): Promise<number>
}
interface Use { external_knowledge_api_id: string; id: string; name: string; visible: boolean }

export const externalApis = service('datasets.external-apis', {
  uses: { db: database, vault, http: httpClient, audit, ExternalApi },
  create: ({ db, vault, http, audit, ExternalApi }): ExternalApis => {
    const checkAddress = async (endpoint: string): Promise<void> => {
      // A name that cannot be resolved at the moment may be so later; it is looked at again whenever it is asked.
      await http.check(endpoint).catch((error: unknown) => { if (error instanceof OutboundRefused) throw invalid('settings.endpoint', error.message) })
    }
    const record = ({ workspaceId }: Actor, what: string, { id, name }: Pick<ExternalApiRow, 'id' | 'name'>): Promise<void> =>
      audit.record({ workspaceId, action: `external-knowledge-api.${what}`, resource: { type: 'external-knowledge-api', id, name } })
    const usesOf = (actor: Actor, ids: readonly string[]): Promise<Use[]> => db.query<Use>(
      `SELECT b.external_knowledge_api_id, datasets.id, datasets.name, ($4 OR ${visibleTo('$3')}) AS visible
       FROM external_knowledge_bindings b JOIN datasets ON datasets.workspace_id = b.workspace_id AND datasets.id = b.dataset_id
       WHERE b.workspace_id = $1 AND b.external_knowledge_api_id = ANY ($2::uuid[]) ORDER BY datasets.name`,
      [actor.workspaceId, ids, actor.id, actor.can('any-dataset:reach')])
    const shown = async (actor: Actor, rows: readonly ExternalApiRow[]): Promise<ShownApi[]> => {
      const uses = rows.length === 0 ? [] : await usesOf(actor, rows.map(({ id }) => id))
      return rows.map((row) => ({ ...row, datasets: uses.filter((use) => use.visible && use.external_knowledge_api_id === row.id).map(({ id, name }) => ({ id, name })) }))
    }
    const showOne = async (actor: Actor, row: ExternalApiRow): Promise<ShownApi> => (await shown(actor, [row]))[0] as ShownApi
    const find = async (workspaceId: string, id: string): Promise<ExternalApiRow> => {
      const [row] = await db.query<ExternalApiRow>('SELECT * FROM external_knowledge_apis WHERE workspace_id = $1 AND id = $2', [workspaceId, id])
      if (!row) throw datasetErrors.externalApiNotFound()
      return row
    }
    const lock = async (workspaceId: string, id: string): Promise<ExternalApiRow> => {
      const [row] = await db.query<ExternalApiRow>('SELECT * FROM external_knowledge_apis WHERE workspace_id = $1 AND id = $2 FOR UPDATE', [workspaceId, id])
      if (!row) throw datasetErrors.externalApiNotFound()
      return row
    }
    return {
      list: async (actor, { keyword = '', ...window }) => {
        const { offset, ...page } = pageOf(window)
        const where = 'workspace_id = $1 AND strpos(lower(name), lower($2)) > 0'
        const [counted] = await db.query<{ total: number }>(`SELECT count(*)::int AS total FROM external_knowledge_apis WHERE ${where}`, [actor.workspaceId, keyword])
        const rows = await db.query<ExternalApiRow>(
          `SELECT * FROM external_knowledge_apis WHERE ${where} ORDER BY created_at DESC, id LIMIT $3 OFFSET $4`, [actor.workspaceId, keyword, page.limit, offset])
        return { ...page, rows: await shown(actor, rows), total: counted?.total ?? 0 }
      },
      find: async (actor, id) => showOne(actor, await find(actor.workspaceId, id)),
      create: async (actor, { name, description, settings: { endpoint, api_key } }) => {
        if (api_key === HIDDEN) throw datasetErrors.externalKeyNeeded()
        await checkAddress(endpoint)
        const [id, workspace_id, now] = [randomUUID(), actor.workspaceId, new Date()]
        const sealed = await vault.seal(api_key, keyOwner(workspace_id, id))
        return db.transaction(async () => {
          const row: ExternalApiRow = {
            id, workspace_id, name, description: description ?? '', endpoint, sealed, created_by: actor.id, created_at: now, updated_by: actor.id, updated_at: now,
          }
          await ExternalApi.create(row)
          await record(actor, 'created', row)
          return { ...row, datasets: [] }
        })
      },
      change: async (actor, id, { name, description, settings }) => {
        const { workspaceId } = actor
        await find(workspaceId, id)
        const key = settings?.api_key === HIDDEN ? undefined : settings?.api_key
        if (settings?.endpoint !== undefined) await checkAddress(settings.endpoint)
        const sealed = key === undefined ? undefined : await vault.seal(key, keyOwner(workspaceId, id))
        const after = await db.transaction(async () => {
          const before = await lock(workspaceId, id)
          // Whoever changes where a key is sent must know it.
          if (settings?.endpoint !== undefined && settings.endpoint !== before.endpoint && sealed === undefined) throw datasetErrors.externalKeyNeeded()
          const values: Partial<ExternalApiRow> = {
            ...name ? { name } : {}, ...description == null ? {} : { description },
            ...settings?.endpoint === undefined ? {} : { endpoint: settings.endpoint }, ...sealed === undefined ? {} : { sealed },
            updated_by: actor.id, updated_at: new Date(),
          }
          await ExternalApi.update(values, { where: { workspace_id: workspaceId, id } })
          await record(actor, 'changed', { ...before, ...values })
          return { ...before, ...values }
        })
        return showOne(actor, after)
      },
      remove: (actor, id) => db.transaction(async () => {
        const row = await lock(actor.workspaceId, id)
        const uses = await usesOf(actor, [id])
        if (uses.length > 0) throw datasetErrors.externalApiInUse(`"${row.name}" is asked by ${nameUses(uses)}. Delete them, or bind them to another external knowledge API, first.`)
        await ExternalApi.destroy({ where: { workspace_id: actor.workspaceId, id } })
        await record(actor, 'deleted', row)
      }),
      uses: async (workspaceId, id) => {
        const [counted] = await db.query<{ count: number }>(
          `SELECT (SELECT count(*)::int FROM external_knowledge_bindings b WHERE b.workspace_id = a.workspace_id AND b.external_knowledge_api_id = a.id) AS count
           FROM external_knowledge_apis a WHERE a.workspace_id = $1 AND a.id = $2`, [workspaceId, id])
        if (!counted) throw datasetErrors.externalApiNotFound()
        return counted.count
      },
    }
  },
})

/** Some of them by name; those that others keep to themselves are counted. */
const nameUses = (uses: readonly Use[]): string => {
  const named = uses.filter(({ visible }) => visible).slice(0, 5).map(({ name }) => `"${name}"`)
  const rest = uses.length - named.length
  const others = rest === 0 ? [] : [`${rest} ${named.length > 0 ? 'other ' : ''}knowledge base${rest === 1 ? '' : 's'}`]
  return [...named, ...others].join(', ')
}
