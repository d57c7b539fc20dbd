/** Files that the console sends before they become documents. */
import { route, serverConfig } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import { presentFile } from '../presenters/document.ts'
import { fileItem } from '../schemas/document.ts'
import { fileLimits, filePreview, fileTypes, MOST_FILES, sentFile, sentFileParams } from '../schemas/ingest.ts'
import { estimates } from '../services/estimates.ts'
import { formats } from '../services/formats.ts'
import { uploads } from '../services/uploads.ts'
import { ownerOf } from './datasets.ts'

const inConsole = { surface: 'console', credential: 'account', resource: 'workspace' } as const
const MEGABYTE = 1024 * 1024

export const consoleFileRoutes = [
  route({
    ...inConsole, method: 'POST', path: '/files/upload', access: 'file:create',
    summary: 'Send a file that is to become a document',
    description: 'A form with the file in `file`. It waits for a day, unless the operator chose otherwise, to become a document; then it is removed.',
    uses: { uploads },
    upload: { field: 'file', required: true },
    body: sentFile, reply: fileItem, status: 201,
    handle: async ({ actor, files: [file] }, { uploads }) => presentFile(await uploads.receive(ownerOf(actor), file)),
  }),
  route({
    ...inConsole, method: 'GET', path: '/files/upload', access: 'file:read',
    summary: 'How large a file may be, in megabytes, and how many files may become documents at once',
    uses: { server: serverConfig },
    reply: fileLimits,
    handle: (_call, { server }) => ({ file_size_limit: Math.floor(server.uploadBytes / MEGABYTE * 100) / 100, batch_count_limit: MOST_FILES }),
  }),
  route({
    ...inConsole, method: 'GET', path: '/files/support-type', access: 'file:read',
    summary: 'Which files can be read, by the ending of their name',
    uses: { formats },
    reply: fileTypes,
    handle: (_call, { formats }) => ({ allowed_extensions: [...formats.supported()] }),
  }),
  route({
    ...inConsole, method: 'GET', path: '/files/{file_id}/preview', access: 'file:read', params: sentFileParams,
    summary: 'The first 3,000 characters of what is read of a file',
    description: 'Of one that waits to become a document, and of one that is a document of a knowledge base that you may see.',
    uses: { uploads, estimates },
    reply: filePreview, errors: [datasetErrors.uploadNotFound],
    handle: async ({ actor, params, signal }, { uploads, estimates }) => {
      const [file] = await uploads.find(actor, [params.file_id])
      if (!file) throw datasetErrors.uploadNotFound()
      return { content: await estimates.text(file, signal) }
    },
  }),
]
