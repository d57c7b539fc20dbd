/** Requests to other machines, to public addresses and to those that the operator lists. */
import Joi from 'joi'
import { defineAdapter, httpClient } from '../../../core/index.ts'
import { readAllowed } from '../services/outbound-addresses.ts'
import { guardedClient } from '../services/outbound-client.ts'
import type { GuardedClient } from '../services/outbound-client.ts'

interface Settings {
  /** Hosts, `host:port` or ranges that may be called though they are not public. */
  readonly allow: string[]
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly maxRedirects: number
}
const allowed = (text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
  readAllowed(text) ? text : helpers.message({ custom: 'must be a host such as models.lan, a host with a port such as 127.0.0.1:11434, or a range such as 10.0.0.0/8' })

export const guardedHttpClient = defineAdapter(httpClient, 'guarded', {
  options: Joi.object<Settings, true>({
    allow: Joi.array().items(Joi.string().custom(allowed)).default([]),
    timeoutMs: Joi.number().integer().min(1).max(600_000).default(60_000),
    maxBytes: Joi.number().integer().min(1).default(64 * 1024 * 1024),
    maxRedirects: Joi.number().integer().min(0).max(20).default(5),
  }),
  create: (_deps, { allow, ...settings }): GuardedClient => guardedClient({ ...settings, allow: allow.flatMap((entry) => readAllowed(entry) ?? []) }),
  dispose: (value) => (value as GuardedClient).close(),
})
