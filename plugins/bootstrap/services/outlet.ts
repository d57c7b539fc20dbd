/** Where the first secrets go: never to a log. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { logger, serverConfig, service } from '../../../core/index.ts'
import { bootstrapConfig } from '../config.ts'

export interface Outlet {
  /** Puts the text where it survives; throws where it cannot. Returns what to do if nothing comes of it after all. */
  prepare(text: string): Promise<{ undo(): Promise<void> }>
  /** Tells the operator, once everything is in place. */
  tell(text: string): void
}

export const outlet = service('bootstrap.outlet', {
  uses: { config: bootstrapConfig, server: serverConfig, log: logger },
  create: ({ config, server, log }): Outlet => {
    const path = join(server.dataDir, 'bootstrap.txt')
    if (config.output === 'terminal' || (config.output === 'auto' && process.stdout.isTTY)) {
      return { prepare: async () => ({ undo: async () => undefined }), tell: (text) => { process.stdout.write(text) } }
    }
    return {
      prepare: async (text) => {
        await mkdir(server.dataDir, { recursive: true })
        // One that is there already speaks of another database: somebody may still want it.
        await rename(path, `${path}.old`).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error })
        await writeFile(path, text, { flag: 'wx', mode: 0o600 })
        return { undo: () => rm(path, { force: true }) }
      },
      tell: () => { log.info({ path }, 'this server was empty: its first owner and API key were made, and stand in this file') },
    }
  },
})
