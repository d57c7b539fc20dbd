/** Passwords: argon2id at rest, and the same work for everybody who tries. */
import { randomBytes } from 'node:crypto'
import Joi from 'joi'
import { service } from '../../../core/index.ts'

/** RFC 9106's second choice scaled to 19 MiB, as OWASP recommends for argon2id. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** What a new password must be. */
export const newPassword = Joi.string().min(8).max(128).pattern(/\p{L}/u, 'letters').pattern(/\d/, 'digits').messages({
  'string.pattern.name': '{#label} needs {#name} in it: at least 8 characters, with letters and digits',
})

/** Clients send the password of a sign-in as Base64 of its UTF-8 bytes; undefined where it is something else. */
export const decodePassword = (sent: string): string | undefined => {
  const bytes = Buffer.from(sent, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== sent.replace(/=+$/, '')) return undefined
  try { return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) } catch { return undefined }
}

export interface Passwords {
  hash(password: string): Promise<string>
  /** Takes as long for an unknown account (no hash) or an unreadable password as for a wrong one. */
  verify(stored: string | null | undefined, password: string | undefined): Promise<boolean>
}

/** Native code, which only those who sign in need. */
const argon2 = () => import('@node-rs/argon2')

export const passwords = service('auth.passwords', {
  create: (): Passwords => {
    // A hash of nothing, which takes as long to compare as any other.
    const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
    const decoy = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${base64(randomBytes(16))}$${base64(randomBytes(32))}`
    return {
      hash: async (password) => (await argon2()).hash(password, cost),
      verify: async (stored, password) => {
        const right = await (await argon2()).verify(stored ?? decoy, password ?? '')
        return right && typeof stored === 'string' && password !== undefined
      },
    }
  },
})
