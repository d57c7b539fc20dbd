/** Files in a bucket: through outages, without loss, and without filling the memory. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Readable } from 'node:stream'
import { buffer, text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { storage, StorageNotFound } from '../core/index.ts'
import type { HttpError, StartupError, Storage } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { openS3 } from '../plugins/platform/services/s3-objects.ts'
import { alone } from './support/alone.ts'
import { ownS3 } from './support/s3-server.ts'
import type { OwnS3 } from './support/s3-server.ts'

const onS3 = (options: object, server: Record<string, unknown> = {}) => ({ ...alone, server, adapters: { ...alone.adapters, storage: { s3: { ...options } } } })
const text = async (files: Storage, key: string): Promise<string> => (await buffer(await files.get(key))).toString()
const MIB = 1024 * 1024
const stream = (mebibytes: number, at: (mebibyte: number) => void = () => undefined): Readable => Readable.from((async function* () {
  for (let made = 0; made < mebibytes; made++) {
    at(made)
    yield Buffer.alloc(MIB, made)
  }
})(), { objectMode: false })

let s3: OwnS3
let app: TestApp
let files: Storage
test.before(async () => {
  s3 = await ownS3()
  app = await testApp({ config: onS3({ ...s3.options, prefix: 'some/place' }) })
  files = app.resolve(storage)
})
test.after.always(async () => {
  await app.close()
  await s3.remove()
})

test.serial('files lie under the prefix, and another prefix does not see them', async (t) => {
  await files.put('a/b', Buffer.from('here'))
  t.true(s3.requests.includes(`PUT /${s3.bucket}/some/place/a/b?x-id=PutObject`), s3.requests.at(-1))
  const other = await testApp({ config: onS3(s3.options) })
  t.teardown(() => other.close())
  t.is(await other.resolve(storage).size('a/b'), undefined)
  t.is(await text(other.resolve(storage), 'some/place/a/b'), 'here')
})

test.serial('a body that breaks off leaves what was there, and no parts that somebody would pay for', async (t) => {
  await files.put('kept', Buffer.from('old'))
  const error = new Error('the disk broke')
  await t.throwsAsync(files.put('kept', stream(20, (at) => { if (at === 17) throw error })), { is: error })
  t.true(s3.requests.some((request) => request.includes('partNumber=2')), 'parts had arrived')
  t.deepEqual(s3.uploads(), [])
  t.is(await text(files, 'kept'), 'old')
})

test.serial('while S3 is away calls fail at once with 503, readiness says so, and all works again when it is back', async (t) => {
  await files.put('outlives', Buffer.from('an outage'))
  const cut = stream(30, (at) => { if (at === 12) void s3.stop() })
  t.is((await t.throwsAsync<HttpError>(files.put('x', cut))).status, 503)
  t.true(cut.destroyed)
  const half = stream(3)
  for (const call of [() => files.put('x', half), () => files.put('x', stream(20)), () => files.get('outlives'), () => files.size('outlives'), () => files.delete('outlives')]) {
    const started = Date.now()
    const error = await t.throwsAsync<HttpError>(call())
    t.is(error.status, 503)
    t.true(Date.now() - started < 5_000)
  }
  t.true(half.destroyed, 'nobody will read it any more')
  const unready = await app.fetch('/readyz')
  t.regex((await unready.json() as { checks: Record<string, string> }).checks['storage'] ?? '', /the bucket "test-.*" does not answer: .*ECONNREFUSED/)
  await s3.start()
  t.is(await text(files, 'outlives'), 'an outage')
  t.is((await app.fetch('/readyz')).status, 200)
  t.is(await files.size('x'), undefined)
})

test.serial('what breaks off in the middle of an answer is an error to its reader, and one that stands still does not stay', async (t) => {
  await files.put('long', stream(8))
  t.teardown(() => { s3.intercept(undefined) })
  s3.intercept((req, res) => {
    if (req.method !== 'GET') return false
    res.writeHead(200, { 'content-length': 8 * MIB })
    res.write(Buffer.alloc(MIB), () => setTimeout(() => { res.destroy() }, 50))
    return true
  })
  await t.throwsAsync(async () => buffer(await files.get('long')))
  let seen = 0
  s3.intercept(() => { seen += 1; return true })
  const started = Date.now()
  const checks = (await (await app.fetch('/readyz')).json() as { checks: Record<string, string> }).checks
  t.regex(checks['storage'] ?? '', /does not answer/)
  t.true(seen >= 1 && Date.now() - started < 6_000)
})

test.serial('an S3 that takes a request and says no more is given up', async (t) => {
  const impatient = await openS3({ ...s3.options, region: 'us-east-1', prefix: '' }, { connect: 300, answer: 300, part: 300, idle: 300, health: 300 })
  t.teardown(() => { s3.intercept(undefined); impatient.close() })
  s3.intercept(() => true)
  for (const call of [() => impatient.put('a', Buffer.from('a')), () => impatient.put('a', stream(11)), () => impatient.get('a'), () => impatient.size('a'), () => impatient.delete('a')]) {
    t.is((await t.throwsAsync<HttpError>(call())).status, 503)
  }
  s3.intercept((_req, res) => { res.writeHead(200, { 'content-length': 2 }).write('a'); return true })
  const started = Date.now()
  await t.throwsAsync(async () => buffer(await impatient.get('a')))
  t.true(Date.now() - started < 3_000)
})

test.serial('that a file is absent is said only of a bucket that exists', async (t) => {
  t.teardown(() => { s3.intercept(undefined) })
  s3.intercept((req, res) => {
    req.resume()
    res.writeHead(404, { 'content-type': 'application/xml' })
    res.end(req.method === 'HEAD' ? undefined : '<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>')
    return true
  })
  for (const call of [() => files.get('a'), () => files.size('a'), () => files.delete('a'), () => files.put('a', Buffer.from('a'))]) {
    const error = await t.throwsAsync(call())
    t.false(error instanceof StorageNotFound)
    t.regex(error.message, /S3 refuses: (NoSuchBucket gone|NotFound) \(HTTP 404\)/)
  }
})

test.serial('64 MiB pass through in little memory, in and out', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => { collect(); const { arrayBuffers, heapUsed } = process.memoryUsage(); return (arrayBuffers + heapUsed) / MIB }
  const before = used()
  let peak = before
  const measure = (at: number): void => { if (at % 4 === 3) peak = Math.max(peak, used()) }
  t.deepEqual(await files.put('large', stream(64, measure)), { size: 64 * MIB })
  const [wrote, seen] = [peak - before, { bytes: 0, wrong: 0 }]
  peak = before
  for await (const chunk of await files.get('large') as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += 4096) if (chunk[at] !== Math.floor((seen.bytes + at) / MIB)) seen.wrong += 1
    if (Math.floor((seen.bytes + chunk.length) / MIB / 8) > Math.floor(seen.bytes / MIB / 8)) peak = Math.max(peak, used())
    seen.bytes += chunk.length
  }
  t.deepEqual(seen, { bytes: 64 * MIB, wrong: 0 })
  t.log(`put took ${wrote.toFixed(1)} MiB more, get ${(peak - before).toFixed(1)} MiB`)
  // The server, with buffers of its own, is in the same process.
  t.true(wrote < 48 && peak - before < 48)
})

test.serial('a start says what is wrong with the bucket, and what to do', async (t) => {
  const said = async (options: object): Promise<string> => {
    const error = await t.throwsAsync<StartupError>(testApp({ config: onS3({ ...s3.options, ...options }, { waitMs: 0 }) }).then((it) => it.close()))
    t.is(error.exitCode, 1)
    return error.message
  }
  t.regex(await said({ secretAccessKey: 'wrong' }), /the bucket ".*" at http.* cannot be used: SignatureDoesNotMatch .*\n.*secretAccessKey/)
  t.regex(await said({ accessKeyId: 'wrong' }), /InvalidAccessKeyId .*\n.*accessKeyId/)
  t.regex(await said({ bucket: 'nowhere' }), /the bucket "nowhere" .* NoSuchBucket .*\n.*Create it/)
  t.regex(await said({ endpoint: app.url }), /cannot be used: .*\n.*speaks S3/)
  t.regex(await said({ endpoint: 'http://127.0.0.1:1' }), /cannot be reached: .*ECONNREFUSED.*\n.*Start that server/)
  for (const wrong of [{ bucket: 'A' }, { accessKeyId: undefined }, { endpoint: 'ftp://x' }, { prefix: '../x' }, { prefix: 'a/' }]) {
    const error = await t.throwsAsync<StartupError>(testApp({ config: onS3({ ...s3.options, ...wrong }) }).then((it) => it.close()))
    t.is(error.exitCode, 2, JSON.stringify(wrong))
  }
})

test.serial('a start waits for an S3 that is starting too', async (t) => {
  const late = await ownS3({ started: false })
  t.teardown(() => late.remove())
  setTimeout(() => { void late.start() }, 1_500)
  const waiting = await testApp({ config: onS3(late.options, { waitMs: 20_000 }) })
  t.teardown(() => waiting.close())
  const name = randomUUID()
  await waiting.resolve(storage).put(name, Buffer.from('at last'))
  t.is(await text(waiting.resolve(storage), name), 'at last')
})

test('who stores elsewhere does not load the SDK', async (t) => {
  const child = spawn(process.execPath, ['--import=@oxc-node/core/register', '--input-type=module', '--eval', `
    import { createRequire } from 'node:module'
    const { cache } = createRequire(import.meta.url)
    const loaded = () => Object.keys(cache).some((file) => file.includes('@aws-sdk'))
    const { default: platform } = await import('./plugins/platform/index.ts')
    const before = loaded()
    await platform.adapters.find(({ name }) => name === 's3').create({}, { bucket: 'x', region: 'x', prefix: '', endpoint: 'http://127.0.0.1:1', accessKeyId: 'x', secretAccessKey: 'x' }).catch(() => undefined)
    console.log(before, loaded())`], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'ignore'] })
  t.is(await readText(child.stdout), 'false true\n')
})
