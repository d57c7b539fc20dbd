/** The `server` section of the configuration: what the kernel itself needs to know. The plain environment sets these too. */
import { hkdfSync } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import Joi from 'joi'
import proxyAddr from 'proxy-addr'
import { defineConfig } from './plugin.ts'

export interface ServerConfig {
  readonly host: string
  readonly port: number
  /** Absolute. Everything that this process keeps on disk lies below it. */
  readonly dataDir: string
  /** 32 characters or more; every derived key comes from it. */
  readonly secretKey: string
  /** Pepper of API keys at rest; derived from `secretKey` when absent. */
  readonly keyPepper?: string
  /** Peppers from before, so that the keys that were made under them are still known; `derived` is the one from `secretKey`. */
  readonly keyPeppersBefore: string[]
  /** How clients reach this server, without a trailing slash; guessed from host and port when absent. */
  readonly publicUrl?: string
  readonly consoleWebUrl?: string
  readonly cookieDomain?: string
  /** CIDRs whose forwarded headers are believed. */
  readonly trustedProxies: string[]
  /** Whether an empty server makes its first owner, workspace and key by itself. */
  readonly bootstrap: boolean
  /** Bytes of a JSON body. */
  readonly bodyBytes: number
  /** Bytes of one uploaded file. */
  readonly uploadBytes: number
  /** Milliseconds for which a start tries again what it needs and does not find yet, such as a database server that is starting too. */
  readonly waitMs: number
  /** Milliseconds between saying in `/readyz` that it stops and closing the door: as long as a balancer takes to notice. */
  readonly noticeMs: number
  /** Milliseconds that a stopping server waits for running requests, and then for jobs; less than the minute that a step of the stop may take. */
  readonly drainMs: number
  /** Checks every reply against its schema, and looks longer for callers that outlive their transaction: on in tests. */
  readonly checkReplies: boolean
}

/** Keys that stand in widely copied examples, so that everybody has them. */
const PUBLISHED = /^sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U$|change.?me|your.?secret/i
const notGuessable = (key: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
  PUBLISHED.test(key) ? helpers.message({ custom: 'is a published example, which everybody knows' })
  : new Set(key).size < 8 ? helpers.message({ custom: 'is easy to guess: it has fewer than 8 different characters' }) : key

/** By the library that will use it, which refuses ranges of everything too. */
const address = (text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport => {
  try { proxyAddr.compile(text) } catch { return helpers.message({ custom: 'must be an address or a range such as 10.0.0.0/8, and not all addresses' }) }
  return text
}

export const serverConfig = defineConfig('server', Joi.object<ServerConfig, true>({
  host: Joi.string().hostname().allow('::1', '::', '0.0.0.0').default('127.0.0.1'),
  port: Joi.number().port().default(5001),
  dataDir: Joi.string().default('./data'),
  // Whether it may be absent depends on the database: see kernel.ts.
  secretKey: Joi.string().min(32).custom(notGuessable),
  keyPepper: Joi.string().min(32).custom(notGuessable),
  keyPeppersBefore: Joi.array().items(Joi.string().valid('derived'), Joi.string().min(32).custom(notGuessable)).default([]),
  publicUrl: Joi.string().uri({ scheme: ['http', 'https'] }).replace(/\/+$/, ''),
  consoleWebUrl: Joi.string().uri({ scheme: ['http', 'https'] }).replace(/\/+$/, ''),
  cookieDomain: Joi.string().domain(),
  trustedProxies: Joi.array().items(Joi.string().custom(address)).default([]),
  bootstrap: Joi.boolean().default(true),
  bodyBytes: Joi.number().integer().min(1024).default(2 * 1024 * 1024),
  uploadBytes: Joi.number().integer().min(1024).default(15 * 1024 * 1024),
  waitMs: Joi.number().integer().min(0).default(60_000),
  noticeMs: Joi.number().integer().min(0).max(50_000).default(0),
  drainMs: Joi.number().integer().min(0).max(50_000).default(10_000),
  checkReplies: Joi.boolean().default(false),
}))

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

/** A 32-byte key for one purpose, derived from the secret key (HKDF-SHA-256): no two labels share a key, and none tells the secret. */
export const deriveKey = ({ secretKey }: Pick<ServerConfig, 'secretKey'>, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', `mortise ${label}`, 32))

/** How clients reach this server, as far as it knows, without a trailing slash. */
export const baseUrl = ({ publicUrl, host, port }: Pick<ServerConfig, 'publicUrl' | 'host' | 'port'>): string => {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return publicUrl ?? `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`
}
