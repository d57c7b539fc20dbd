/** Looking into files while somebody waits: for a short time, and into few at once, since each may take as much memory as an indexing. */
import { errors, service } from '../../../core/index.ts'
import { datasetsConfig } from '../config.ts'
import { DocumentFault, invalid } from '../errors.ts'

export interface Looks {
  /**
   * Hands on to `take` what comes, until it answers false, there is no more, or the time is up; resolves to whether all was seen. Throws 400
   * where the file or the rule is to blame or nothing came in time, 503 where the others took too long.
   * @param field that is named where the file is to blame
   */
  look<T>(field: string, signal: AbortSignal, read: (signal: AbortSignal) => AsyncIterable<T>, take: (item: T) => boolean): Promise<boolean>
}

export const looks = service('datasets.looks', {
  uses: { config: datasetsConfig },
  create: ({ config }): Looks => {
    const queue: (() => void)[] = []
    let running = 0
    const enter = async (signal: AbortSignal): Promise<void> => {
      signal.throwIfAborted()
      if (running < config.looks) { running += 1; return }
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          queue.splice(queue.indexOf(begin), 1)
          reject(signal.reason as Error)
        }
        const begin = (): void => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        queue.push(begin)
        signal.addEventListener('abort', leave, { once: true })
      })
    }
    const leave = (): void => {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
    return {
      look: async (field, client, read, take) => {
        const late = AbortSignal.timeout(config.lookMs)
        const signal = AbortSignal.any([client, late])
        await enter(signal).catch((error: unknown) => { throw client.aborted ? error : errors.unavailable('The server is looking into other files. Ask again in a moment.') })
        let count = 0
        try {
          for await (const item of read(signal)) {
            count += 1
            if (!take(item)) return false
            signal.throwIfAborted()
          }
          return true
        } catch (error) {
          if (client.aborted) throw error
          if (late.aborted && count > 0) return false
          if (late.aborted) throw invalid(field, `There is no text to show after ${config.lookMs / 1000} seconds. A document may take longer: make one of it, and look at its segments.`)
          throw error instanceof DocumentFault ? invalid(field, error.message) : error
        } finally {
          leave()
        }
      },
    }
  },
})
