/** Set-up, sessions and roles, as a browser and as an attacker meet them. */
import { createHmac, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import pg from 'pg'
import { database, deriveKey, errors, networkOf, queue, serverConfig } from '../core/index.ts'
import type { HttpError, ServerConfig } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { forgetAttempts } from '../plugins/auth/jobs/forget-attempts.ts'
import { accountImportContract } from '../plugins/auth/contracts/account-import.ts'
import { accountsContract } from '../plugins/auth/contracts/accounts.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { mayRole, roles } from '../plugins/auth/roles.ts'
import type { Role } from '../plugins/auth/roles.ts'
import { announceSetup } from '../plugins/auth/services/announce.ts'
import { attempts } from '../plugins/auth/services/attempts.ts'
import { actorOf } from '../plugins/auth/services/identities.ts'
import { addMember, alone, ask, base64, bodyOf, cookiesOf, login, owner, refresh, sessionOf } from './support/browser.ts'

const start = (options: TestAppOptions = {}): Promise<TestApp> => testApp({ config: alone(), ...options })

let app: TestApp
test.before(async () => {
  app = await start({ config: alone({ trustedProxies: ['127.0.0.1'] }) })
  await app.resolve(accounts).setup(owner)
})
test.after.always(() => app.close())

testPort(test.serial, accountsContract, { config: alone() })
testPort(test.serial, accountImportContract, { config: alone() })

test.serial('set-up works once, however many try at the same moment, and takes only what it knows', async (t) => {
  const fresh = await start()
  t.teardown(() => fresh.close())
  t.deepEqual(await bodyOf(await ask(fresh, '/setup')), { step: 'not_started', setup_at: null })
  for (const wrong of [
    { password: 'short1' }, { password: 'onlyletters' }, { password: '1234567890' }, { password: `a1${'x'.repeat(127)}` }, { name: 'x'.repeat(31) }, { email: 'nobody' },
    { id: randomUUID() }, { status: 'active' }, { workspace: 'w' }, { role: 'owner' }, { created_at: 0 },
  ]) {
    const response = await ask(fresh, '/setup', { json: { ...owner, ...wrong } })
    t.is(response.status, 400, JSON.stringify(wrong))
    t.is((await bodyOf(response)).code, 'invalid_param')
  }
  for (const poisoned of ['{"__proto__":{"admin":true},"email":"a@example.org"}', '{"constructor":{"prototype":{"admin":true}},"email":"a@example.org"}']) {
    t.is((await ask(fresh, '/setup', { method: 'POST', body: poisoned, headers: { 'content-type': 'application/json' } })).status, 400)
  }
  t.is(({} as { admin?: boolean }).admin, undefined)
  t.false(existsSync(join(fresh.dataDir, 'setup-token.txt')), 'on loopback no token is needed')
  const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => ask(fresh, '/setup', { json: { ...owner, email: `owner${n}@example.org` } })))
  t.deepEqual(answers.map(({ status }) => status).sort(), [201, 403, 403, 403, 403, 403])
  for (const answer of answers) t.like(await bodyOf(answer), answer.status === 201 ? { result: 'success' } : { code: 'already_setup', status: 403 })
  const [counts] = await fresh.resolve(database).query('SELECT (SELECT count(*)::int FROM accounts) AS accounts, (SELECT count(*)::int FROM workspaces) AS workspaces')
  t.deepEqual(counts, { accounts: 1, workspaces: 1 })
  const status = await bodyOf(await ask(fresh, '/setup'))
  t.is(status.step, 'finished')
  t.false(Number.isNaN(Date.parse(status.setup_at as string)))
})

