import type { DatasetQueryRow } from '../models/dataset.ts'
import type { QuestionItem } from '../schemas/console-dataset.ts'
import { seconds } from './time.ts'

export const presentQuestion = ({ id, content, source, source_app_id, created_by, created_at }: DatasetQueryRow): QuestionItem =>
  ({ id, content, source, source_app_id, created_by_role: 'account', created_by, created_at: seconds(created_at) })
