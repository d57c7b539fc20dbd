/**
 * The form of a key: a prefix that names its kind, 24 random characters (142 bits), and six that are a checksum of the rest. A mistyped
 * or made-up key is told from a real one without asking anybody, and a scanner finds leaked ones.
 */
import { createHash, createHmac, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { deriveKey, serverConfig, service } from '../../../core/index.ts'
import type { KeyType } from '../ports.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM = 24
const FORM = /^(app|dataset|ds)-[0-9A-Za-z]{30}$/
const types: Readonly<Record<string, KeyType>> = { app: 'app', dataset: 'dataset', ds: 'dataset' }

/** CRC-32 in base 62, six characters. */
const checksum = (text: string): string => {
  let rest = crc32(text)
  let tail = ''
  for (let place = 0; place < 6; place += 1) {
    tail = ALPHABET.charAt(rest % 62) + tail
    rest = Math.floor(rest / 62)
  }
  return tail
}

/** `app-`, `dataset-` for a whole workspace, `ds-` for one dataset. */
export const newToken = (type: KeyType, bound: boolean): string => {
  const random = Array.from({ length: RANDOM }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  const body = `${type === 'app' ? 'app' : bound ? 'ds' : 'dataset'}-${random}`
  return body + checksum(body)
}

/** The type that a well-formed key claims; undefined for anything that this server cannot have made. */
export const typeOf = (token: string): KeyType | undefined => {
  const kind = FORM.exec(token)?.[1]
  return kind !== undefined && checksum(token.slice(0, -6)) === token.slice(-6) ? types[kind] : undefined
}

export const prefixOf = (token: string): string => token.slice(0, 5)
export const last4Of = (token: string): string => token.slice(-4)

export interface Hasher {
  readonly pepperId: string
  /** Hex. */
  hash(token: string): string
}
/** A copy of the database is no use to whoever lacks the pepper, which never lies in it. */
export const hasher = service('apiKeys.hasher', {
  uses: { server: serverConfig },
  create: ({ server }): Hasher => {
    const pepper = server.keyPepper ?? deriveKey(server, 'api key pepper')
    return {
      pepperId: createHash('sha256').update('pepper id').update(pepper).digest('hex').slice(0, 8),
      hash: (token) => createHmac('sha256', pepper).update(token).digest('hex'),
    }
  },
})