/** A server that others can reach, by its address and by a proxy: how it is set up, and the cookies it gives out. */
const exposed: { server: Partial<ServerConfig>; prefix: string; secure: boolean; domain?: string }[] = [
  { server: { host: '0.0.0.0', publicUrl: 'https://api.example.org' }, prefix: '__Host-', secure: true },
  { server: { publicUrl: 'https://api.example.org', consoleWebUrl: 'https://console.example.org', cookieDomain: 'example.org' }, prefix: '', secure: true, domain: 'example.org' },
  { server: { publicUrl: 'https://api.example.org', consoleWebUrl: 'http://console.example.org' }, prefix: '', secure: false },
  // Told of no address of its own; and nobody is there to bootstrap it, whatever it says.
  { server: { trustedProxies: ['10.0.0.0/8'], bootstrap: true }, prefix: '', secure: false },
]
for (const { server, prefix, secure, domain } of exposed) {
  test.serial(`a server with ${JSON.stringify(server)} is set up by who reads its data folder, and its cookies fit`, async (t) => {
    const reachable = await start({ config: alone(server) })
    t.teardown(() => reachable.close())
    const file = join(reachable.dataDir, 'setup-token.txt')
    const token = (await readFile(file, 'utf8')).trim()
    t.regex(token, /^[\w-]{43}$/)
    t.is((await stat(file)).mode & 0o777, 0o600)
    for (const setup_token of [undefined, token.slice(1), `${token}x`, token.toLowerCase(), 'null']) {
      const answer = await ask(reachable, '/setup', { json: { ...owner, ...setup_token === undefined ? {} : { setup_token } } })
      t.is(answer.status, 401)
      t.is((await bodyOf(answer)).code, 'unauthorized')
    }
    for (const setup_token of [null, '', [], {}, [token], 0, true]) t.is((await ask(reachable, '/setup', { json: { ...owner, setup_token } })).status, 400)
    t.is((await ask(reachable, '/setup', { json: { ...owner, setup_token: token } })).status, 201)
    t.false(existsSync(file), 'it is used once')
    t.is((await ask(reachable, '/setup', { json: { ...owner, setup_token: token } })).status, 403)

    const response = await login(reachable)
    t.is(response.status, 200)
    t.deepEqual([...cookiesOf(response).keys()].sort(), ['access_token', 'csrf_token', 'refresh_token'].map((name) => prefix + name))
    for (const { attributes } of cookiesOf(response).values()) {
      t.is(attributes.includes('secure'), secure)
      t.is(/domain=([^;]+)/.exec(attributes)?.[1], domain)
    }
    const { access } = sessionOf(response, prefix)
    const status = async (cookie: string): Promise<number> => (await ask(reachable, '/account/profile', { headers: { cookie } })).status
    t.is(await status(`${prefix}access_token=${access}`), 200)
    t.is(await status(`${prefix === '' ? '__Host-' : ''}access_token=${access}`), 401, 'the name of another configuration is not read: a neighbour could plant it')
  })
}

test.serial('the set-up token outlives a restart, and a server with an owner keeps none', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const file = join(dataDir, 'setup-token.txt')
  const restart = (): Promise<TestApp> => start({ config: alone({ publicUrl: 'https://mortise.example.org' }), dataDir })
  await (await restart()).close()
  const token = await readFile(file, 'utf8')
  const again = await restart()
  t.teardown(() => again.close())
  t.is(await readFile(file, 'utf8'), token)
  await again.resolve(accounts).setup(owner)
  await again.resolve(announceSetup)()
  t.false(existsSync(file))
})

