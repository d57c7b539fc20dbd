/** Which files of a request may be used: those that whoever asks sent before, and those at public addresses, as the place that they are for takes them. */
import { database, httpClient, OutboundRefused, service } from '../../../core/index.ts'
import type { AppFileRow } from '../models/app-file.ts'
import type { AppFile, AppFiles, EndUser, FileInput } from '../ports.ts'
import { isUuid } from '../schemas/common.ts'
import { fileInput } from '../schemas/file.ts'
import { namedMediaType } from './file-kinds.ts'
import { extensionOf } from './file-names.ts'
import { acceptedAs, listedMethods, refused, refusedAll } from './file-rules.ts'

const LONGEST_NAME = 200

/** Throws 400 that says what is wrong with the form of it. */
const readInputs = (given: unknown): readonly FileInput[] => {
  if (!Array.isArray(given)) throw refusedAll('Files are a list of objects. Put a single one into a list: [{"type": …, "transfer_method": …}].')
  return given.map((one: unknown, at) => {
    const { error, value } = fileInput.validate(one) as { error?: Error; value: FileInput }
    if (error) throw refused(at, `${error.message.replaceAll('"', '')}. A file is {"type": …, "transfer_method": "local_file", "upload_file_id": …} or {"type": …, "transfer_method": "remote_url", "url": …}.`)
    return value
  })
}

/** The last part of the path, as a person would read it. */
const nameOf = (url: URL): string => {
  const part = url.pathname.split('/').findLast((one) => one !== '') ?? url.hostname
  let name = part
  try { name = decodeURIComponent(part) } catch { /* As it stands, then. */ }
  return [...name.replace(/[\p{Cc}\p{Cs}/\\]/gu, '')].slice(-LONGEST_NAME).join('') || url.hostname
}

export const fileResolution = service('apps.file-resolution', {
  uses: { db: database, client: httpClient },
  create: ({ db, client }): Pick<AppFiles, 'resolve'> => {
    /** Those of the owner alone; whoever names one keeps it from being swept until a message has it. */
    const uploaded = async (owner: EndUser, inputs: readonly FileInput[]): Promise<ReadonlyMap<string, AppFileRow>> => {
      const ids = inputs.flatMap(({ transfer_method, upload_file_id = '' }) => transfer_method === 'local_file' && isUuid(upload_file_id) ? [upload_file_id.toLowerCase()] : [])
      const rows = ids.length === 0 ? [] : await db.query<AppFileRow>(
        `WITH mine AS (SELECT id FROM app_files WHERE workspace_id = $1 AND app_id = $2 AND end_user_id = $3 AND id = ANY ($4::uuid[]) ORDER BY id FOR NO KEY UPDATE)
         UPDATE app_files f SET checked_at = now() FROM mine WHERE f.workspace_id = $1 AND f.id = mine.id RETURNING f.*`, [owner.workspaceId, owner.appId, owner.id, ids])
      return new Map(rows.map((row) => [row.id, row]))
    }
    const elsewhere = async (at: number, text: string): Promise<Omit<AppFile, 'type' | 'mimeType'> & { readonly mimeType: string | undefined }> => {
      if (!URL.canParse(text)) throw refused(at, 'url is not an address. Send one such as https://host/picture.png.')
      const url = new URL(text)
      // Nothing is fetched now; whoever fetches it asks again.
      try { await client.check(url.href) } catch (error) {
        throw refused(at, error instanceof OutboundRefused ? `url is refused. ${error.message}` : `url cannot be reached: ${(error as Error).message}`)
      }
      const name = nameOf(url)
      return { transferMethod: 'remote_url', url: url.href, uploadFileId: null, name, extension: extensionOf(name), mimeType: namedMediaType(extensionOf(name)), size: null }
    }
    return {
      resolve: async (owner, given, rules) => {
        const inputs = readInputs(given)
        if (inputs.length > rules.limit) throw refusedAll(`${inputs.length} files are more than are taken here. Send ${rules.limit === 1 ? 'one' : `${rules.limit} at most`}.`)
        for (const [at, { transfer_method }] of inputs.entries()) {
          if (rules.methods.length > 0 && !rules.methods.includes(transfer_method)) throw refused(at, `transfer_method ${transfer_method} is not taken here. Send it as: ${listedMethods(rules.methods)}.`)
        }
        const mine = await uploaded(owner, inputs)
        return Promise.all(inputs.map(async ({ type, transfer_method, url = '', upload_file_id = '' }, at): Promise<AppFile> => {
          if (transfer_method === 'remote_url') {
            const file = await elsewhere(at, url)
            const accepted = acceptedAs(at, type, file, rules)
            return { ...file, type: accepted, mimeType: file.mimeType ?? 'application/octet-stream' }
          }
          const row = mine.get(upload_file_id.toLowerCase())
          if (!row) {
            throw refused(at, `this user has uploaded no file ${JSON.stringify(upload_file_id)} to this app. A file belongs to the \`user\` who uploaded it: upload it and send it with the same \`user\`, and with a key of the same app.`)
          }
          const file = { name: row.name, extension: row.extension, mimeType: row.mime_type }
          return { ...file, type: acceptedAs(at, type, file, rules), transferMethod: 'local_file', url: null, uploadFileId: row.id, size: Number(row.size) }
        }))
      },
    }
  },
})
