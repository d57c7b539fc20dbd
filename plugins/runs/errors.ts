import { defineErrors } from '../../core/index.ts'

export const runErrors = defineErrors({
  tooManyRuns: [429, 'too_many_requests', 'This app is answering as many requests at a time as it may. Try again when one of them has ended, or raise its limit.'],
  quotaExceeded: [429, 'rate_limit_error', 'This workspace has used up what it may run for now. Try again later, or raise its quota.'],
})