test.serial('signing in gives three cookies, an answer without tokens, and a trace', async (t) => {
  const response = await login(app, owner.password, 'ADA@EXAMPLE.ORG')
  t.is(response.status, 200)
  t.deepEqual(await bodyOf(response), { result: 'success' })
  const cookies = cookiesOf(response)
  t.deepEqual([...cookies.keys()].sort(), ['access_token', 'csrf_token', 'refresh_token'])
  for (const [name, { attributes }] of cookies) {
    t.regex(attributes, /path=\//)
    t.regex(attributes, /samesite=lax/)
    t.is(attributes.includes('httponly'), name !== 'csrf_token', name)
    t.notRegex(attributes, /secure|domain/)
    const expires = Date.parse(/expires=([^;]+)/.exec(attributes)?.[1] ?? '') - Date.now()
    const expected = name === 'refresh_token' ? 30 * 86_400_000 : 3_600_000
    t.true(Math.abs(expires - expected) < 10_000, `${name} ends in ${expires}`)
  }
  const { access, cookie } = sessionOf(response)
  const payload = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  t.deepEqual(Object.keys(payload).sort(), ['exp', 'sid', 'user_id'])
  const profile = await bodyOf(await ask(app, '/account/profile', { headers: { cookie } }))
  t.like(profile, { email: 'Ada@example.org', name: 'Ada', is_password_set: true, interface_language: 'en-US', last_login_ip: '127.0.0.1' })
  t.true(Math.abs(profile.last_login_at - Date.now() / 1000) < 60)
  t.notRegex(JSON.stringify(profile), /argon2|hash/)
  const { workspaces } = await bodyOf(await ask(app, '/workspaces', { token: access }))
  t.is(workspaces.length, 1)
  t.like(workspaces[0], { current: true, status: 'normal' })
  const current = await bodyOf(await ask(app, '/workspaces/current', { method: 'POST', token: access }))
  t.like(current, { id: workspaces[0].id, role: 'owner' })
})

test('a wrong password, an unknown account and an unreadable password get one answer', async (t) => {
  const answers = new Set<string>()
  for (const [email, password] of [
    [owner.email, base64('wrong password 1')], ['nobody@example.org', base64(owner.password)], ['nobody2@example.org', '%%%'], [owner.email, owner.password],
    [owner.email, '%%%'], ['nobody3@example.org', base64('x')], ['nobody4@example.org', Buffer.from([0xff, 0xfe, 0xfd]).toString('base64')],
  ]) {
    // From an address of its own: tries are counted, and other tests try as the owner too.
    const response = await app.fetch('/console/api/login', { json: { email, password }, headers: { 'x-forwarded-for': '198.51.100.40' } })
    t.deepEqual(response.headers.getSetCookie(), [])
    answers.add(`${response.status} ${await response.text()}`)
  }
  t.is(answers.size, 1)
  t.regex([...answers][0] ?? '', /^401 .*"authentication_failed"/)
  for (const [field, values] of Object.entries({ email: [null, '', [], {}, 0], password: [null, '', [], {}, 0, true] })) {
    for (const value of values) t.is((await app.fetch('/console/api/login', { json: { email: owner.email, password: base64('x'), [field]: value } })).status, 400)
  }
  t.is((await login(app)).status, 200, 'a success forgets the failures')
})

test.serial('an unknown account costs as much work as a known one', async (t) => {
  for (let n = 0; n < 5; n++) await addMember(app, 'normal', `timed${n}@example.org`)
  const time = async (email: string): Promise<number> => {
    const started = performance.now()
    t.is((await login(app, 'wrong password 1', email)).status, 401)
    return performance.now() - started
  }
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let n = 0; n < 5; n++) {
    known.push(await time(`timed${n}@example.org`))
    unknown.push(await time(`absent${n}@example.org`))
  }
  // Hashing is most of the work: without it an answer takes less than a fifth of the time.
  t.true(Math.min(...unknown) > Math.min(...known) / 2, `known ${Math.min(...known)} ms, unknown ${Math.min(...unknown)} ms`)
})

