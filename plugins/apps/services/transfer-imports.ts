/** Apps made from files. A file is only ever read: nothing in it is run, and what it names is looked up in the reach of whoever sends it. */
import { randomUUID } from 'node:crypto'
import { database, HttpError, httpClient, OutboundRefused, service, vault } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { audit } from '../../audit/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import { appsConfig } from '../config.ts'
import { App } from '../models/app.ts'
import type { AppRow } from '../models/app.ts'
import { AppImport } from '../models/app-import.ts'
import type { AppImportRow } from '../models/app-import.ts'
import { permissions } from '../permissions.ts'
import type { ModelConfig } from '../ports.ts'
import { isUuid } from '../schemas/common.ts'
import type { ImportReply, ImportRequest, ImportWarning } from '../schemas/transfer.ts'
import { appChanges } from './app-changes.ts'
import type { AppDraft } from './app-changes.ts'
import { appRecords } from './app-records.ts'
import type { Owner } from './app-records.ts'
import { readDocument, verdictOn, VERSION } from './dsl-document.ts'
import type { DslDocument } from './dsl-document.ts'
import { dslFiles } from './dsl-files.ts'
import { keepOfSettings, keepOfWorkflow, knowledgeOfSettings, knowledgeOfWorkflow, without } from './dsl-parts.ts'
import type { DroppedKnowledge } from './dsl-parts.ts'
import { hasModelConfig } from './model-configs.ts'
import { modeWith, readModelConfig, requireSound } from './model-normalising.ts'
import { draftOf, warnings } from './transfer-drafts.ts'
import { placeOfFile } from './transfer-places.ts'
import { transfer } from './transfer.ts'
import { Unreadable } from './unreadable.ts'

export interface Imports {
  /** What came of it; a file that cannot be taken is `failed`, with words about it. Throws 503 where nothing is there to read it. */
  take(actor: Actor, owner: Owner, request: ImportRequest): Promise<ImportReply>
  /** Takes a file that waits; once. */
  confirm(actor: Actor, owner: Owner, importId: string): Promise<ImportReply>
  /** Drops what nobody confirmed in time, and says how much. */
  forget(): Promise<number>
}
/** What is known of the import so far. */
interface Progress { readonly id: string; version: string }
type Overrides = Omit<ImportRequest, 'mode' | 'yaml_content' | 'yaml_url'>
interface Waiting { readonly text: string; readonly overrides: Overrides }

const FETCH_MS = 10_000
/** Files of one person that wait to be confirmed; of more, the oldest go. */
const MOST_WAITING = 20
const waitingFor = ({ workspaceId }: Owner, id: string): string => `${workspaceId}/app_imports/${id}`

