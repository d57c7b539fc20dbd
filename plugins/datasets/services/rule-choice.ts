/** Which rule a document is cut by. */
import { randomUUID } from 'node:crypto'
import { service } from '../../../core/index.ts'
import { invalid } from '../errors.ts'
import type { DatasetRow } from '../models/dataset.ts'
import { ProcessRule } from '../models/process-rule.ts'
import { AUTOMATIC, ruleToStore } from '../schemas/process-rule.ts'
import type { ProcessRuleInput } from '../schemas/process-rule.ts'
import type { Owner } from './dataset-records.ts'

export interface RuleChoice {
  /**
   * In a transaction: the id of the rule that was given, else of the newest of the dataset, else of one that is made. Throws 400 where one is
   * `required` and there is none, or the given one does not fit the form of the documents.
   */
  choose(owner: Owner, dataset: DatasetRow, docForm: string, given: ProcessRuleInput | null | undefined, required?: boolean): Promise<string>
}

export const ruleChoice = service('datasets.rule-choice', {
  uses: { ProcessRule },
  create: ({ ProcessRule }): RuleChoice => ({
    choose: async (owner, { workspace_id, id }, docForm, given, required = false) => {
      const of = { workspace_id, dataset_id: id }
      const newest = given ? null : await ProcessRule.findOne({ where: of, order: [['created_at', 'DESC'], ['id', 'ASC']] })
      if (newest) return newest.id
      if (!given && required && docForm !== 'qa_model') throw invalid('process_rule', 'process_rule is required. Send {"mode":"automatic"} for the usual one.')
      const rule = given ? ruleToStore(given, docForm) : { mode: 'automatic' as const, rules: AUTOMATIC }
      const made = await ProcessRule.create({ ...of, ...rule, id: randomUUID(), created_by: owner.accountId, created_at: new Date() })
      return made.id
    },
  }),
})
