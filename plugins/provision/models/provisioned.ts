import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export interface ProvisionedRow {
  kind: 'account' | 'workspace' | 'member' | 'dataset' | 'tag' | 'key'
  workspace_id: string | null
  /** As the configuration has it; of accounts and members, the e-mail address in lower case; of a tag, with the id of its dataset, which is `id` too. */
  name: string
  id: string
  /** Of a key: an HMAC of the declared secret that it was given last; null where none was declared. */
  secret_mark: string | null
  made_at: Date
}
/** What was made from the configuration. */
export const Provisioned = model<ProvisionedRow>('provisioned', {
  kind: { type: DataTypes.TEXT, primaryKey: true },
  workspace_id: DataTypes.UUID,
  name: { type: DataTypes.TEXT, primaryKey: true },
  id: DataTypes.UUID,
  secret_mark: DataTypes.TEXT,
  made_at: DataTypes.DATE,
})
