/**
 * A server that speaks S3, of a test's own: s3rver, and in front of it what s3rver leaves out. It takes any signature of version 4 and
 * requests without one, writes objects in place, calls a part stored before it is, and knows no way to give a multipart upload up.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { freePort } from './processes.ts'

interface StoredObject { readonly bucket: string; readonly key: string; readonly content: Readable | Buffer; readonly metadata: object }
interface Stored { readonly size: number; readonly md5: string }
interface Store {
  getResourcePath(bucket: string, key: string | undefined, kind: string): string
  putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>
  putObject(object: StoredObject): Promise<Stored>
  putPart(bucket: string, uploadId: string, part: string, content: Readable): Promise<Stored>
}
interface Served { readonly store: Store; configureBuckets(): Promise<unknown>; callback(): RequestListener; on(event: 'error', listener: () => void): void }
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => Served

/** A request to be answered by the test: true where it did. */
export type Intercept = (req: IncomingMessage, res: ServerResponse) => boolean
export interface OwnS3 {
  readonly endpoint: string
  readonly bucket: string
  /** What an adapter needs to be told. */
  readonly options: { readonly endpoint: string; readonly bucket: string; readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Method and path of every request so far. */
  readonly requests: string[]
  /** Multipart uploads that were begun, and neither completed nor given up. */
  uploads(): string[]
  intercept(by: Intercept | undefined): void
  start(): Promise<void>
  /** Connections are cut; what was stored stays. */
  stop(): Promise<void>
  remove(): Promise<void>
}

/** @param started false for one that is only a port so far */
export const ownS3 = async ({ started = true }: { started?: boolean } = {}): Promise<OwnS3> => {
  const [port, directory] = [await freePort(), await mkdtemp(join(tmpdir(), 'mortise-s3-'))]
  const [endpoint, bucket, accessKeyId, secretAccessKey] = [`http://127.0.0.1:${port}`, `test-${randomUUID()}`, 'a-key', randomUUID()]
  const s3 = new S3rver({ directory, silent: true, configureBuckets: [{ name: bucket }] })
  // Koa would print what clients cause, such as a connection that was cut.
  s3.on('error', () => undefined)
  mend(s3.store, directory)
  await s3.configureBuckets()
  const [answer, requests] = [s3.callback(), [] as string[]]
  const uploadsFolder = s3.store.getResourcePath(bucket, undefined, 'uploads')
  let by: Intercept | undefined
  let server: Server | undefined

  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    requests.push(`${req.method ?? ''} ${req.url ?? ''}`)
    if (by?.(req, res)) return
    const wrong = unsigned(req, accessKeyId, secretAccessKey)
    if (wrong) { refuse(req, res, wrong); return }
    const uploadId = new URL(req.url ?? '', endpoint).searchParams.get('uploadId')
    // s3rver knows it for an operation of the registry of nobody.
    req.headers.authorization = (req.headers.authorization ?? '').replace(accessKeyId, 'S3RVER')
    if (req.method === 'DELETE' && uploadId !== null) void rm(join(uploadsFolder, uploadId), { recursive: true, force: true }).then(() => { res.writeHead(204).end() })
    else answer(req, res)
  }
  const self: OwnS3 = {
    endpoint, bucket, requests, options: { endpoint, bucket, accessKeyId, secretAccessKey },
    uploads: () => existsSync(uploadsFolder) ? readdirSync(uploadsFolder) : [],
    intercept: (how) => { by = how },
    start: async () => {
      server = createServer(serve).listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    stop: async () => {
      if (!server?.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    remove: async () => {
      await self.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
  if (started) await self.start()
  return self
}

/** An object appears whole or not at all, and nothing is called stored before it is. */
const mend = (store: Store, directory: string): void => {
  const write = async (content: Readable | Buffer, path: string): Promise<Stored> => {
    const [unfinished, hash] = [join(directory, `${randomUUID()}.unfinished`), createHash('md5')]
    let size = 0
    await pipeline(Buffer.isBuffer(content) ? Readable.from([content]) : content, async function* (parts: AsyncIterable<Buffer>) {
      for await (const part of parts) {
        hash.update(part)
        size += part.length
        yield part
      }
    }, createWriteStream(unfinished))
    await mkdir(dirname(path), { recursive: true })
    await rename(unfinished, path)
    return { size, md5: hash.digest('hex') }
  }
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const stored = await write(content, store.getResourcePath(bucket, key, 'object'))
    await store.putMetadata(bucket, key, metadata, stored.md5)
    return stored
  }
  store.putPart = async (bucket, uploadId, part, content) => {
    const path = join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId, part)
    const stored = await write(content, path)
    await writeFile(`${path}.md5`, stored.md5)
    return stored
  }
}

const refuse = (req: IncomingMessage, res: ServerResponse, code: string): void => {
  req.resume()
  res.writeHead(403, { 'content-type': 'application/xml' })
  res.end(req.method === 'HEAD' ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>the signature says so</Message></Error>`)
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
/** Why a request is not signed as AWS Signature Version 4 wants it, by the code that S3 has for that. */
const unsigned = (req: IncomingMessage, accessKeyId: string, secret: string): string | undefined => {
  const { authorization = '' } = req.headers
  const [, key, scope = '', signed = '', signature] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(authorization) ?? []
  if (key === undefined) return 'AccessDenied'
  if (key !== accessKeyId) return 'InvalidAccessKeyId'
  const [path = '', query = ''] = (req.url ?? '').split('?')
  const canonical = [
    req.method, path, query.split('&').map((pair) => pair.includes('=') || pair === '' ? pair : `${pair}=`).sort().join('&'),
    ...signed.split(';').map((name) => `${name}:${String(req.headers[name] ?? '').trim().replace(/ +/g, ' ')}`), '', signed, req.headers['x-amz-content-sha256'],
  ].join('\n')
  const [date = '', region = '', service = '', last = ''] = scope.split('/')
  const signing = [region, service, last].reduce(hmac, hmac(`AWS4${secret}`, date))
  const expected = hmac(signing, ['AWS4-HMAC-SHA256', req.headers['x-amz-date'], scope, sha256(canonical)].join('\n')).toString('hex')
  return expected === signature ? undefined : 'SignatureDoesNotMatch'
}
