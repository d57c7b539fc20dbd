import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineAdapter, logger, serverConfig } from '../../../core/index.ts'
import { outlets } from '../ports.ts'

/** The terminal of this process, or a file in its data folder. */
export const localOutlets = defineAdapter(outlets, 'local', {
  uses: { server: serverConfig, log: logger },
  create: ({ server, log }) => ({
    at: ({ file, output, said }) => {
      const path = join(server.dataDir, file)
      if (output === 'terminal' || (output === 'auto' && process.stdout.isTTY)) {
        return { prepare: async () => ({ undo: async () => undefined }), tell: (text) => { process.stdout.write(text) } }
      }
      return {
        prepare: async (text) => {
          await mkdir(server.dataDir, { recursive: true })
          // One that is there already may speak of something else: somebody may still want it.
          await rename(path, `${path}.old`).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error })
          await writeFile(path, text, { flag: 'wx', mode: 0o600 })
          return { undo: () => rm(path, { force: true }) }
        },
        tell: () => { log.info({ path }, said) },
      }
    },
  }),
})
