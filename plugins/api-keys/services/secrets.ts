/**
 * The secrets of keys: which ones this server takes, and how they are kept. A copy of the database is no use to whoever lacks the
 * peppers, which never lie in it.
 */
import { createHash, createHmac } from 'node:crypto'
import { deriveKey, serverConfig, service } from '../../../core/index.ts'
import { apiKeysConfig } from '../config.ts'
import type { KeyType } from '../ports.ts'
import { foreignTypeOf, newToken, typeOf } from './token.ts'

export interface Secrets {
  /** Of the pepper under which hashes are made. */
  readonly pepperId: string
  /** Of every pepper in the ring, the active one first. */
  readonly pepperIds: readonly string[]
  /** A secret that no key has. @param bound whether the key reaches less than its workspace */
  newToken(type: KeyType, bound: boolean): string
  /** The type that a secret claims to be of, ours or of a legacy prefix; undefined for what no key of this server can have. */
  typeOf(token: string): KeyType | undefined
  /** Whether it has our form and checksum: what is not, and yet has a type, is of a legacy prefix. */
  isWellFormed(token: string): boolean
  /** HMAC-SHA-256 under the active pepper, hex. */
  hash(token: string): string
  /** Under every pepper of the ring, the active one first: a key may lie under any of them. */
  hashes(token: string): readonly string[]
}

const idOf = (pepper: Buffer): string => createHash('sha256').update('pepper id').update(pepper).digest('hex').slice(0, 8)
const under = (pepper: Buffer, token: string): string => createHmac('sha256', pepper).update(token).digest('hex')

export const secrets = service('apiKeys.secrets', {
  uses: { server: serverConfig, config: apiKeysConfig },
  create: ({ server, config }): Secrets => {
    const derived = deriveKey(server, 'api key pepper')
    const active = server.keyPepper === undefined ? derived : Buffer.from(server.keyPepper)
    const before = server.keyPeppersBefore.map((pepper) => pepper === 'derived' ? derived : Buffer.from(pepper))
    const ring = new Map([active, ...before].map((pepper) => [idOf(pepper), pepper]))
    return {
      pepperId: idOf(active),
      pepperIds: [...ring.keys()],
      newToken,
      typeOf: (token) => typeOf(token) ?? foreignTypeOf(token, config.legacyPrefixes),
      isWellFormed: (token) => typeOf(token) !== undefined,
      hash: (token) => under(active, token),
      hashes: (token) => [...ring.values()].map((pepper) => under(pepper, token)),
    }
  },
})
