import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { AppRow } from './app.ts'

/** How the page of an app looks, beside its title. */
export interface SiteSettings {
  icon_type: AppRow['icon_type']
  icon: string | null
  icon_background: string | null
  description: string | null
  default_language: string
  chat_color_theme: string | null
  chat_color_theme_inverted: boolean
  customize_domain: string | null
  copyright: string | null
  privacy_policy: string | null
  input_placeholder: string | null
  custom_disclaimer: string
  customize_token_strategy: 'must' | 'allow' | 'not_allow'
  prompt_public: boolean
  show_workflow_steps: boolean
  use_icon_as_answer_icon: boolean
}
export interface SiteRow {
  workspace_id: string
  app_id: string
  /** In the address of the page. */
  code: string
  title: string
  settings: SiteSettings
  updated_at: Date
}
export const AppSite = model<SiteRow>('app_sites', {
  workspace_id: { type: DataTypes.UUID, primaryKey: true },
  app_id: { type: DataTypes.UUID, primaryKey: true },
  code: DataTypes.TEXT,
  title: DataTypes.TEXT,
  settings: DataTypes.JSONB,
  updated_at: DataTypes.DATE,
})
