/** From the stored process rule to the one by which a chunker cuts. */
import type { DatasetsConfig } from '../config.ts'
import { DocumentFault } from '../errors.ts'
import type { ProcessRuleRow } from '../models/process-rule.ts'
import type { ChunkingRule, SegmentationRule } from '../ports.ts'
import { SUBCHUNKS } from '../schemas/process-rule.ts'
import type { Segmentation } from '../schemas/process-rule.ts'

const SHORTEST = 50

/**
 * Of a parent-child document, whatever the mode of its rule, parents have children: by the rule's `subchunk_segmentation`, else by
 * `SUBCHUNKS`. Throws a `DocumentFault` where a number of the rule is out of bounds.
 */
export const chunkingRule = (
  { mode, rules }: Pick<ProcessRuleRow, 'mode' | 'rules'>, docForm: string, config: Pick<DatasetsConfig, 'maxSegmentLength' | 'maxParentLength'>,
): ChunkingRule => {
  const bounded = (name: string, { separator, max_tokens: maxLength = 0, chunk_overlap: overlap }: Segmentation): SegmentationRule => {
    if (maxLength < SHORTEST || maxLength > config.maxSegmentLength) {
      throw new DocumentFault(
        `max_tokens of the ${name} is ${maxLength}; it takes ${SHORTEST} to ${config.maxSegmentLength}. Send the document again with another process rule.`)
    }
    if (overlap > maxLength) {
      throw new DocumentFault(`chunk_overlap of the ${name} is ${overlap}, more than its max_tokens of ${maxLength}. Send the document again with less.`)
    }
    return { separator, maxLength, overlap }
  }
  const isOn = (id: string): boolean => rules.pre_processing_rules.some((rule) => rule.id === id && rule.enabled)
  const cleaning = { removeExtraSpaces: isOn('remove_extra_spaces'), removeUrlsEmails: isOn('remove_urls_emails') }
  const cut = mode === 'automatic' ? 'automatic' : 'custom'
  if (docForm !== 'hierarchical_model') return { mode: cut, segmentation: bounded('segmentation', rules.segmentation), ...cleaning }
  const children = bounded('subchunk_segmentation', rules.subchunk_segmentation ?? SUBCHUNKS)
  return rules.parent_mode === 'full-doc'
    ? { mode: 'whole', segmentation: { separator: rules.segmentation.separator, maxLength: config.maxParentLength, overlap: 0 }, children, ...cleaning }
    : { mode: cut, segmentation: bounded('segmentation', rules.segmentation), children, ...cleaning }
}