test('guessing is slowed down for the pair of account and address, and nobody else is locked out', async (t) => {
  const { email } = await addMember(app, 'normal', 'Guessed@example.org')
  const from = (address: string, password = 'wrong password 1', as = email) => login(app, password, as, { 'x-forwarded-for': address })
  const burst = await Promise.all(Array.from({ length: 12 }, () => from('198.51.100.7')))
  t.deepEqual(burst.map(({ status }) => status).sort(), [...Array<number>(5).fill(401), ...Array<number>(7).fill(429)], 'many at once gain nothing')
  // The pause is a second at first; a busy machine may take longer than that for a request.
  const prolong = () => app.resolve(database).query(`UPDATE sign_in_attempts SET next_at = next_at + interval '1 minute' WHERE next_at > last_at`)
  await prolong()
  const blocked = await from('198.51.100.7', owner.password, 'guessed@EXAMPLE.org')
  t.is(blocked.status, 429, 'the right password must wait too')
  t.is((await bodyOf(blocked)).code, 'too_many_requests')
  t.true(Number(blocked.headers.get('retry-after')) >= 1)
  t.is((await from('198.51.100.8', owner.password)).status, 200, 'the owner, elsewhere, is not locked out')
  // Letters that the database may take for an i or a k, as its locale has it, and JavaScript for others.
  const odd = await app.resolve(database).query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE lower(name) = 'kiki'`, [['k\u0130ki', 'kik\u0130', 'k\u0130k\u0130', '\u212aiki']])
  const spellings = ['kiki', ...[...odd.map(({ name }) => name), 'Kiki', 'kIki', 'kiKi', 'KIKI'].slice(0, 4), 'kiki']
  await addMember(app, 'normal', 'kiki@example.org')
  for (const [known, client] of [[true, '198.51.100.10'], [false, '198.51.100.11']] as const) {
    for (const [tries, name] of spellings.entries()) {
      if (tries === 5) await prolong()
      const answer = await from(client, 'wrong password 1', `${known ? '' : 'no'}${name}@EXAMPLE.org`)
      t.is(answer.status, tries < 5 ? 401 : 429, 'whichever way it is written, and whether or not somebody has it')
    }
  }
  for (let tries = 0; tries < 6; tries++) {
    if (tries === 5) await prolong()
    t.is((await from(`2001:db8:0:7:${tries}::1`, 'wrong password 1', 'six@example.org')).status, tries < 5 ? 401 : 429, 'whoever has IPv6 has many addresses')
  }
  t.is((await from('2001:db8:0:8::1', 'wrong password 1', 'six@example.org')).status, 401)
  for (let tries = 0; tries < 6; tries++) {
    if (tries === 5) await prolong()
    t.is((await from('198.51.100.9', 'wrong password 1', 'nobody@example.org')).status, tries < 5 ? 401 : 429, 'alike for unknown accounts')
  }
})

test('a client of IPv6 is its network, however that is written', (t) => {
  for (const [address, network] of [
    ['198.51.100.7', '198.51.100.7'], ['::ffff:198.51.100.7', '198.51.100.7'], ['::1', '0:0:0:0::/64'], ['::', '0:0:0:0::/64'], ['2001:DB8:0:07:a:b:c:d', '2001:db8:0:7::/64'],
    ['2001:db8:0:7::', '2001:db8:0:7::/64'], ['fe80::1%eth0', 'fe80:0:0:0::/64'], ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'], ['undefined', 'undefined'],
  ] as const) t.is(networkOf(address), network)
  fc.assert(fc.property(fc.ipV6().filter((address) => isIP(address) === 6 && !/^::ffff:[\d.]+$/i.test(address)), (address) => {
    const list = new BlockList()
    list.addSubnet(networkOf(address).replace('/64', ''), 64, 'ipv6')
    return list.check(address, 'ipv6')
  }))
})

/** Two servers where there is a database that they can share; else one. */
const fleet = async (): Promise<{ servers: TestApp[]; close(): Promise<void> }> => {
  const url = process.env['TEST_DATABASE_URL']
  const server = { trustedProxies: ['127.0.0.1'] }
  if (url === undefined) {
    const one = await start({ config: alone(server) })
    return { servers: [one], close: () => one.close() }
  }
  const asAdmin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try { await client.query(sql) } finally { await client.end() }
  }
  const name = `mortise_auth_${randomUUID().replaceAll('-', '')}`
  await asAdmin(`CREATE DATABASE ${name}`)
  const own = Object.assign(new URL(url), { pathname: `/${name}` }).href
  const base = alone(server)
  const join = (): Promise<TestApp> => start({ config: { ...base, adapters: { ...base.adapters, cache: { none: {} }, database: { postgres: { url: own } } } } })
  const servers = [await join(), await join()]
  return {
    servers,
    close: async () => {
      for (const one of servers) await one.close()
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}
test.serial('tries are counted together, by whichever process and however many at once, and the table tells nobody who tried', async (t) => {
  const { servers, close } = await fleet()
  t.teardown(close)
  const [first, last] = [servers[0] as TestApp, servers.at(-1) as TestApp]
  await first.resolve(accounts).setup(owner)
  const db = first.resolve(database)
  const from = { 'x-forwarded-for': '203.0.113.77' }
  const started = Date.now()
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => login(servers[n % servers.length] as TestApp, 'wrong password 1', owner.email, from)))
  const refused = answers.filter(({ status }) => status === 429)
  const tried = answers.length - refused.length
  t.true(answers.every(({ status }) => status === 401 || status === 429))
  // Five, and where this machine is slow one more for each pause that was over meanwhile: a second, two, four.
  t.true(tried >= 5 && tried <= 5 + Math.log2((Date.now() - started) / 1000 + 1), `${tried} tries in ${Date.now() - started} ms`)
  for (const answer of refused) t.regex(answer.headers.get('retry-after') ?? '', /^[1-9]\d?$/)
  t.deepEqual(await db.query('SELECT count FROM sign_in_attempts'), [{ count: tried }])

  const age = (seconds: number): Promise<unknown> => db.query(`UPDATE sign_in_attempts SET next_at = next_at - $1 * interval '1 second', last_at = last_at - $1 * interval '1 second'`, [seconds])
  const next = async (): Promise<number> => {
    t.is((await login(last, 'wrong password 1', owner.email, from)).status, 401)
    const answer = await login(first, owner.password, owner.email, from)
    t.is(answer.status, 429, 'the right password must wait too, at every server')
    return Number(answer.headers.get('retry-after'))
  }
  for (let count = tried + 1; count < 18; count++) {
    await age(1_000)
    const expected = Math.min(2 ** (count - 5), 900)
    t.true(Math.abs(await next() - expected) <= 2, `${count} tries`)
  }
  await age(3_601)
  t.is((await login(first, 'wrong password 1', owner.email, from)).status, 401)
  t.deepEqual(await db.query('SELECT count FROM sign_in_attempts'), [{ count: 1 }], 'after an hour the count begins anew')

  await login(last, 'wrong password 1', 'nobody@example.org', from)
  const dump = JSON.stringify(await db.query('SELECT * FROM sign_in_attempts'))
  t.notRegex(dump, /@|203\.0|ada|nobody/i)
  t.is((await login(last, owner.password, owner.email, from)).status, 200)
  t.deepEqual(await db.query('SELECT count FROM sign_in_attempts'), [{ count: 1 }], "a success forgets the pair's failures, and nobody else's")
  await first.resolve(queue).enqueue(forgetAttempts, {})
  await first.runJobs()
  t.is((await db.query('SELECT 1 FROM sign_in_attempts')).length, 1)
  await age(3_601)
  await first.resolve(queue).enqueue(forgetAttempts, {})
  await first.runJobs()
  t.is((await db.query('SELECT 1 FROM sign_in_attempts')).length, 0)
})

test('of the first tries at one moment none waits for another', async (t) => {
  const limiter = app.resolve(attempts)
  const address = '203.0.113.77'
  for (let round = 0; round < 20; round++) {
    await t.notThrowsAsync(Promise.all([1, 2, 3, 4].map(() => limiter.take(owner.email, address))))
    await limiter.clear(owner.email, address)
  }
})

test('without the database nobody signs in: the limiter is closed', async (t) => {
  const away = { ...app.resolve(database), query: () => Promise.reject(errors.unavailable('The database does not answer.')) }
  const server = app.resolve<ServerConfig>(serverConfig as never)
  const error = await t.throwsAsync<HttpError>(attempts.create({ db: away, server } as never).take(owner.email, '203.0.113.1'))
  t.is(error.status, 503)
})

test('cookies are believed only with the CSRF token of the same session; a bearer needs none', async (t) => {
  const mine = sessionOf(await login(app))
  const elsewhere = sessionOf(await login(app))
  const { email } = await addMember(app, 'admin')
  const other = sessionOf(await login(app, owner.password, email))
  const post = (headers: Record<string, string>): Promise<Response> => ask(app, '/workspaces/current', { method: 'POST', headers })
  const cookie = `access_token=${mine.access}`
  for (const headers of [
    { cookie }, { cookie: `${cookie}; csrf_token=${mine.csrf}` }, { cookie, 'x-csrf-token': mine.csrf }, { cookie: `${cookie}; csrf_token=`, 'x-csrf-token': '' },
    { cookie: `${cookie}; csrf_token=x`, 'x-csrf-token': 'x' }, { cookie: `${cookie}; csrf_token=${other.csrf}`, 'x-csrf-token': other.csrf },
    { cookie: `${cookie}; csrf_token=${elsewhere.csrf}`, 'x-csrf-token': elsewhere.csrf },
    { cookie: `${cookie}; csrf_token=${mine.csrf}`, 'x-csrf-token': other.csrf }, { cookie: `${cookie}; csrf_token=${mine.access}`, 'x-csrf-token': mine.access },
    { cookie: `${cookie}; csrf_token=${mine.csrf}; csrf_token=${mine.csrf}`, 'x-csrf-token': mine.csrf },
  ] as Record<string, string>[]) {
    const answer = await post(headers)
    t.is(answer.status, 401, JSON.stringify(headers))
    t.is((await bodyOf(answer)).code, 'unauthorized')
  }
  t.is((await post({ cookie: mine.cookie, 'x-csrf-token': mine.csrf })).status, 200)
  t.is((await post({ authorization: `Bearer ${mine.access}` })).status, 200)
  t.is((await ask(app, '/account/profile', { headers: { cookie } })).status, 200, 'reading needs none')
  t.is((await ask(app, '/account/profile', { method: 'HEAD', headers: { cookie } })).status, 200)
  t.is((await ask(app, '/logout', { method: 'POST', headers: { cookie: other.cookie } })).status, 401, 'nor can another site sign somebody out')
})

test('one credential, in one place, and ours', async (t) => {
  const { access, csrf, refresh: refreshToken } = sessionOf(await login(app))
  const status = async (headers: Record<string, string>, query = ''): Promise<number> => (await ask(app, `/account/profile${query}`, { headers })).status
  const { secretKey } = app.resolve<ServerConfig>(serverConfig as never)
  const [, payload = ''] = access.split('.')
  const forge = (header: object, key: Buffer | string | undefined, content = payload): string => {
    const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${content}`
    return `${text}.${key === undefined ? '' : createHmac('sha256', key).update(text).digest('base64url')}`
  }
  const key = deriveKey({ secretKey }, 'access token')
  const { user_id, sid, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { user_id: string; sid: string; exp: number }
  const claims = (extra: object): string => Buffer.from(JSON.stringify({ user_id, sid, ...extra })).toString('base64url')
  t.is(await status({ authorization: `Bearer ${forge({ alg: 'HS256' }, key)}` }), 200, 'the forger knows how: what follows fails for the right reason')
  for (const token of [
    forge({ alg: 'none' }, undefined), forge({ alg: 'HS512' }, key), forge({ alg: 'HS256' }, secretKey), forge({ alg: 'HS256' }, deriveKey({ secretKey }, 'csrf token')),
    forge({ alg: 'HS256' }, key, claims({ exp: Math.floor(Date.now() / 1000) - 10 })), forge({ alg: 'HS256' }, key, claims({})),
    forge({ alg: 'HS256' }, key, claims({ exp, sid: undefined })), forge({ alg: 'HS256' }, key, claims({ exp, sid: randomUUID() })), forge({ alg: 'HS256' }, key, claims({ exp, sid: null })),
    forge({ alg: 'HS256' }, key, claims({ exp, user_id: randomUUID() })), forge({ alg: 'HS256' }, key, claims({ exp, sid: 'x' })),
    csrf, refreshToken, 'null', 'undefined', '', '[]', '{}', `${access}x`, access.slice(0, -1), `dataset-${'a'.repeat(30)}`,
  ]) {
    t.is(await status({ authorization: `Bearer ${token}` }), 401, token)
    t.is(await status({ cookie: `access_token=${token}` }), 401, token)
  }
  for (const headers of [
    { cookie: `access_token=${access}`, authorization: `Bearer ${access}` }, { cookie: `access_token=${access}; access_token=${access}` },
    { cookie: `access_token=${access}`, authorization: 'Basic YTpi' }, { authorization: `Basic ${access}` }, { authorization: access },
    { cookie: `__Host-access_token=${access}` }, { 'x-access-token': access }, {},
  ] as Record<string, string>[]) t.is(await status(headers), 401, JSON.stringify(headers))
  for (const name of ['access_token', 'token', 'authorization']) t.is(await status({}, `?${name}=${access}`), 401)
})

