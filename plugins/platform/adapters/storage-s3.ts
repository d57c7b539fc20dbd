/** A bucket of Amazon S3, or of another server that speaks S3: for processes that share no disk. */
import Joi from 'joi'
import { defineAdapter, notYet, StartupError, storage } from '../../../core/index.ts'
import { isAway, openS3, reasonOf } from '../services/s3-objects.ts'
import type { S3Objects, S3Settings } from '../services/s3-objects.ts'

const FIXES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Create it, or correct adapters.storage.s3.bucket.',
  InvalidAccessKeyId: 'Correct adapters.storage.s3.accessKeyId, or AWS_ACCESS_KEY_ID where the configuration has none.',
  SignatureDoesNotMatch: 'Correct adapters.storage.s3.secretAccessKey, or AWS_SECRET_ACCESS_KEY where the configuration has none.',
  CredentialsProviderError: 'Set accessKeyId and secretAccessKey of adapters.storage.s3, or give the machine a role that may use the bucket.',
  AccessDenied: 'Allow this key s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on what is in it.',
  RequestTimeTooSkewed: "Set this machine's clock right.",
  PermanentRedirect: 'Set adapters.storage.s3.region to the region of the bucket.',
  AuthorizationHeaderMalformed: 'Set adapters.storage.s3.region to the region of the bucket.',
}

/** It is shown in messages. */
const withoutSecrets = (url: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
  new URL(url).username === '' ? url : helpers.message({ custom: 'takes no user and password; set accessKeyId and secretAccessKey' })

export const s3Storage = defineAdapter(storage, 's3', {
  options: Joi.object<S3Settings, true>({
    bucket: Joi.string().pattern(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'lower-case letters, digits, dots and dashes').required(),
    region: Joi.string().default('us-east-1'),
    endpoint: Joi.string().empty('').uri({ scheme: ['http', 'https'] }).custom(withoutSecrets),
    prefix: Joi.string().allow('').max(100).pattern(/^[a-z0-9_-][a-z0-9_.-]*(?:\/[a-z0-9_-][a-z0-9_.-]*)*$/, 'segments of a-z 0-9 _ . - joined by /').default(''),
    accessKeyId: Joi.string(),
    secretAccessKey: Joi.string(),
    forcePathStyle: Joi.boolean(),
  }).and('accessKeyId', 'secretAccessKey'),
  create: async (_deps, settings): Promise<S3Objects> => {
    const objects = await openS3(settings)
    try { await objects.probe() } catch (error) {
      objects.close()
      throw refusal(settings, error)
    }
    return objects
  },
  health: (value) => (value as S3Objects).health(),
  dispose: (value) => { (value as S3Objects).close() },
})

const refusal = ({ bucket, endpoint, region }: S3Settings, error: unknown): StartupError => {
  const place = `the bucket "${bucket}" ${endpoint === undefined ? `of Amazon S3 in ${region}` : `at ${endpoint}`}`
  const path = 'adapters.storage.s3'
  const reason = reasonOf(error)
  if (isAway(error)) return notYet({ path, message: `${place} cannot be reached: ${reason}`, fix: 'Start that server, or correct adapters.storage.s3.endpoint.' }, error)
  const fix = FIXES[(error as Error).name] ?? 'Look whether adapters.storage.s3.endpoint is the address of a server that speaks S3, and what its log says.'
  return new StartupError([{ path, message: `${place} cannot be used: ${reason}`, fix }], { exitCode: 1, cause: error })
}
