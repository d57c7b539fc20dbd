/** Apps written out as files. */
import { randomUUID } from 'node:crypto'
import { service, vault } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import { modelProvider } from '../../models/ports.ts'
import { appErrors } from '../errors.ts'
import { AppImport } from '../models/app-import.ts'
import type { AppRow } from '../models/app.ts'
import { isUuid } from '../schemas/common.ts'
import type { Dependency } from '../schemas/transfer.ts'
import { appRecords } from './app-records.ts'
import { leaked } from './dsl-dependencies.ts'
import { VERSION } from './dsl-document.ts'
import { dslFiles } from './dsl-files.ts'
import { joinSecrets, keepOfSettings, keepOfWorkflow, knowledgeOfSettings, knowledgeOfWorkflow, splitSecrets, withoutCredentials, withoutPlaces } from './dsl-parts.ts'

type Part = Record<string, unknown>
/** As `AppRow.definition` has it: the file without what the row says, and the secrets of its variables sealed. */
export interface Definition {
  readonly workflow: Part
  readonly dependencies: readonly Dependency[]
  /** Parts that are not known here. */
  readonly more: Part
  readonly secrets?: { readonly id: string; readonly sealed: string }
}
export interface Transfer {
  /** The text of the file. Throws 404, and 400 `app_unavailable` where the app has nothing to write out. */
  write(workspaceId: string, appId: string, includeSecrets: boolean): Promise<string>
  /** What an app's row is to keep of a file. */
  keep(workspaceId: string, file: Omit<Definition, 'secrets'>): Promise<Definition>
  /** Plugins that the app wants and for which nothing here answers. Throws 404. */
  missing(workspaceId: string, appId: string): Promise<Dependency[]>
}

const sealedFor = (workspaceId: string, id: string): string => `${workspaceId}/apps.definition/${id}`
/** A picture lies on one server alone. */
const lookOf = ({ icon, icon_type, icon_background }: AppRow) => icon_type === 'image'
  ? { icon: '🤖', icon_type: 'emoji', icon_background: '#FFEAD5' } : { icon: icon ?? '', icon_type: icon_type ?? (icon ? 'emoji' : ''), icon_background: icon_background ?? '' }

export const transfer = service('apps.transfer', {
  uses: { records: appRecords, datasets, providers: modelProvider, files: dslFiles, vault, AppImport },
  create: ({ records, datasets, providers, files, vault, AppImport }): Transfer => {
    const existing = async (workspaceId: string, ids: readonly unknown[]): Promise<ReadonlySet<string>> =>
      new Set(await datasets.existing(workspaceId, [...new Set(ids.filter(isUuid).map((id) => id.toLowerCase()))]))
    const definitionOf = (app: AppRow): Definition => {
      const { definition } = app
      if (!definition || typeof definition['workflow'] !== 'object') throw appErrors.appUnavailable('The app has nothing to write out yet. Give it settings, or import its file.')
      return definition as unknown as Definition
    }
    const open = async (workspaceId: string, { workflow, secrets }: Definition): Promise<Part> => secrets
      ? joinSecrets(workflow, JSON.parse(await vault.open(secrets.sealed, sealedFor(workspaceId, secrets.id))) as Part) : workflow
    const body = async (app: AppRow, includeSecrets: boolean): Promise<Part> => {
      const { workspace_id: workspaceId } = app
      const settings = await records.settings(app)
      if (settings) {
        const config = settings.config as unknown as Part
        const known = await existing(workspaceId, knowledgeOfSettings(config))
        return { dependencies: [], model_config: withoutCredentials(keepOfSettings(config, known).part) }
      }
      const definition = definitionOf(app)
      const workflow = includeSecrets ? await open(workspaceId, definition) : definition.workflow
      const known = await existing(workspaceId, knowledgeOfWorkflow(workflow))
      return { dependencies: definition.dependencies, workflow: withoutPlaces(keepOfWorkflow(workflow, known).part), ...definition.more }
    }
    return {
      write: async (workspaceId, appId, includeSecrets) => {
        const app = await records.find(workspaceId, appId)
        const { name, mode, description, use_icon_as_answer_icon } = app
        return files.write({ version: VERSION, kind: 'app', app: { name, mode, ...lookOf(app), description, use_icon_as_answer_icon }, ...await body(app, includeSecrets) })
      },
      keep: async (workspaceId, file) => {
        const { part, secrets } = splitSecrets(file.workflow)
        if (Object.keys(secrets).length === 0) return { ...file, workflow: part }
        const id = randomUUID()
        return { ...file, workflow: part, secrets: { id, sealed: await vault.seal(JSON.stringify(secrets), sealedFor(workspaceId, id)) } }
      },
      missing: async (workspaceId, appId) => {
        const app = await records.find(workspaceId, appId)
        const [settings, kept] = await Promise.all([records.settings(app), AppImport.findOne({ where: { workspace_id: workspaceId, id: appId } })])
        const said = kept && 'dependencies' in kept.request ? kept.request.dependencies : undefined
        const definition = app.definition as Definition | null
        return leaked(said ?? definition?.dependencies ?? [], { settings: settings?.config, workflow: definition?.workflow }, providers.keys())
      },
    }
  },
})
