/** Files among inputs, with links that serve them now. */
import { database, service } from '../../../core/index.ts'
import { appFiles } from '../../apps/ports.ts'
import { isUuid } from '../text/ids.ts'

type Inputs = Record<string, unknown>
export interface InputLinks {
  /**
   * The rows, whose inputs have fresh links. Only files that were sent in the same conversation get one: an input may be any object, and say of
   * itself that it is somebody else's file.
   */
  fresh<T extends { readonly workspace_id: string; readonly inputs: Inputs }>(rows: readonly T[], conversation: (row: T) => string): Promise<readonly T[]>
}

interface Upload { readonly upload_file_id: string }
const isUpload = (value: unknown): value is Upload =>
  typeof value === 'object' && value !== null && 'upload_file_id' in value && typeof value.upload_file_id === 'string' && isUuid(value.upload_file_id)
const uploadsIn = (inputs: Inputs): Upload[] => Object.values(inputs).flat().filter(isUpload)

export const inputLinks = service('chat.inputLinks', {
  uses: { db: database, files: appFiles },
  create: ({ db, files }): InputLinks => ({
    fresh: async (rows, conversation) => {
      const some = rows.filter(({ inputs }) => uploadsIn(inputs).length > 0)
      const [first] = some
      if (!first) return rows
      const sent = await db.query<{ id: string }>(
        `SELECT DISTINCT m.conversation_id || '/' || f.upload_file_id AS id
         FROM messages m JOIN message_files f ON f.workspace_id = m.workspace_id AND f.message_id = m.id
         WHERE m.workspace_id = $1 AND m.conversation_id = ANY ($2::uuid[]) AND f.upload_file_id = ANY ($3::uuid[])`,
        [first.workspace_id, some.map(conversation), some.flatMap(({ inputs }) => uploadsIn(inputs).map(({ upload_file_id: id }) => id))])
      const known = new Set(sent.map(({ id }) => id))
      return rows.map((row) => {
        const linked = (value: unknown): unknown => isUpload(value) && known.has(`${conversation(row)}/${value.upload_file_id}`)
          ? { ...value, url: files.link(row.workspace_id, value.upload_file_id) } : value
        return { ...row, inputs: Object.fromEntries(Object.entries(row.inputs).map(([name, value]) => [name, Array.isArray(value) ? value.map(linked) : linked(value)])) }
      })
    },
  }),
})