export const imports = service('apps.imports', {
  uses: { db: database, client: httpClient, vault, audit, datasets, changes: appChanges, records: appRecords, files: dslFiles, transfer, App, AppImport, config: appsConfig },
  create: ({ db, client, vault, audit, datasets, changes, records, files, transfer, App, AppImport, config }): Imports => {
    const textOf = async ({ mode, yaml_content: content, yaml_url: url }: ImportRequest): Promise<string> => {
      const text = mode === 'yaml-content' ? content : url && await fetched(url)
      if (!text) throw new Unreadable(mode === 'yaml-content' ? 'yaml_content is empty. Send the text of the file in it.' : url ? 'There is nothing at yaml_url.' : 'yaml_url is empty. Send the address of the file in it.')
      if (Buffer.byteLength(text) > config.importBytes) throw tooLarge()
      return text.replace(/^\uFEFF/, '')
    }
    const tooLarge = (): Unreadable => new Unreadable(`The file has more than ${config.importBytes} bytes. Send a smaller one.`)
    const fetched = async (url: string): Promise<string> => {
      try {
        const answer = await client.send({ url: placeOfFile(url), timeout: FETCH_MS, maxBytes: config.importBytes, signal: AbortSignal.timeout(2 * FETCH_MS) })
        if (answer.status !== 200) {
          answer.body.on('error', () => undefined).destroy()
          throw new Unreadable(`yaml_url answers ${answer.status} in place of a file. Look whether the address is right, and open to everybody.`)
        }
        if (Number(answer.headers['content-length']) > config.importBytes) {
          answer.body.on('error', () => undefined).destroy()
          throw tooLarge()
        }
        return await answer.text()
      } catch (error) {
        if (error instanceof Unreadable) throw error
        throw new Unreadable(error instanceof OutboundRefused ? `yaml_url is refused. ${error.message}` : `yaml_url cannot be fetched: ${(error as Error).message}`, { cause: error })
      }
    }
    /** Of these ids, the knowledge bases that the actor may read. */
    const reached = async (actor: Actor, ids: readonly unknown[]): Promise<ReadonlySet<string>> => {
      const known = new Set<string>()
      for (const id of await datasets.existing(actor.workspaceId, [...new Set(ids.filter(isUuid).map((one) => one.toLowerCase()))])) {
        if (!actor.can('dataset:read', { type: 'dataset', id })) continue
        const isOpen = await datasets.reach(actor, id).then(() => true, (error: unknown) => { if (error instanceof HttpError && error.status < 500) return false; throw error })
        if (isOpen) known.add(id)
      }
      return known
    }
    const settingsOf = async (actor: Actor, document: DslDocument): Promise<{ config: ModelConfig; dropped: readonly DroppedKnowledge[] }> => {
      const given = document.model_config ?? {}
      const { part, dropped } = keepOfSettings(given, await reached(actor, knowledgeOfSettings(given)))
      const config = readModelConfig(part)
      requireSound(config, modeWith(document.app.mode, config))
      return { config, dropped }
    }
    /** The app that the file is to replace. */
    const replaced = async (actor: Actor, id: string, document: DslDocument): Promise<void> => {
      if (!actor.can('app:update', { type: 'app', id })) throw new Unreadable('You may not change the app that app_id names. Leave app_id out to make a new app.')
      const app = await records.find(actor.workspaceId, id)
      if (app.mode !== 'workflow' && app.mode !== 'advanced-chat') throw new Unreadable('app_id names an app without a workflow, and only those can be replaced by a file. Leave app_id out to make a new app.')
      if (app.mode !== document.app.mode) throw new Unreadable(`app_id names an app of the mode ${app.mode}, and the file is one of the mode ${document.app.mode}. Leave app_id out to make a new app.`)
    }
    const make = async (actor: Actor, owner: Owner, document: DslDocument, { app_id: appId, ...overrides }: Overrides): Promise<{ app: AppRow; warnings: ImportWarning[] }> => {
      if (appId !== undefined) await replaced(actor, appId, document)
      const look = draftOf(document, overrides)
      // Whoever confirmed the file knows.
      const told = [...verdictOn(document.version) === 'warn' ? [warnings.older(document.version)] : [], ...look.warnings]
      const { workspaceId, accountId } = owner
      if (hasModelConfig(document.app.mode)) {
        const { config, dropped } = await settingsOf(actor, document)
        const app = await finished(owner, document, () => changes.create(owner, { ...look.draft, config }))
        return { app, warnings: [...told, ...dropped.map(warnings.dropped)] }
      }
      const { workflow = {}, dependencies } = document
      const more = without(document, 'app', 'version', 'model_config', 'workflow', 'dependencies')
      const { part, dropped } = keepOfWorkflow(workflow, await reached(actor, knowledgeOfWorkflow(workflow)))
      const definition = { ...await transfer.keep(workspaceId, { workflow: part, dependencies, more }) }
      const draft: AppDraft = { ...look.draft, definition }
      const app = await finished(owner, document, async () => {
        if (appId === undefined) return changes.create(owner, draft)
        const { id, name } = await records.lock(workspaceId, appId)
        await App.update({ ...without({ ...draft }, 'mode'), updated_by: accountId, updated_at: new Date() }, { where: { workspace_id: workspaceId, id } })
        await audit.record({ workspaceId, action: 'app.replaced', resource: { type: 'app', id, name }, details: { version: document.version } })
        return records.find(workspaceId, id)
      })
      return { app, warnings: [...told, ...dropped.map(warnings.dropped)] }
    }
    const finished = (owner: Owner, { dependencies }: DslDocument, work: () => Promise<AppRow>): Promise<AppRow> => db.transaction(async () => {
      const app = await work()
      await AppImport.destroy({ where: { workspace_id: owner.workspaceId, id: app.id } })
      await AppImport.create({ id: app.id, workspace_id: owner.workspaceId, account_id: owner.accountId, request: { dependencies }, created_at: new Date() })
      return app
    })
    const said = ({ id, version }: Progress, reply: Partial<ImportReply> & Pick<ImportReply, 'status'>): ImportReply => ({
      id, app_id: null, app_mode: null, permission_keys: [], current_dsl_version: VERSION, imported_dsl_version: version, error: '', warnings: [], ...reply,
    })
    /** What is wrong with a file is told as what became of it. */
    const telling = async (progress: Progress, work: () => Promise<ImportReply>): Promise<ImportReply> => {
      try { return await work() } catch (error) {
        if (!(error instanceof Unreadable) && !(error instanceof HttpError && error.status >= 400 && error.status < 500)) throw error
        return said(progress, { status: 'failed', error: error.message })
      }
    }
    const completed = async (progress: Progress, actor: Actor, owner: Owner, document: DslDocument, overrides: Overrides): Promise<ImportReply> => {
      const { app, warnings } = await make(actor, owner, document, overrides)
      return said(progress, { status: warnings.length > 0 ? 'completed-with-warnings' : 'completed', app_id: app.id, app_mode: app.mode, warnings, permission_keys: Object.keys(permissions).filter((name) => actor.can(name, { type: 'app', id: app.id })) })
    }
    return {
      take: (actor, owner, request) => {
        const progress: Progress = { id: randomUUID(), version: '' }
        return telling(progress, async () => {
          const overrides: Overrides = without({ ...request }, 'mode', 'yaml_content', 'yaml_url')
          const text = await textOf(request)
          const document = readDocument(await files.read(text))
          progress.version = document.version
          if (verdictOn(document.version) !== 'ask') return completed(progress, actor, owner, document, overrides)
          const sealed = await vault.seal(JSON.stringify({ text, overrides } satisfies Waiting), waitingFor(owner, progress.id))
          await AppImport.create({ id: progress.id, workspace_id: owner.workspaceId, account_id: owner.accountId, request: { sealed }, created_at: new Date() })
          await db.query(
            `DELETE FROM app_imports WHERE id IN (SELECT id FROM app_imports WHERE workspace_id = $1 AND account_id = $2 AND request->>'sealed' IS NOT NULL
               ORDER BY created_at DESC, id OFFSET ${MOST_WAITING})`, [owner.workspaceId, owner.accountId])
          return said(progress, { status: 'pending' })
        })
      },
      confirm: (actor, owner, importId) => {
        const progress: Progress = { id: importId, version: '' }
        return telling(progress, async () => {
          const [row] = await db.query<AppImportRow>(
            `SELECT * FROM app_imports WHERE workspace_id = $1 AND account_id = $2 AND id = $3 AND request->>'sealed' IS NOT NULL AND created_at > now() - $4 * interval '1 minute'`,
            [owner.workspaceId, owner.accountId, importId, config.importMinutes])
          if (!row || !('sealed' in row.request)) throw gone()
          const { text, overrides } = JSON.parse(await vault.open(row.request.sealed, waitingFor(owner, importId))) as Waiting
          const document = readDocument(await files.read(text))
          progress.version = document.version
          return db.transaction(async () => {
            const taken = await db.query('DELETE FROM app_imports WHERE workspace_id = $1 AND id = $2 RETURNING id', [owner.workspaceId, importId])
            if (taken.length === 0) throw gone()
            return completed(progress, actor, owner, document, overrides)
          })
        })
      },
      forget: async () => (await db.query(`DELETE FROM app_imports WHERE created_at < now() - $1 * interval '1 minute' RETURNING id`, [config.importMinutes])).length,
    }
  },
})
const gone = (): Unreadable => new Unreadable('There is no such import that waits: it was confirmed already, or waited too long. Import the file again.')
