/** Tags and datasets, each with all that is in it. */
import { optional, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import type { Imported } from '../../auth/ports.ts'
import { datasetImport } from '../../datasets/ports.ts'
import { DATASET, datasetOf, TAG, tagOf } from '../source/rows.ts'
import type { DatasetRow, PermissionRow, TaggingRow, TagRow } from '../source/rows.ts'
import { contents } from './contents.ts'
import { named, whoIn } from './run.ts'
import type { Run } from './run.ts'

export const knowledge = service('difyImport.knowledge', {
  uses: { datasetImport, contents, audit: optional(audit) },
  create: ({ datasetImport, contents, audit }) => {
    /** By their ids there, those here. */
    const bringTags = async (run: Run): Promise<ReadonlyMap<string, string>> => {
      const found = new Map<string, string>()
      for await (const page of run.source.pages<TagRow>({ table: 'tags', columns: TAG, where: `type = 'knowledge'` })) {
        const rows = page.filter((row) => run.places.has(row.tenant_id))
        const said = await datasetImport.tags(rows.map((row) => tagOf(row, whoIn(run))), run.apply)
        for (const [index, row] of rows.entries()) {
          const one = said[index] as Imported
          run.tally.add('tags', one, named(row))
          if (one.state !== 'skipped') found.set(row.id, one.id)
        }
      }
      return found
    }
    const sharedWith = async ({ source, absent }: Run, rows: readonly DatasetRow[]): Promise<ReadonlyMap<string, readonly string[]>> => {
      const found = new Map<string, string[]>()
      const reading = { table: 'dataset_permissions', columns: ['dataset_id', 'account_id', 'has_permission'], where: 'dataset_id = ANY($1)', values: [rows.map(({ id }) => id)] }
      for await (const page of source.pages<PermissionRow>(reading)) {
        for (const { dataset_id: id, account_id: account, has_permission: may } of page) if (may !== false && !absent.has(account)) found.set(id, [...found.get(id) ?? [], account])
      }
      return found
    }
    const bringDatasets = async (run: Run): Promise<ReadonlySet<string>> => {
      const brought = new Set<string>()
      for await (const page of run.source.pages<DatasetRow>({ table: 'datasets', columns: DATASET })) {
        const rows = page.filter((row) => run.places.has(row.tenant_id) && row.provider !== 'external')
        for (const row of page) {
          if (!rows.includes(row)) run.tally.skip('datasets', named(row), row.provider === 'external' ? 'their knowledge lies in another service: connect it here' : 'their workspace is')
        }
        const members = await sharedWith(run, rows)
        const said = await datasetImport.datasets(rows.map((row) => datasetOf(row, members.get(row.id) ?? [], whoIn(run))), run.apply)
        for (const [index, row] of rows.entries()) {
          const one = said[index] as Imported
          run.tally.add('datasets', one, named(row))
          if (one.state === 'skipped') continue
          if (one.state === 'new' && run.apply) await audit?.record({ workspaceId: row.tenant_id, action: 'dataset.imported', resource: { type: 'dataset', id: row.id, name: row.name } })
          brought.add(row.id)
          await contents(run, row)
        }
      }
      return brought
    }
    return async (run: Run): Promise<void> => {
      const tags = await bringTags(run)
      const datasets = await bringDatasets(run)
      for await (const page of run.source.pages<TaggingRow>({ table: 'tag_bindings', columns: ['tenant_id', 'tag_id', 'target_id'] })) {
        const rows = page.flatMap(({ tenant_id: workspaceId, tag_id: tag, target_id: datasetId }) => {
          const tagId = tags.get(tag)
          return tagId !== undefined && datasets.has(datasetId) ? [{ workspaceId, tagId, datasetId }] : []
        })
        const said = await datasetImport.taggings(rows, run.apply)
        for (const [index, row] of rows.entries()) run.tally.add('tag bindings', said[index] as Imported, `${row.tagId} of ${row.datasetId}`)
      }
    }
  },
})
