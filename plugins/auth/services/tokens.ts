/** Tokens that are shown once and kept as a hash. They are random enough to need no salt. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits. */
export const newToken = (): string => randomBytes(32).toString('base64url')
/** SHA-256, hex. */
export const digest = (token: string): string => createHash('sha256').update(token).digest('hex')