test('whoever is suspended, removed, or left without a workspace is out at once', async (t) => {
  const db = app.resolve(database)
  const { accountId, workspaceId, email } = await addMember(app, 'editor')
  const { access, refresh: refreshToken } = sessionOf(await login(app, owner.password, email))
  const status = async (): Promise<number> => (await ask(app, '/account/profile', { token: access })).status
  t.is(await status(), 200)
  for (const [state, code] of [['banned', 'account_banned'], ['closed', 'account_banned'], ['pending', 'account_not_initialized'], ['uninitialized', 'account_not_initialized']] as const) {
    await db.query('UPDATE accounts SET status = $2 WHERE id = $1', [accountId, state])
    t.is(await status(), 401, state)
    t.is((await refresh(app, refreshToken)).status, 401, state)
    const answer = await login(app, owner.password, email)
    t.is(answer.status, 400)
    t.is((await bodyOf(answer)).code, code)
    t.is((await bodyOf(await login(app, 'wrong password 1', email))).code, 'authentication_failed', 'only who knows the password learns it')
  }
  await db.query(`UPDATE accounts SET status = 'active' WHERE id = $1`, [accountId])
  t.is(await status(), 200)
  await db.query('DELETE FROM workspace_members WHERE account_id = $1', [accountId])
  t.is(await status(), 401)
  const answer = await login(app, owner.password, email)
  t.is(answer.status, 200)
  t.is((await bodyOf(answer)).result, 'fail')
  t.deepEqual(answer.headers.getSetCookie(), [])
  t.truthy(workspaceId)
})

