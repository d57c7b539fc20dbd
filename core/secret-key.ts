/** The secret that an embedded server makes for itself. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupError } from './errors.ts'

/** The secret key of a server that keeps its data in `dataDir`: made once, readable to its user alone. Whoever makes it first wins. */
export const ensureSecretKey = async (dataDir: string): Promise<string> => {
  const file = join(dataDir, 'secret-key')
  try {
    if (!existsSync(file)) {
      await mkdir(dataDir, { recursive: true, mode: 0o700 })
      // Written whole under another name and then linked, which fails where the name is taken: nobody reads half a key.
      const draft = `${file}.${randomBytes(6).toString('hex')}`
      await writeFile(draft, `${randomBytes(42).toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true })
      await link(draft, file).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error }).finally(() => unlink(draft))
    }
    const key = (await readFile(file, 'utf8')).trim()
    if (key.length >= 32) return key
  } catch (error) {
    throw new StartupError([{ path: 'server.dataDir', message: `the secret key cannot be kept at ${file}: ${(error as Error).message}`, fix: 'Make the folder writable, or set SECRET_KEY.' }], { exitCode: 1, cause: error })
  }
  throw new StartupError([{ path: 'server.secretKey', message: `${file} is damaged: it has fewer than 32 characters`, fix: 'Put the old key back; only where nothing was stored yet, remove the file.' }])
}
