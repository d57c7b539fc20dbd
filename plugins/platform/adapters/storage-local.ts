/** Files below one folder. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, constants, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Joi from 'joi'
import { defineAdapter, serverConfig, storage, StorageNotFound } from '../../../core/index.ts'
import type { Storage } from '../../../core/index.ts'
import { checkKey } from '../services/storage-key.ts'

interface LocalStorage extends Storage { readonly folder: string }

/** What the system says when there is no file at a path: nothing, a file further up, or a folder. */
const absent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Milliseconds without a write after which a file that never arrived is thought to be abandoned. */
const ABANDONED = 3_600_000
/** Removes what a process that was killed has left. Others may share the folder and be in the middle of a file. */
const sweep = async (incoming: string): Promise<void> => {
  for (const name of await readdir(incoming)) {
    const file = await stat(join(incoming, name)).catch((error: unknown) => { if (!absent(error)) throw error })
    if (file && Date.now() - file.mtimeMs > ABANDONED) await rm(join(incoming, name), { force: true })
  }
}

export const localStorage = defineAdapter(storage, 'local', {
  options: Joi.object<{ readonly folder?: string }, true>({ folder: Joi.string() }),
  uses: { server: serverConfig },
  create: async ({ server }, options): Promise<LocalStorage> => {
    const folder = resolve(server.dataDir, options.folder ?? 'storage')
    // No key has a `~`.
    const incoming = join(folder, '~incoming')
    await mkdir(incoming, { recursive: true, mode: 0o700 })
    await sweep(incoming)
    const at = (key: string): string => {
      checkKey(key)
      return join(folder, key)
    }
    return {
      folder,
      put: async (key, body) => {
        const path = at(key)
        const unfinished = join(incoming, randomUUID())
        try {
          const file = createWriteStream(unfinished, { mode: 0o600, flush: true })
          await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, file)
          await mkdir(dirname(path), { recursive: true, mode: 0o700 })
          await rename(unfinished, path)
          return { size: file.bytesWritten }
        } catch (error) {
          await rm(unfinished, { force: true })
          throw error
        }
      },
      get: async (key) => {
        const file = await open(at(key)).catch((error: unknown) => { throw absent(error) ? new StorageNotFound(key) : error })
        if ((await file.stat()).isFile()) return file.createReadStream()
        await file.close()
        throw new StorageNotFound(key)
      },
      size: async (key) => {
        const found = await stat(at(key)).catch((error: unknown) => { if (!absent(error)) throw error })
        return found?.isFile() ? found.size : undefined
      },
      delete: async (key) => {
        await unlink(at(key)).catch((error: unknown) => { if (!absent(error)) throw error })
      },
    }
  },
  health: (value) => access((value as LocalStorage).folder, constants.W_OK),
})
