/** The files of many documents as one ZIP archive, which is written while it is read: no file is ever in memory as a whole. */
import { PassThrough, pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { service, storage } from '../../../core/index.ts'
import { datasetErrors } from '../errors.ts'
import type { UploadFileRow } from '../models/document.ts'
import { documentItems } from './document-items.ts'
import { downloadName, extensionOf } from './file-names.ts'

export interface DocumentArchive {
  /** Throws 404 where the dataset lacks one of the documents, or one of them has no file. Whatever goes wrong later ends the stream with an error. */
  open(workspaceId: string, datasetId: string, ids: readonly string[]): Promise<Readable>
}

export const documentArchive = service('datasets.document-archive', {
  uses: { items: documentItems, storage },
  create: ({ items, storage }): DocumentArchive => {
    const write = async (files: readonly UploadFileRow[]): Promise<Readable> => {
      const { ZipFile } = await import('yazl')
      const zip = new ZipFile()
      let current: Readable | undefined
      // Where nobody reads any more, the file that is being read would stay open for ever.
      const output = pipeline(zip.outputStream, new PassThrough(), () => { current?.destroy() })
      zip.on('error', (error: Error) => { output.destroy(error) })
      const open = async ({ storage_key: key }: UploadFileRow): Promise<Readable> => {
        current = await storage.get(key)
        if (output.destroyed) current.destroy()
        return current.on('error', (error) => { output.destroy(error) })
      }
      const name = distinct()
      for (const file of files) {
        zip.addReadStreamLazy(name(downloadName(file.name, file.extension)), { mtime: file.created_at, size: Number(file.size) }, (give) => {
          open(file).then((stream) => { give(null, stream) }, (error: unknown) => { output.destroy(error as Error) })
        })
      }
      zip.end()
      return output
    }
    return {
      open: async (workspaceId, datasetId, ids) => {
        const wanted = [...new Set(ids)]
        const found = await items.find(workspaceId, datasetId, wanted)
        if (found.length < wanted.length) throw datasetErrors.documentNotFound()
        const files = found.flatMap(({ file }) => file ?? [])
        const sizes = await Promise.all(files.map(({ storage_key: key }) => storage.size(key)))
        if (files.length < wanted.length || sizes.includes(undefined)) throw datasetErrors.fileNotFound('One of these documents has no file. Leave it out, or send its content again.')
        return write(files)
      },
    }
  },
})

/** Gives each name once: the second `a.txt` is `a (1).txt`. Names that differ in case alone are the same where many people unpack. */
const distinct = (): (name: string) => string => {
  const taken = new Set<string>()
  return (name) => {
    const ending = extensionOf(name) === '' ? '' : name.slice(name.lastIndexOf('.'))
    const stem = name.slice(0, name.length - ending.length)
    let free = name
    for (let n = 1; taken.has(free.toLowerCase()); n += 1) free = `${stem} (${n})${ending}`
    taken.add(free.toLowerCase())
    return free
  }
}
