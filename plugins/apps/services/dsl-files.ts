/** The text of files, read and written in threads of their own. */
import { logger, service } from '../../../core/index.ts'
import { appsConfig } from '../config.ts'
import { appErrors } from '../errors.ts'
import { createThreads } from './dsl-threads.ts'
import { Unreadable } from './unreadable.ts'

export interface DslFiles {
  /** Throws an `Unreadable` for whoever sent it, and 503 where nothing is there to read it. */
  read(text: string): Promise<unknown>
  /** Throws 400 `app_unavailable` where it is too much, and 503. */
  write(value: unknown): Promise<string>
  close(): Promise<void>
}

const entry = new URL(`./dsl-thread${import.meta.url.slice(-3)}`, import.meta.url)
const LIMITS = { times: { work: 10_000, start: 20_000, wait: 30_000, idle: 30_000 }, mb: 256, threads: 2, waiting: 50 }

export const dslFiles = service('apps.dslFiles', {
  uses: { config: appsConfig, log: logger },
  create: ({ config, log }): DslFiles => {
    const threads = createThreads(entry, LIMITS, (err) => { log.warn({ err }, 'a thread that reads files of apps failed; another one takes its place') })
    return {
      read: async (text) => JSON.parse(await threads.ask({ read: text, mostBytes: 2 * config.importBytes })) as unknown,
      write: (value) => threads.ask({ write: JSON.stringify(value) }).catch((error: unknown) => {
        throw error instanceof Unreadable ? appErrors.appUnavailable('The app is too large to be written out as a file. Take out of it what it does not need.', { cause: error }) : error
      }),
      close: threads.close,
    }
  },
  dispose: (files) => files.close(),
})
