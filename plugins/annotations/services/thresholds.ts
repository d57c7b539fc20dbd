/** How near a question must be to be given a written answer. */
import { database, service } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { annotationErrors } from '../errors.ts'
import type { SettingRow } from '../models/reply.ts'
import type { Writer } from './records.ts'
import { settings } from './settings.ts'
import type { OfApp } from './settings.ts'

export interface Thresholds {
  find(app: OfApp): Promise<SettingRow | undefined>
  /** Throws 404. */
  change(app: OfApp, writer: Writer, settingId: string, threshold: number): Promise<SettingRow>
}

export const thresholds = service('annotations.thresholds', {
  uses: { db: database, audit, settings },
  create: ({ db, audit, settings }): Thresholds => ({
    find: settings.find,
    change: (app, { accountId, isPerson }, settingId, threshold) => db.transaction(async () => {
      const changed = await settings.setThreshold(app, accountId, settingId, threshold)
      if (!changed) throw annotationErrors.settingNotFound()
      if (isPerson) await audit.record({ workspaceId: app.workspaceId, action: 'annotation-reply.changed', resource: { type: 'app', id: app.id }, details: { score_threshold: threshold } })
      return changed
    }),
  }),
})
