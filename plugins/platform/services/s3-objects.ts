/**
 * Files as objects of one bucket. Bytes pass through in parts of 5 MiB, two of them under way at a time, and an object appears once all
 * of them have arrived. Where S3 does not answer, calls fail with 503, and work again when it is back.
 */
import { Readable } from 'node:stream'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { errors, StorageNotFound } from '../../../core/index.ts'
import type { Storage } from '../../../core/index.ts'
import { checkKey } from './storage-key.ts'

export interface S3Settings {
  readonly bucket: string
  readonly region: string
  /** Of a server that speaks S3; Amazon's own where absent. */
  readonly endpoint?: string
  /** What all keys begin with, without a slash at the end. */
  readonly prefix: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly forcePathStyle?: boolean
}
export interface S3Objects extends Storage {
  /** Throws what S3 says where the bucket cannot be listed. */
  probe(): Promise<void>
  health(): Promise<void>
  close(): void
}

const PART = 5 * 1024 * 1024
/** Milliseconds. `answer` is for a request without a body, `part` for one with a part of a file, `idle` for a body that stands still. */
const LIMITS = { connect: 5_000, answer: 10_000, part: 60_000, idle: 120_000, health: 4_000 }

export const openS3 = async (settings: S3Settings, limits = LIMITS): Promise<S3Objects> => {
  // Not at the top of the file: who stores elsewhere need not wait for it, nor keep it in memory.
  const [sdk, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')])
  const client: S3Client = new sdk.S3Client(clientOptions(settings, limits))
  const brief = { requestTimeout: limits.answer }
  const { bucket: Bucket, prefix } = settings
  const at = (key: string): { Bucket: string; Key: string } => {
    checkKey(key)
    return { Bucket, Key: prefix === '' ? key : `${prefix}/${key}` }
  }
  /** HEAD says 404 of a missing bucket too. That nothing is there may be said only of a bucket that is. */
  const nothingThere = async (): Promise<void> => { await client.send(new sdk.HeadBucketCommand({ Bucket }), brief) }

  return {
    put: async (key, body) => {
      const place = at(key)
      const source = tap(body)
      try {
        await new Upload({ client, params: { ...place, Body: source.stream }, partSize: PART, queueSize: 2 }).done()
        return { size: source.size() }
      } catch (error) {
        // A body that broke off is the caller's to know; what S3 then said of the parts that it had is not.
        throw source.failure() ?? explained(error)
      } finally { if (!Buffer.isBuffer(body)) body.destroy() }
    },
    get: async (key) => {
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand(at(key)), brief)
        return Body as Readable
      } catch (error) { throw isNothing(error) ? new StorageNotFound(key) : explained(error) }
    },
    size: async (key) => {
      try {
        const { ContentLength } = await client.send(new sdk.HeadObjectCommand(at(key)), brief)
        return ContentLength
      } catch (error) {
        if (!isNothing(error)) throw explained(error)
        await nothingThere().catch((cause: unknown) => { throw explained(cause) })
        return undefined
      }
    },
    delete: async (key) => {
      try { await client.send(new sdk.DeleteObjectCommand(at(key)), brief) } catch (error) { if (!isNothing(error)) throw explained(error) }
    },
    // It lists rather than asks for the bucket: the answer has words in it, and without that right an absent file looks like a forbidden one.
    probe: async () => { await client.send(new sdk.ListObjectsV2Command({ Bucket, MaxKeys: 1, ...prefix === '' ? {} : { Prefix: `${prefix}/` } }), brief) },
    health: async () => {
      const abortSignal = AbortSignal.timeout(limits.health)
      await client.send(new sdk.HeadBucketCommand({ Bucket }), { abortSignal }).catch((error: unknown) => { throw new Error(`the bucket "${Bucket}" does not answer: ${reasonOf(error)}`, { cause: error }) })
    },
    close: () => { client.destroy() },
  }
}

const clientOptions = ({ region, endpoint, accessKeyId, secretAccessKey, forcePathStyle }: S3Settings, limits: typeof LIMITS): S3ClientConfig => ({
  region,
  forcePathStyle: forcePathStyle ?? endpoint !== undefined,
  // Parts are small: asking first whether they are welcome costs a round trip and a connection each.
  expectContinueHeader: false,
  requestHandler: { connectionTimeout: limits.connect, requestTimeout: limits.part, socketTimeout: limits.idle, throwOnRequestTimeout: true },
  ...accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } },
  // Amazon's newer checksums are not known to every server that speaks S3.
  ...endpoint === undefined ? {} : { endpoint, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' },
})

/** Counts the bytes of a body, and remembers whether it was the body that failed. */
const tap = (body: Readable | Buffer): { readonly stream: Readable; size(): number; failure(): Error | undefined } => {
  let size = 0
  let failure: Error | undefined
  const chunks = (Buffer.isBuffer(body) ? Readable.from([body]) : body)[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>
  // By hand: what stops the uploader ends a generator at its `yield`, and would look like the body's own error to a loop around it.
  const next = (): Promise<IteratorResult<Buffer | string>> => chunks.next().catch((error: unknown) => {
    failure = error as Error
    throw error
  })
  const stream = Readable.from((async function* () {
    for (let step = await next(); step.done !== true; step = await next()) {
      const part = typeof step.value === 'string' ? Buffer.from(step.value) : step.value
      size += part.length
      yield part
    }
  })(), { objectMode: false })
  return { stream, size: () => size, failure: () => failure }
}

interface Said { readonly name?: string; readonly message?: string; readonly code?: string; readonly errors?: readonly Error[]; readonly $metadata?: { readonly httpStatusCode?: number } }
const statusOf = (error: unknown): number | undefined => (error as Said).$metadata?.httpStatusCode
const isNothing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes((error as Said).name ?? '') && statusOf(error) === 404

/** Whether it may pass: nobody answers, or somebody who cannot serve now. */
export const isAway = (error: unknown): boolean => {
  const { name = '', code, errors: tried } = error as Said
  const status = statusOf(error)
  return status === undefined ? code !== undefined || tried !== undefined || ['TimeoutError', 'AbortError'].includes(name) : status >= 500 || status === 429
}
/** What S3, or the way to it, says, in one line. */
export const reasonOf = (error: unknown): string => {
  const { name = 'Error', message = '', errors: tried } = error as Said
  // An address that has several machines fails once for each.
  if (tried && tried.length > 0) return tried.map((one) => one.message).join('; ')
  const status = statusOf(error)
  return [['Error', 'UnknownError', 'Unknown'].includes(name) ? '' : name, message === 'UnknownError' ? '' : message.split('\n', 1)[0], status === undefined ? '' : `(HTTP ${status})`].filter(Boolean).join(' ')
}
const explained = (error: unknown): Error => isAway(error)
  ? errors.unavailable('The store of files does not answer; try again.', { cause: error })
  : new Error(`S3 refuses: ${reasonOf(error)}`, { cause: error })