test('an archived workspace is left for another one', async (t) => {
  const db = app.resolve(database)
  const { accountId, email } = await addMember(app, 'normal')
  const other = randomUUID()
  await db.query(`INSERT INTO workspaces (id, name, plan, status, created_at) VALUES ($1, 'Other', 'basic', 'normal', now())`, [other])
  await db.query('UPDATE workspace_members SET current = false WHERE account_id = $1', [accountId])
  await db.query(`INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at) VALUES ($1, $2, 'editor', true, now())`, [other, accountId])
  const { access } = sessionOf(await login(app, owner.password, email))
  const current = async (): Promise<any> => bodyOf(await ask(app, '/workspaces/current', { method: 'POST', token: access }))
  t.like(await current(), { id: other, role: 'editor' })
  await db.query(`UPDATE workspaces SET status = 'archive' WHERE id = $1`, [other])
  t.like(await current(), { role: 'normal' })
  const { workspaces } = await bodyOf(await ask(app, '/workspaces', { token: access }))
  t.deepEqual(workspaces.map(({ current: here, id }: { current: boolean; id: string }) => [here, id === other]), [[true, false]])
})

test('the database itself keeps one account an address, one owner and one current workspace', async (t) => {
  const db = app.resolve(database)
  await t.throwsAsync(addMember(app, 'normal', 'ADA@Example.ORG'), { message: /accounts_email/ })
  await t.throwsAsync(addMember(app, 'owner'), { message: /workspace_members_owner/ })
  const { accountId } = await addMember(app, 'normal')
  const other = randomUUID()
  await db.query(`INSERT INTO workspaces (id, name, plan, status, created_at) VALUES ($1, 'Third', 'basic', 'normal', now())`, [other])
  await t.throwsAsync(
    db.query(`INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at) VALUES ($1, $2, 'normal', true, now())`, [other, accountId]),
    { message: /workspace_members_current/ })
})

