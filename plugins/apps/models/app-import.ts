import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { Dependency } from '../schemas/transfer.ts'

/** A file that waits for a yes, sealed; or, under the id of an app, the plugins that the file named from which it was made. */
export type KeptImport = { readonly sealed: string } | { readonly dependencies: readonly Dependency[] }
export interface AppImportRow {
  id: string
  workspace_id: string
  account_id: string
  request: KeptImport
  created_at: Date
}
export const AppImport = model<AppImportRow>('app_imports', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  account_id: DataTypes.UUID,
  request: DataTypes.JSONB,
  created_at: DataTypes.DATE,
})
