import type { EstimateView } from '../schemas/ingest.ts'
import type { Estimated } from '../services/estimates.ts'

const SHOWN_CHILDREN = 50

/** What it would cost is for the providers of models to say: nothing is counted here. */
export const presentEstimate = ({ total, isWhole, pieces }: Estimated): EstimateView => ({
  total_segments: total,
  has_more: !isWhole,
  preview: pieces.flatMap(({ content, answer, children }) =>
    answer !== null ? [] : children.length > 0 ? { content, child_chunks: children.slice(0, SHOWN_CHILDREN) } : { content }),
  qa_preview: pieces.flatMap(({ content, answer }) => answer === null ? [] : { question: content, answer }),
  tokens: 0,
  total_price: 0,
  currency: 'USD',
})
