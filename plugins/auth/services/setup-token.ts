/**
 * The one-time token of the first set-up. Whoever reaches a fresh server first would own it, so where others than this machine can
 * reach it, the owner proves to be the operator by reading a file.
 */
import { timingSafeEqual } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isLoopback, serverConfig, service } from '../../../core/index.ts'
import type { ServerConfig } from '../../../core/index.ts'
import { digest, newToken } from './tokens.ts'

export interface SetupToken {
  /** Whether the set-up needs a token at all. */
  readonly required: boolean
  /** Makes the token, or takes up the one that an earlier start left. */
  issue(): Promise<{ readonly path: string; readonly token: string }>
  /** Constant-time. */
  matches(given: string): boolean
  discard(): Promise<void>
}

/** A server behind a proxy listens on loopback and is public all the same. */
const isExposed = ({ host, publicUrl, trustedProxies }: ServerConfig): boolean =>
  !isLoopback(host) || trustedProxies.length > 0 || (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')))

export const setupToken = service('auth.setupToken', {
  uses: { server: serverConfig },
  create: ({ server }): SetupToken => {
    const path = join(server.dataDir, 'setup-token.txt')
    let current: string | undefined
    return {
      required: isExposed(server),
      issue: async () => {
        await mkdir(server.dataDir, { recursive: true })
        await writeFile(path, `${newToken()}\n`, { flag: 'wx', mode: 0o600 })
          .catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error })
        const token = (await readFile(path, 'utf8')).trim()
        if (token.length < 32) throw new Error(`${path} holds no set-up token. Remove it and start again.`)
        current = token
        return { path, token }
      },
      matches: (given) => current !== undefined && timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(current))),
      discard: async () => {
        current = undefined
        await rm(path, { force: true })
      },
    }
  },
})
