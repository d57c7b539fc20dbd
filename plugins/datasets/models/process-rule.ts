import { DataTypes } from 'sequelize'
import { model } from '../../../core/index.ts'
import type { RuleMode, Rules } from '../schemas/process-rule.ts'

export interface ProcessRuleRow {
  id: string
  workspace_id: string
  dataset_id: string
  mode: RuleMode
  rules: Rules
  created_by: string
  created_at: Date
}
export const ProcessRule = model<ProcessRuleRow>('dataset_process_rules', {
  id: { type: DataTypes.UUID, primaryKey: true },
  workspace_id: DataTypes.UUID,
  dataset_id: DataTypes.UUID,
  mode: DataTypes.TEXT,
  rules: DataTypes.JSONB,
  created_by: DataTypes.UUID,
  created_at: DataTypes.DATE,
})
