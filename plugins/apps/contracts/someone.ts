/** An app of a workspace of its own, for laws. */
import { randomUUID } from 'node:crypto'
import type { Deps } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { App } from '../models/app.ts'

export const forApps = { accounts, App }
export interface SomeApp { readonly id: string; readonly workspaceId: string; readonly accountId: string }
export const newApp = async ({ accounts, App }: Deps<typeof forApps>, beside?: SomeApp): Promise<SomeApp> => {
  const { accountId } = beside ?? await accounts.createAccount({ email: `${randomUUID()}@example.org`, name: 'Somebody', password: 'correct horse 42' })
  const { workspaceId } = beside ?? await accounts.createWorkspace('Somewhere', accountId)
  const id = randomUUID()
  const now = new Date()
  await App.create({
    id, workspace_id: workspaceId, name: 'An app', description: '', mode: 'chat', enable_site: true, enable_api: true, use_icon_as_answer_icon: false,
    created_by: accountId, created_at: now, updated_by: accountId, updated_at: now,
  })
  return { id, workspaceId, accountId }
}
