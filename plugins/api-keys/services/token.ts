/**
 * The form of a key: a prefix that names its kind, 24 random characters (142 bits), and six that are a checksum of the rest. A mistyped
 * or made-up key is told from a real one without asking anybody, and a scanner finds leaked ones.
 */
import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { KeyType } from '../ports.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM = 24
const FORM = /^(app-|dataset-|ds-)[0-9A-Za-z]{30}$/
/** What follows a prefix that was declared legacy. */
const FOREIGN = /^[0-9A-Za-z_-]{16,128}$/

/** `dataset-` for a whole workspace, `ds-` for some of its datasets. */
export const PREFIXES = ['app-', 'dataset-', 'ds-'] as const
export type Prefix = (typeof PREFIXES)[number]
const types: Readonly<Record<string, KeyType>> = { 'app-': 'app', 'dataset-': 'dataset', 'ds-': 'dataset' } satisfies Record<Prefix, KeyType>

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

export const newToken = (type: KeyType, bound: boolean): string => {
  const random = Array.from({ length: RANDOM }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  const body = `${type === 'app' ? 'app-' : bound ? 'ds-' : 'dataset-'}${random}`
  return body + checksum(body)
}

/** The type that a well-formed key claims; undefined for anything that `newToken` cannot have made. */
export const typeOf = (token: string): KeyType | undefined => {
  const prefix = FORM.exec(token)?.[1]
  return prefix !== undefined && checksum(token.slice(0, -6)) === token.slice(-6) ? types[prefix] : undefined
}

/** The type that a key made elsewhere claims, of one of these prefixes and without our checksum; undefined for anything else. */
export const foreignTypeOf = (token: string, prefixes: readonly Prefix[]): KeyType | undefined => {
  const prefix = prefixes.find((one) => token.startsWith(one))
  return prefix !== undefined && FOREIGN.test(token.slice(prefix.length)) && typeOf(token) === undefined ? types[prefix] : undefined
}

export const prefixOf = (token: string): string => token.slice(0, 5)
export const last4Of = (token: string): string => token.slice(-4)
