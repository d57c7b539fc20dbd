/** How a document is cleaned and cut, as clients say it and as it is stored. */
import Joi from 'joi'
import { invalid } from '../errors.ts'
import { text } from './common.ts'

export const docForms = ['text_model', 'hierarchical_model', 'qa_model'] as const
export type DocForm = typeof docForms[number]
export type RuleMode = 'automatic' | 'custom' | 'hierarchical'
export type ParentMode = 'paragraph' | 'full-doc'

/** As it is stored. `max_tokens` is absent only where the whole document is the parent. */
export interface Segmentation { separator: string; max_tokens?: number; chunk_overlap: number }
export interface Rules {
  pre_processing_rules: { id: string; enabled: boolean }[]
  segmentation: Segmentation
  parent_mode?: ParentMode
  subchunk_segmentation?: Segmentation
}
interface SegmentationInput { separator?: string; delimiter?: string; max_tokens?: number; chunk_overlap?: number }
export interface ProcessRuleInput {
  mode: RuleMode
  rules?: {
    pre_processing_rules?: { id: string; enabled: boolean }[]
    segmentation?: SegmentationInput
    parent_mode?: ParentMode | null
    subchunk_segmentation?: SegmentationInput | null
  } | null
}

const segmentation = Joi.object<SegmentationInput>({
  separator: text(0, 200), delimiter: text(0, 200), max_tokens: Joi.number().integer(), chunk_overlap: Joi.number().integer().min(0).empty(null),
}).oxor('separator', 'delimiter').messages({ 'object.oxor': '{{#label}} has both separator and delimiter, which are two names of one field. Send one of them.' })
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
/** How parents are cut into children where the rule does not say it. */
export const SUBCHUNKS: Segmentation = { separator: '\n', max_tokens: 200, chunk_overlap: 0 }

/** The rule to store. Throws 400 where something is missing; whether its numbers are in bounds is for the indexing to say. */
export const ruleToStore = ({ mode, rules }: ProcessRuleInput, docForm: string): { mode: RuleMode; rules: Rules } => {
  if (mode === 'hierarchical' && docForm !== 'hierarchical_model') {
    throw wrong('mode', `mode hierarchical goes with doc_form hierarchical_model, and doc_form is ${docForm}. Send doc_form hierarchical_model, or the mode custom or automatic`)
  }
  if (mode === 'automatic') return { mode, rules: AUTOMATIC }
  if (!rules) throw wrong('rules', `the mode ${mode} needs rules`)
  if (!rules.pre_processing_rules) throw wrong('rules.pre_processing_rules', `the mode ${mode} needs pre_processing_rules; they may be []`)
  if (!rules.segmentation) throw wrong('rules.segmentation', `the mode ${mode} needs a segmentation`)
  const parentMode = rules.parent_mode ?? (mode === 'hierarchical' ? 'paragraph' : undefined)
  const isWhole = mode === 'hierarchical' && parentMode === 'full-doc'
  return {
    mode,
    rules: {
      // Where an id stands twice the last one holds.
      pre_processing_rules: [...new Map(rules.pre_processing_rules.map((rule) => [rule.id, rule])).values()],
      segmentation: segmentationToStore('segmentation', rules.segmentation, isWhole),
      ...parentMode ? { parent_mode: parentMode } : {},
      ...rules.subchunk_segmentation ? { subchunk_segmentation: segmentationToStore('subchunk_segmentation', rules.subchunk_segmentation) } : {},
    },
  }
}
const segmentationToStore = (
  name: string, { separator, delimiter, max_tokens, chunk_overlap = 0 }: SegmentationInput, isWhole = false,
): Segmentation => {
  const between = separator ?? delimiter ?? '\n'
  if (between === '') throw wrong(`rules.${name}.separator`, `the ${name} needs a separator, such as "\\n"`)
  if (!max_tokens && !isWhole) throw wrong(`rules.${name}.max_tokens`, `the ${name} needs max_tokens, the greatest length of a segment in characters`)
  return { separator: between, ...max_tokens ? { max_tokens } : {}, chunk_overlap }
}
const wrong = (field: string, message: string): Error => invalid(`process_rule.${field}`, `process_rule: ${message}.`)
