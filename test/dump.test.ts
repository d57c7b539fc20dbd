/**
 * Everything that opens a door, once made or used, lies nowhere: not in the database, not in Redis, not in a log at any level, and in no
 * file but those that are there to tell the operator.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { Redis } from 'ioredis'
import pg from 'pg'
import { freePort, mortise, serving } from './support/processes.ts'

const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl } = process.env
const setting = { owner: 'ada@example.org', guest: 'bob@example.org', renamed: 'bobby@example.org' }

interface Answer { readonly status: number; readonly body: any; readonly cookies: Record<string, string> }
/** What was ever told to somebody as a secret, with the name under which a failure names it. */
const secrets = new Map<string, string>()
const keep = (name: string, secret: unknown): string => {
  if (typeof secret !== 'string' || secret.length < 6) throw new Error(`${name} is no secret: ${String(secret)}`)
  secrets.set(`${name} (${secrets.size})`, secret)
  return secret
}

const call = (url: string) => async (method: string, path: string, { json, headers = {} }: { json?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> => {
  const response = await fetch(url + path, {
    method, headers: { ...json === undefined ? {} : { 'content-type': 'application/json' }, ...headers }, ...json === undefined ? {} : { body: JSON.stringify(json) },
  })
  const text = await response.text()
  const cookies = Object.fromEntries(response.headers.getSetCookie().map((cookie) => (cookie.split(';')[0] ?? '').split(/=(.*)/s).slice(0, 2) as [string, string]))
  for (const [name, value] of Object.entries(cookies)) if (value !== '') keep(`cookie ${name}`, value)
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown, cookies }
}
const sessionOf = ({ cookies }: Answer): Record<string, string> =>
  ({ cookie: Object.entries(cookies).map((pair) => pair.join('=')).join('; '), 'x-csrf-token': cookies['csrf_token'] ?? '' })
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** All bytes below a folder, by path, but for what `told` names. */
const files = async (folder: string, told: readonly string[]): Promise<Map<string, Buffer>> => {
  const found = new Map<string, Buffer>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !told.some((one) => path.startsWith(join(folder, one)))) found.set(path, await readFile(path))
  }
  return found
}
/** Every row of every table, whichever plugin or library made it. */
const rows = async (url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
    const texts: string[] = []
    for (const { name } of tables.rows) texts.push(...(await client.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} AS t`)).rows.map(({ text }) => `${name} ${text}`))
    return texts.join('\n')
  } finally { await client.end() }
}
/** Names and values of all keys with the prefix, as Redis would give them to whoever copies it. */
const entries = async (url: string, prefix: string): Promise<Buffer> => {
  const redis = new Redis(url)
  try {
    const found: Buffer[] = []
    for await (const names of redis.scanStream({ match: `*${prefix}*`, count: 1000 })) {
      for (const name of names as string[]) found.push(Buffer.from(name), await redis.dumpBuffer(name).then((value) => value as Buffer | null ?? Buffer.alloc(0)))
    }
    return Buffer.concat(found)
  } finally { redis.disconnect() }
}
/** As it stands, and as it would stand in a URL, in hex, or once more encoded. */
const formsOf = (secret: string): string[] => [secret, encodeURIComponent(secret), base64(secret).replace(/=+$/, ''), Buffer.from(secret).toString('hex')]
const leaks = (where: string, haystack: Buffer | string): string[] =>
  [...secrets].flatMap(([name, secret]) => formsOf(secret).some((form) => haystack.includes(form)) ? [`${name} lies in ${where}`] : [])

test('the search finds a secret in each of its forms, and nothing where nothing is', (t) => {
  keep('planted', 'planted-secret-0123456789')
  for (const form of formsOf('planted-secret-0123456789')) t.is(leaks('here', Buffer.from(`xx${form}yy`)).length, 1)
  t.deepEqual(leaks('here', 'planted-secret-012345678'), [])
  secrets.clear()
})

test.serial('what opens a door lies in no table, no cache, no log and no file', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-dump-'))
  const prefix = `dump-${randomUUID()}`
  const database = databaseUrl === undefined ? undefined : Object.assign(new URL(databaseUrl), { pathname: `/mortise_dump_${randomUUID().replaceAll('-', '')}` }).href
  const asAdmin = async (sql: string): Promise<void> => {
    if (databaseUrl === undefined) return
    const admin = new pg.Client({ connectionString: databaseUrl })
    await admin.connect()
    try { await admin.query(sql) } finally { await admin.end() }
  }
  const name = database === undefined ? '' : new URL(database).pathname.slice(1)
  await asAdmin(`CREATE DATABASE ${name}`)
  t.teardown(async () => {
    await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await rm(dataDir, { recursive: true, force: true })
  })
  const config = join(dataDir, 'config.json')
  const declared = { owner: { email: setting.owner, name: 'Ada', password: { env: 'OWNER_PASSWORD' } } }
  const adapters = { keyScope: { grants: {} }, ...redisUrl === undefined ? {} : { cache: { layered: { redis: redisUrl, prefix } }, queue: { bull: { redis: redisUrl, prefix } }, signal: { redis: { url: redisUrl, prefix } }, rateLimiter: { redis: { url: redisUrl, prefix } } } }
  await writeFile(config, JSON.stringify({ provision: declared, adapters }))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const [password, secretKey, keyPepper] = [keep('password', `correct horse ${randomUUID()} 42`), keep('secret key', randomUUID() + randomUUID()), keep('pepper', randomUUID() + randomUUID())]
  const server = mortise(['start'], {
    DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'debug', MORTISE_CONFIG: config, SECRET_KEY: secretKey, KEY_PEPPER: keyPepper, OWNER_PASSWORD: password,
    ...database === undefined ? {} : { DATABASE_URL: database },
  })
  t.teardown(() => server.child.kill('SIGKILL'))
  await serving(url, server)
  const ask = call(url)
  const console = (method: string, path: string, headers: Record<string, string>, json?: unknown): Promise<Answer> => ask(method, `/console/api${path}`, { headers, ...json === undefined ? {} : { json } })
  const good = (answer: Answer): Answer => {
    t.true(answer.status < 300, `${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }
  const signIn = async (email: string, secret: string): Promise<Answer> => ask('POST', '/console/api/login', { json: { email, password: base64(secret) } })
  /** The code of the newest mail to an address. */
  const codeFor = async (email: string): Promise<string> => {
    for (let tries = 0; tries < 100; tries++) {
      const mails = await Promise.all((await readdir(join(dataDir, 'mail')).catch(() => [])).sort().map((file) => readFile(join(dataDir, 'mail', file), 'utf8')))
      const code = /\b\d{6}\b/.exec(mails.filter((mail) => mail.includes(email)).at(-1) ?? '')?.[0]
      if (code !== undefined) return keep('code', code)
      await new Promise((done) => setTimeout(done, 50))
    }
    throw new Error(`no mail to ${email}`)
  }

  // Signing in, well and badly; going on; out.
  t.is((await signIn(setting.owner, keep('wrong password', `wrong ${randomUUID()}`))).status, 401)
  let session = sessionOf(good(await signIn(setting.owner, password)))
  session = sessionOf(good(await console('POST', '/refresh-token', session)))

  // Keys: made, used, refused, changed, rotated, garbage.
  const dataset = keep('key', good(await console('POST', '/datasets/api-keys', session, {})).body.token)
  const made = good(await ask('POST', '/v1/datasets', { headers: { authorization: `Bearer ${dataset}` }, json: { name: 'One', indexing_technique: 'economy' } }))
  const grants = [{ dataset_id: made.body.id as string, rights: ['read'] }]
  const narrow = good(await console('POST', '/datasets/api-keys', session, { grants, rate_limit: 50, name: 'narrow' }))
  const tokens = [keep('key', narrow.body.token), keep('rotated key', good(await console('POST', `/datasets/api-keys/${narrow.body.id as string}/rotate`, session, { overlap_seconds: 60 })).body.token)]
  const garbage = keep('unknown key', `dataset-${'a'.repeat(30)}`)
  for (const token of [...tokens, garbage]) for (const path of ['/v1/datasets', `/v1/datasets/${made.body.id as string}`, '/v1/whoami', `/v1/datasets?api_key=${token}`]) await ask('GET', path, { headers: { authorization: `Bearer ${token}` } })
  await ask('DELETE', `/v1/datasets/${made.body.id as string}`, { headers: { authorization: `Bearer ${tokens[0] ?? ''}` } })
  await ask('GET', '/v1/datasets', { headers: { authorization: `Basic ${base64(`x:${garbage}`)}` } })

  // An invitation, accepted; a forgotten password; a changed address; a sign-in by code.
  const [invitation] = good(await console('POST', '/workspaces/current/members/invite-email', session, { emails: [setting.guest], role: 'editor' })).body.invitation_results as { token: string }[]
  const guestPassword = keep('password', `another horse ${randomUUID()} 42`)
  good(await ask('POST', '/console/api/activate', { json: { token: keep('invitation', invitation?.token), email: setting.guest, name: 'Bob', password: guestPassword } }))
  const forgot = keep('token', good(await ask('POST', '/console/api/forgot-password', { json: { email: setting.guest } })).body.data)
  const valid = keep('token', good(await ask('POST', '/console/api/forgot-password/validity', { json: { email: setting.guest, code: await codeFor(setting.guest), token: forgot } })).body.token)
  const chosen = keep('password', `third horse ${randomUUID()} 42`)
  good(await ask('POST', '/console/api/forgot-password/resets', { json: { token: valid, new_password: chosen, password_confirm: chosen } }))
  const guest = sessionOf(good(await signIn(setting.guest, chosen)))
  const first = keep('token', good(await console('POST', '/account/change-email', guest, { email: setting.guest, phase: 'old_email' })).body.data)
  const owned = keep('token', good(await console('POST', '/account/change-email/validity', guest, { email: setting.guest, code: await codeFor(setting.guest), token: first })).body.token)
  const second = keep('token', good(await console('POST', '/account/change-email', guest, { email: setting.renamed, phase: 'new_email', token: owned })).body.data)
  const confirmed = keep('token', good(await console('POST', '/account/change-email/validity', guest, { email: setting.renamed, code: await codeFor(setting.renamed), token: second })).body.token)
  good(await console('POST', '/account/change-email/reset', guest, { new_email: setting.renamed, token: confirmed }))
  const byCode = keep('token', good(await ask('POST', '/console/api/email-code-login', { json: { email: setting.renamed } })).body.data)
  await ask('POST', '/console/api/email-code-login/validity', { json: { email: setting.renamed, code: keep('wrong code', '!00000!'), token: byCode } })
  good(await console('POST', '/logout', guest))

  // What waits in memory is written.
  const cached = redisUrl === undefined ? Buffer.alloc(0) : await entries(redisUrl, prefix)
  server.child.kill('SIGTERM')
  t.is(await server.exit, 0)

  t.true(secrets.size > 25, String(secrets.size))
  // A code has six digits, which turn up anywhere by chance: it is looked for as a word of its own in what is text, and left out of bytes.
  const codes = new Map([...secrets].filter(([name]) => name.startsWith('code')))
  for (const name of codes.keys()) secrets.delete(name)
  const texts: [string, string][] = [['the log', server.output()], ...database === undefined ? [] : [['the database', await rows(database)] satisfies [string, string]]]
  t.true(server.output().includes('/v1/whoami'), 'the log tells of requests')
  for (const [where, text] of texts) {
    t.deepEqual(leaks(where, text), [])
    for (const [name, code] of codes) t.notRegex(text, new RegExp(`(?<![\\w.:-])${code}(?![\\w.:-])`), `${name} lies in ${where}`)
  }
  t.deepEqual(leaks('Redis', cached), [])
  const kept = await files(dataDir, ['mail', 'bootstrap.txt', 'provisioned.txt'])
  t.true(database !== undefined || [...kept.keys()].some((path) => path.includes('/database/')), 'the embedded database is among the files')
  for (const [path, bytes] of kept) t.deepEqual(leaks(path.slice(dataDir.length), bytes), [])
  if (redisUrl !== undefined) t.true(cached.length > 0)
})
