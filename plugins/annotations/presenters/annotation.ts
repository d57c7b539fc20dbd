import type { AnnotationHitRow, AnnotationRow } from '../models/annotation.ts'
import type { JobRow, SettingRow } from '../models/reply.ts'
import type { AnnotationItem, HitItem } from '../schemas/annotation.ts'
import type { JobState, ShownReply } from '../schemas/reply.ts'

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)

export const presentAnnotation = ({ id, question, answer, hit_count, created_at }: AnnotationRow): AnnotationItem =>
  ({ id, question, answer, hit_count, created_at: seconds(created_at) })
export const presentHit = ({ id, source, score, question, created_at, matched_question: match, answer: response }: AnnotationHitRow): HitItem =>
  ({ id, source, score, question, created_at: seconds(created_at), match, response })
export const presentReply = (setting: SettingRow | undefined): ShownReply => setting
  ? {
      id: setting.id, enabled: true, score_threshold: setting.score_threshold,
      embedding_model: { embedding_provider_name: setting.embedding_provider, embedding_model_name: setting.embedding_model },
    }
  : { enabled: false }
export const presentJob = ({ id, status, error }: JobRow): JobState => ({ job_id: id, job_status: status, error_msg: status === 'error' ? error ?? '' : '' })
