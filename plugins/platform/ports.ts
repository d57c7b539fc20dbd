import { definePort } from '../../core/index.ts'

/** The requests that this process is answering. Work that nobody waits for goes behind them. */
export interface Traffic {
  /** Resolves once none is being answered, and after `limit` milliseconds at the latest. */
  gap(limit: number): Promise<void>
}
export const traffic = definePort<Traffic>('traffic')