test('the table of roles decides every permission that there is, and an actor follows it within its workspace', (t) => {
  const declared = [...app.kernel.catalogue.permissions.keys()]
  t.true(declared.length > 0)
  const names = Object.keys(roles) as Role[]
  for (const permission of declared) t.true(mayRole('owner', permission), permission)
  for (const role of names) for (const permission of ['account:read', 'session:end', 'workspace:read']) t.true(mayRole(role, permission), `${role} ${permission}`)
  for (const [permission, allowed] of [
    ['dataset:delete', ['owner', 'admin', 'editor', 'dataset_operator']], ['dataset:read', names], ['dataset:retrieve', names],
    ['api-key:create', ['owner', 'admin']], ['api-key:delete', ['owner', 'admin']], ['api-key:read', names], ['member:remove', ['owner', 'admin']],
    ['workspace:update', ['owner', 'admin']], ['a-plugin:of-tomorrow', ['owner', 'admin']], ['a-plugin:read', names],
  ] as const) t.deepEqual(names.filter((role) => mayRole(role, permission)), [...allowed], permission)

  const word = fc.stringMatching(/^[a-z]{1,8}$/)
  const permission = fc.oneof(fc.constantFrom(...declared), fc.tuple(word, word).map(([resource, verb]) => `${resource}:${verb}`))
  fc.assert(fc.property(fc.constantFrom(...names), permission, fc.constantFrom('dataset', 'workspace', 'app'), fc.uuid(), fc.uuid(), (role, asked, type, workspaceId, id) => {
    const actor = actorOf({ accountId: randomUUID(), workspaceId, role })
    const reach = actor.reach(asked, type)
    const holds = mayRole(role, asked)
    return actor.can(asked) === holds && actor.can(asked, { type, id }) === (reach === 'all' || reach.includes(id))
      && (holds || (reach !== 'all' && reach.length === 0)) && (id === workspaceId || !actor.can(asked, { type: 'workspace', id }))
      && (!holds || mayRole('owner', asked))
  }))
})
