/** How documents are cut, as people are shown it before they change it. */
import { database, service } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { ProcessRuleRow } from '../models/process-rule.ts'
import { visibleTo } from '../queries/visible.ts'
import { AUTOMATIC } from '../schemas/process-rule.ts'

type Rule = Pick<ProcessRuleRow, 'mode' | 'rules'>
export interface ShownRule {
  /** That of the document, or what to begin with. Throws 404 where there is no such document, or the actor does not reach its dataset. */
  find(actor: Actor, documentId: string | undefined): Promise<Rule>
}
const BEGINNING: Rule = { mode: 'custom', rules: { ...AUTOMATIC, segmentation: { separator: '\n', max_tokens: 1024, chunk_overlap: 50 } } }

export const shownRule = service('datasets.shown-rule', {
  uses: { db: database },
  create: ({ db }): ShownRule => ({
    find: async (actor, id) => {
      if (id === undefined) return BEGINNING
      const [found] = await db.query<{ mode: Rule['mode'] | null; rules: Rule['rules'] | null }>(
        `SELECT r.mode, r.rules FROM documents d
         JOIN datasets ON datasets.workspace_id = d.workspace_id AND datasets.id = d.dataset_id AND ($4 OR ${visibleTo('$3')})
         LEFT JOIN dataset_process_rules r ON r.workspace_id = d.workspace_id AND r.dataset_id = d.dataset_id AND r.id = d.dataset_process_rule_id
         WHERE d.workspace_id = $1 AND d.id = $2`, [actor.workspaceId, id, actor.id, actor.can('any-dataset:reach')])
      if (!found) throw datasetErrors.documentNotFound()
      return found.mode && found.rules ? { mode: found.mode, rules: found.rules } : BEGINNING
    },
  }),
})
