/** Apps as the console shows them: with who made them, what may be done to them, and their page. */
import { baseUrl, serverConfig, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import type { AppRow } from '../models/app.ts'
import { permissions } from '../permissions.ts'
import { appParameter } from '../ports.ts'
import { presentApp, presentDetail } from '../presenters/app.ts'
import type { AppDetail, AppItem } from '../schemas/app.ts'
import { appRecords } from './app-records.ts'
import type { ListedApp } from './app-records.ts'
import { sites } from './sites.ts'

export interface AppItems {
  present(actor: Actor, rows: readonly ListedApp[]): Promise<AppItem[]>
  presentOne(actor: Actor, row: AppRow): Promise<AppDetail>
  /** What other plugins say of an app beside its own settings, by the name under which it is told. */
  parameters(app: { readonly workspaceId: string; readonly id: string }): Promise<Record<string, unknown>>
}

export const appItems = service('apps.items', {
  uses: { server: serverConfig, accounts, parameters: appParameter, records: appRecords, sites },
  create: ({ server, accounts, parameters, records, sites }): AppItems => {
    const held = (actor: Actor, { id }: AppRow): string[] => Object.keys(permissions).filter((name) => actor.can(name, { type: 'app', id }))
    const told: AppItems['parameters'] = async (app) =>
      Object.fromEntries(await Promise.all([...parameters].map(async ([name, one]) => [name.replaceAll('-', '_'), await one.of(app)] as const)))
    return {
      parameters: told,
      present: async (actor, rows) => {
        const known = await accounts.names(actor.workspaceId, rows.map((row) => row.created_by))
        return rows.map((row) => presentApp(row, known.get(row.created_by) ?? null, held(actor, row)))
      },
      presentOne: async (actor, row) => {
        const { workspace_id: workspaceId, id } = row
        const [known, site, settings, more] = await Promise.all([accounts.names(workspaceId, [row.created_by]), sites.seek(row), records.settings(row), told({ workspaceId, id })])
        return presentDetail({ row, site, settings: settings && { ...settings.config, ...more }, maker: known.get(row.created_by) ?? null, held: held(actor, row), base: baseUrl(server) })
      },
    }
  },
})
