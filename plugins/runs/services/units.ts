/**
 * Units of quota around a start. Who says that there are none left is believed; who cannot say, because the place where they are counted is
 * away, stops nobody: an answer is worth more than the count of it. What is reserved and never settled is for the adapter to take back.
 */
import { HttpError, logger, service } from '../../../core/index.ts'
import { quota } from '../ports.ts'
import type { Reservation } from '../ports.ts'

export interface Units {
  /** Undefined where it could not be asked. Throws where there are none left. */
  reserve(workspaceId: string): Promise<Reservation | undefined>
  commit(reservation: Reservation | undefined): Promise<void>
  release(reservation: Reservation | undefined): Promise<void>
}

export const units = service('runs.units', {
  uses: { quota, log: logger },
  create: ({ quota, log }): Units => {
    const settle = async (what: string, step: Promise<void>): Promise<void> => {
      try { await step } catch (error) { log.warn({ err: error }, `a unit of quota could not be ${what}`) }
    }
    return {
      reserve: async (workspaceId) => {
        try { return await quota.reserve(workspaceId, 'run', 1) } catch (error) {
          if (error instanceof HttpError && error.status < 500) throw error
          log.warn({ err: error, workspace: workspaceId }, 'the quota could not be asked, so the run goes on without')
          return undefined
        }
      },
      commit: async (reservation) => { if (reservation) await settle('used up', quota.commit(reservation, 1)) },
      release: async (reservation) => { if (reservation) await settle('given back', quota.release(reservation)) },
    }
  },
})
