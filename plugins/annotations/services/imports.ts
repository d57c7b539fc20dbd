/** Files whose rows become written answers: all of them at once, or none. */
import { randomUUID } from 'node:crypto'
import { database, errors, queue, service } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { importAnnotations } from '../jobs/import-annotations.ts'
import { AnnotationJob } from '../models/reply.ts'
import type { Writer } from './records.ts'
import type { OfApp } from './settings.ts'
import { table } from './table.ts'

export interface Imports {
  /** Throws 400 that says what is wrong with the file. */
  begin(app: OfApp, writer: Writer, file: UploadedFile | undefined): Promise<{ readonly id: string; readonly count: number }>
}

export const imports = service('annotations.imports', {
  uses: { db: database, queue, audit, table, AnnotationJob },
  create: ({ db, queue, audit, table }): Imports => ({
    begin: async ({ workspaceId, id: appId }, { accountId, isPerson }, file) => {
      if (!file) throw errors.noFileUploaded()
      const texts = await table.read(file)
      const id = randomUUID()
      await db.transaction(async () => {
        await db.query(
          `INSERT INTO annotation_jobs (id, workspace_id, app_id, action, status, payload, created_by, created_at) VALUES ($1, $2, $3, 'import', 'waiting', $4, $5, clock_timestamp())`,
          [id, workspaceId, appId, JSON.stringify(texts), accountId])
        await queue.enqueue(importAnnotations, { workspace_id: workspaceId, app_id: appId, job_id: id }, { group: workspaceId })
        if (isPerson) await audit.record({ workspaceId, action: 'annotation.imported', resource: { type: 'app', id: appId }, details: { count: texts.length } })
      })
      return { id, count: texts.length }
    },
  }),
})
