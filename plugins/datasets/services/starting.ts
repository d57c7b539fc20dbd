import { queue, service } from '../../../core/index.ts'
import { renewTextIndex } from '../jobs/renew-text-index.ts'
import { resumeIndexing } from '../jobs/resume-indexing.ts'

export interface Starting {
  /** What a crash left half-done is taken up at once, not when the clock next strikes; and what an earlier release indexed in another way. */
  begin(): Promise<void>
}

export const starting = service('datasets.starting', {
  uses: { queue },
  create: ({ queue }): Starting => ({
    begin: async () => {
      await queue.enqueue(resumeIndexing, {}, { key: 'resume' })
      await queue.enqueue(renewTextIndex, {}, { key: 'renew' })
    },
  }),
})
