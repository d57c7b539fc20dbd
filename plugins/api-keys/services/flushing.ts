import { service } from '../../../core/index.ts'
import { apiKeysConfig } from '../config.ts'
import { usage } from './usage.ts'

/** Writes the use of keys now and then, and once more at the end. */
export const flushing = service('apiKeys.flushing', {
  uses: { config: apiKeysConfig, usage },
  create: ({ config, usage }) => {
    let timer: NodeJS.Timeout | undefined
    return {
      start: (everySeconds = config.lastUsedSeconds): void => { timer = setInterval(() => { void usage.flush() }, everySeconds * 1000).unref() },
      stop: (): Promise<void> => {
        clearInterval(timer)
        return usage.flush()
      },
    }
  },
})
