/** How a document is cleaned and cut, as clients say it and as it is stored. */
import Joi from 'joi'
import { invalid } from '../errors.ts'
import { text } from './common.ts'

export interface Segmentation { separator: string; max_tokens: number; chunk_overlap: number }
export interface Rules {
  pre_processing_rules: { id: string; enabled: boolean }[]
  segmentation: Segmentation
  parent_mode?: string
  subchunk_segmentation?: Partial<Segmentation>
}
export interface ProcessRuleInput {
  mode: 'automatic' | 'custom' | 'hierarchical'
  rules?: {
    pre_processing_rules?: { id: string; enabled: boolean }[]
    segmentation?: Partial<Segmentation>
    parent_mode?: string | null
    subchunk_segmentation?: Partial<Segmentation> | null
  } | null
}

const segmentation = Joi.object<Partial<Segmentation>>({
  separator: text(0, 200), max_tokens: Joi.number().integer(), chunk_overlap: Joi.number().integer().min(0).empty(null),
})
export const processRule = Joi.object<ProcessRuleInput>({
  mode: Joi.string().valid('automatic', 'custom', 'hierarchical').required(),
  rules: Joi.object({
    pre_processing_rules: Joi.array().items(Joi.object({ id: text(1, 100).required(), enabled: Joi.boolean().required() })).max(20),
    segmentation,
    parent_mode: Joi.string().valid('paragraph', 'full-doc').allow(null),
    subchunk_segmentation: segmentation.allow(null),
  }).allow(null),
})

/** The rule of the mode `automatic`. */
export const AUTOMATIC: Rules = {
  pre_processing_rules: [{ id: 'remove_extra_spaces', enabled: true }, { id: 'remove_urls_emails', enabled: false }],
  segmentation: { separator: '\n', max_tokens: 500, chunk_overlap: 50 },
}

/** The rule to store. Throws 400 where something is missing; whether its numbers are in bounds is for the indexing to say. */
export const ruleToStore = ({ mode, rules }: ProcessRuleInput): { mode: 'automatic' | 'custom'; rules: Rules } => {
  if (mode === 'hierarchical') throw wrong('mode', 'the mode hierarchical is not supported; send automatic or custom')
  if (mode === 'automatic') return { mode, rules: AUTOMATIC }
  if (!rules) throw wrong('rules', 'the mode custom needs rules')
  if (!rules.pre_processing_rules) throw wrong('rules.pre_processing_rules', 'the mode custom needs pre_processing_rules; they may be []')
  if (!rules.segmentation) throw wrong('rules.segmentation', 'the mode custom needs a segmentation')
  const { separator, max_tokens, chunk_overlap = 0 } = rules.segmentation
  if (!separator) throw wrong('rules.segmentation.separator', 'the segmentation needs a separator, such as "\\n"')
  if (!max_tokens) throw wrong('rules.segmentation.max_tokens', 'the segmentation needs max_tokens, the greatest length of a segment in characters')
  return {
    mode,
    rules: {
      // Where an id stands twice the last one holds.
      pre_processing_rules: [...new Map(rules.pre_processing_rules.map((rule) => [rule.id, rule])).values()],
      segmentation: { separator, max_tokens, chunk_overlap },
      ...rules.parent_mode ? { parent_mode: rules.parent_mode } : {},
      ...rules.subchunk_segmentation ? { subchunk_segmentation: rules.subchunk_segmentation } : {},
    },
  }
}
const wrong = (field: string, message: string): Error => invalid(`process_rule.${field}`, `process_rule: ${message}.`)
