import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'

export type AccountStatus = 'pending' | 'uninitialized' | 'active' | 'banned' | 'closed'
export interface AccountRow {
  id: string
  /** As it was given; unique whatever its case. */
  email: string
  /** argon2id in PHC form; null: this account cannot sign in by password. */
  password_hash: string | null
  name: string
  avatar: string | null
  interface_language: string
  interface_theme: 'light' | 'dark'
  timezone: string
  status: AccountStatus
  last_login_at: Date | null
  last_login_ip: string | null
  last_active_at: Date | null
  created_at: Date
  updated_at: Date
}

export const Account = model<AccountRow>('accounts', {
  id: { type: DataTypes.UUID, primaryKey: true },
  email: DataTypes.TEXT,
  password_hash: DataTypes.TEXT,
  name: DataTypes.TEXT,
  avatar: DataTypes.TEXT,
  interface_language: DataTypes.TEXT,
  interface_theme: DataTypes.TEXT,
  timezone: DataTypes.TEXT,
  status: DataTypes.TEXT,
  last_login_at: DataTypes.DATE,
  last_login_ip: DataTypes.TEXT,
  last_active_at: DataTypes.DATE,
  created_at: DataTypes.DATE,
  updated_at: DataTypes.DATE,
})
