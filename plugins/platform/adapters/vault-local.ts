/** Secrets sealed with AES-256-GCM under a key that comes from the server's secret key. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import Joi from 'joi'
import { defineAdapter, deriveKey, serverConfig, vault } from '../../../core/index.ts'
import type { Vault } from '../../../core/index.ts'

interface Settings {
  /** Values that SECRET_KEY had before. */
  readonly secretKeysBefore: string[]
}

/** `v1.<key id>.<nonce, ciphertext, tag>`, the last in base64url. The beginning is authenticated like the owner. */
const FORM = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/
const NONCE = 12
const TAG = 16
const idOf = (key: Buffer): string => createHash('sha256').update('vault key id').update(key).digest('hex').slice(0, 8)
/** What is authenticated beside the secret: the frame ends at the first line break, so that no owner can pass for another. */
const frame = (id: string, owner: string): Buffer => Buffer.from(`v1.${id}\n${owner}`)

export const localVault = defineAdapter(vault, 'local', {
  options: Joi.object<Settings, true>({ secretKeysBefore: Joi.array().items(Joi.string().min(32)).default([]) }),
  uses: { server: serverConfig },
  create: ({ server }, { secretKeysBefore }): Vault => {
    const active = deriveKey(server, 'vault')
    const activeId = idOf(active)
    const ring = new Map([active, ...secretKeysBefore.map((secretKey) => deriveKey({ secretKey }, 'vault'))].map((key) => [idOf(key), key]))
    return {
      seal: async (secret, owner) => {
        const nonce = randomBytes(NONCE)
        const cipher = createCipheriv('aes-256-gcm', active, nonce, { authTagLength: TAG }).setAAD(frame(activeId, owner))
        const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
        return `v1.${activeId}.${sealed.toString('base64url')}`
      },
      open: async (sealed, owner) => {
        const [, id = '', text = ''] = FORM.exec(sealed) ?? []
        const bytes = Buffer.from(text, 'base64url')
        // The same bytes have several spellings; only ours is taken.
        if (bytes.length < NONCE + TAG || bytes.toString('base64url') !== text) {
          throw new Error('This is not a sealed secret, or a part of it is missing. Enter the secret again.')
        }
        const key = ring.get(id)
        if (!key) {
          throw new Error(`This secret was sealed under a key that this server does not have (${id}). `
            + 'Add the SECRET_KEY of then to adapters.vault.local.secretKeysBefore, or enter the secret again.')
        }
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG }).setAAD(frame(id, owner)).setAuthTag(bytes.subarray(-TAG))
          return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
        } catch (error) {
          throw new Error('This secret was sealed for another owner, or was changed since. Enter it again.', { cause: error })
        }
      },
    }
  },
})
