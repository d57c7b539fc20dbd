/** Sessions, codes by mail, and what may be done with them. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { database, queue } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { forgetExpired } from '../plugins/auth/jobs/forget-expired.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { admit } from '../plugins/auth/services/admission.ts'
import type { Known } from '../plugins/auth/services/admission.ts'
import { addMember, alone, ask, base64, bodyOf, cookiesOf, login, owner, refresh, sessionOf } from './support/browser.ts'
import type { Session } from './support/browser.ts'
import { keptLog, postBox } from './support/post-box.ts'

const [box, log] = [postBox(), keptLog()]
let app: TestApp
test.before(async () => {
  app = await testApp({ config: alone({ trustedProxies: ['127.0.0.1'] }), fakes: { mailer: box, logger: log } })
  await app.resolve(accounts).setup(owner)
})
test.after.always(() => app.close())

const query = (sql: string, values?: unknown[]): Promise<any[]> => app.resolve(database).query(sql, values)
const audited = async (accountId: string): Promise<string[]> =>
  (await query('SELECT action FROM audit_logs WHERE resource_id = $1 ORDER BY at, id', [accountId])).map(({ action }) => action as string)
let clients = 0
/** A client with an address of its own. */
const elsewhere = (): Record<string, string> => ({ 'x-forwarded-for': `203.0.${(clients += 1) >> 8}.${clients & 255}` })
const signIn = async (email: string, password = owner.password): Promise<Session> => sessionOf(await login(app, password, email, elsewhere()))
const lives = async ({ access }: Session): Promise<boolean> => (await ask(app, '/account/profile', { token: access })).status === 200
const post = async (path: string, json: object, headers: Record<string, string> = elsewhere()): Promise<{ status: number; body: any; headers: Headers }> => {
  const response = await ask(app, path, { json, headers })
  return { status: response.status, body: await bodyOf(response), headers: response.headers }
}
const as = ({ access }: Session): Record<string, string> => ({ authorization: `Bearer ${access}`, ...elsewhere() })
/** The token of a code that was asked for and confirmed. */
const confirmed = async (email: string): Promise<string> => {
  const { data: token } = (await post('/forgot-password', { email })).body
  return (await post('/forgot-password/validity', { email, code: await box.code(email), token })).body.token as string
}

test('every device has a session of its own; signing out ends one at once, its access token too', async (t) => {
  const { email } = await addMember(app, 'editor')
  const [phone, desk] = [await signIn(email), await signIn(email)]
  const renewed = await refresh(app, phone.refresh)
  t.is(renewed.status, 200)
  t.deepEqual(await bodyOf(renewed), { result: 'success' })
  const next = sessionOf(renewed)
  t.true(await lives(next) && await lives(phone) && await lives(desk))
  const out = await ask(app, '/logout', { method: 'POST', headers: { cookie: next.cookie, 'x-csrf-token': next.csrf } })
  t.is(out.status, 200)
  for (const { value, attributes } of cookiesOf(out).values()) {
    t.is(value, '')
    t.true(Date.parse(/expires=([^;]+)/.exec(attributes)?.[1] ?? '') < Date.now())
  }
  t.deepEqual([await lives(next), await lives(phone), await lives(desk)], [false, false, true])
  t.is((await refresh(app, next.refresh)).status, 401)
  t.is((await refresh(app, desk.refresh)).status, 200)
})

test('of many who use a refresh token at once one gets a session, and a token from before ends it after ten seconds', async (t) => {
  const { email, accountId } = await addMember(app, 'editor')
  const first = await signIn(email)
  const raced = await Promise.all(Array.from({ length: 6 }, () => refresh(app, first.refresh)))
  t.deepEqual(raced.map(({ status }) => status).sort(), [200, 401, 401, 401, 401, 401])
  const second = sessionOf(raced.find(({ status }) => status === 200) as Response)
  t.true(await lives(second), 'two tabs, or an answer that was lost')
  const age = (seconds: number): Promise<unknown> => query(`UPDATE sessions SET rotated_at = now() - $2 * interval '1 second' WHERE account_id = $1`, [accountId, seconds])
  await age(5)
  t.is((await refresh(app, first.refresh)).status, 401)
  t.true(await lives(second))
  await age(11)
  const before = log.lines.length
  const stolen = await refresh(app, first.refresh)
  t.is(stolen.status, 401)
  t.is((await bodyOf(stolen)).code, 'unauthorized')
  t.deepEqual([await lives(second), (await refresh(app, second.refresh)).status], [false, 401], 'the thief and the owner are both out')
  const said = log.lines.slice(before).filter((line) => line.includes('refresh token') && line.includes(accountId))
  t.is(said.length, 1)
  t.false(said.some((line) => line.includes(first.refresh) || line.includes(first.refresh.split('.')[0] ?? '')))

  const third = sessionOf(await refresh(app, (await signIn(email)).refresh))
  const fourth = sessionOf(await refresh(app, third.refresh))
  const oldest = await signIn(email)
  for (const wrong of ['', 'null', '.', third.access, third.csrf, `${randomUUID()}.${'A'.repeat(43)}`, `x${fourth.refresh}`, 'a.b.c', "'; --.x"]) t.is((await refresh(app, wrong)).status, 401, wrong)
  t.is((await ask(app, '/refresh-token', { method: 'POST', headers: { cookie: `refresh_token=${fourth.refresh}; refresh_token=${fourth.refresh}` } })).status, 401)
  t.is((await ask(app, '/refresh-token', { json: { refresh_token: fourth.refresh } })).status, 401, 'only the cookie carries it')
  t.true(await lives(fourth), 'what names no session ends none')
  t.is((await refresh(app, `${fourth.refresh}x`)).status, 401)
  t.deepEqual([await lives(fourth), await lives(oldest)], [false, true], 'a token that was never given out ends the session that it names')
})

test('an expired session is over, and is forgotten like expired codes', async (t) => {
  const { email, accountId } = await addMember(app, 'editor')
  const session = await signIn(email)
  await post('/forgot-password', { email })
  await query(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [accountId])
  t.deepEqual([await lives(session), (await refresh(app, session.refresh)).status], [false, 401])
  const rows = (): Promise<any[]> => query('SELECT (SELECT count(*)::int FROM sessions WHERE account_id = $1) AS sessions, (SELECT count(*)::int FROM mail_codes WHERE account_id = $1) AS codes', [accountId])
  t.deepEqual(await rows(), [{ sessions: 1, codes: 1 }])
  await query(`UPDATE mail_codes SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [accountId])
  const other = await signIn(email)
  await app.resolve(queue).enqueue(forgetExpired, {})
  await app.runJobs()
  t.deepEqual(await rows(), [{ sessions: 1, codes: 0 }])
  t.true(await lives(other))
})

test('a forgotten password: a code to the address that the account has, and another password for it, once', async (t) => {
  const { email, accountId } = await addMember(app, 'editor', 'Forgetful@example.org')
  const [a, b] = [await signIn(email), await signIn(email)]
  const asked = await post('/forgot-password', { email: 'forgetFUL@example.org', language: 'en-US' })
  t.like(asked, { status: 200, body: { result: 'success' } })
  const mail = await box.next(email)
  const code = /\b\d{6}\b/.exec(mail.text)?.[0] ?? ''
  t.true(mail.html.includes(code) && !mail.subject.includes(code))
  const check = (token: string, given = code, address = email): ReturnType<typeof post> => post('/forgot-password/validity', { email: address, code: given, token })
  t.like(await check('x'.repeat(43)), { status: 400, body: { code: 'invalid_or_expired_token' } })
  t.like(await check(asked.body.data as string, code, 'ada@example.org'), { status: 400, body: { code: 'invalid_or_expired_token' } }, 'it is for its own address')
  t.like(await post('/email-code-login/validity', { email, code, token: asked.body.data }), { status: 400, body: { code: 'invalid_or_expired_token' } }, 'and purpose')
  t.like(await check(asked.body.data as string, code === '000000' ? '000001' : '000000'), { status: 400, body: { code: 'email_code_error' } })
  const passwords = { new_password: 'another horse 43', password_confirm: 'another horse 43' }
  t.is((await post('/forgot-password/resets', { token: asked.body.data, ...passwords })).status, 400, 'a code that was not shown is worth nothing')
  const right = await check(asked.body.data as string, base64(code))
  t.like(right, { status: 200, body: { is_valid: true, email } })
  t.is((await check(asked.body.data as string)).status, 400, 'the code is spent')
  const { token } = right.body
  t.like(await post('/forgot-password/resets', { token, ...passwords, password_confirm: 'another horse 44' }), { status: 400, body: { code: 'password_mismatch' } })
  t.is((await post('/forgot-password/resets', { token, new_password: 'short', password_confirm: 'short' })).status, 400)
  t.like(await post('/account/change-email/reset', { token, new_email: email }, as(a)), { status: 400, body: { code: 'invalid_or_expired_token' } })
  const spare = await confirmed(email)
  const raced = await Promise.all([1, 2, 3].map(() => post('/forgot-password/resets', { token, ...passwords })))
  t.deepEqual(raced.map(({ status }) => status).sort(), [200, 400, 400])
  t.deepEqual([await lives(a), await lives(b)], [false, false])
  t.is((await refresh(app, a.refresh)).status, 401)
  t.is((await login(app, owner.password, email, elsewhere())).status, 401)
  t.is((await login(app, passwords.new_password, email, elsewhere())).status, 200)
  t.regex((await box.next(email)).subject, /password .* was changed/)
  t.is((await post('/forgot-password/resets', { token: spare, ...passwords })).status, 400, 'other codes end with it')

  t.deepEqual(await audited(accountId), ['account.password-reset'])

  // What keeps an account from being used, stays.
  for (const status of ['pending', 'banned']) {
    await query('UPDATE accounts SET status = $2 WHERE id = $1', [accountId, status])
    t.is((await post('/forgot-password/resets', { token: await confirmed(email), ...passwords })).status, 200)
    t.deepEqual(await query('SELECT status FROM accounts WHERE id = $1', [accountId]), [{ status }])
    t.is((await login(app, passwords.new_password, email, elsewhere())).status, 400)
  }
})

test('a code has five tries and five minutes; asked for again and again, it must wait, and an address that nobody has looks the same', async (t) => {
  const { email } = await addMember(app, 'normal')
  const nobody = `nobody-${randomUUID()}@example.org`
  const seen: Record<string, unknown[]> = {}
  for (const [name, address] of [['known', email], ['unknown', nobody]] as const) {
    const answers: unknown[] = seen[name] = []
    const note = ({ status, body, headers }: Awaited<ReturnType<typeof post>>): void => {
      answers.push([status, body.code, Object.keys(body as object).sort(), String(body.data ?? '').length, Number(headers.get('retry-after') ?? 0) > 0])
    }
    const from = elsewhere()
    const first = await post('/reset-password', { email: address }, from)
    note(first)
    const again = await post('/forgot-password', { email: address.toUpperCase() }, from)
    note(again)
    const wait = Number(again.headers.get('retry-after'))
    t.true(wait > 40 && wait <= 60, String(wait))
    note(await post('/email-code-login', { email: address }, from))
    const tries = await Promise.all(Array.from({ length: 8 }, () => post('/forgot-password/validity', { email: address, code: 'wrong', token: first.body.data })))
    for (const one of tries.sort((a, b) => String(a.body.code).localeCompare(String(b.body.code)))) note(one)
    t.is(tries.filter(({ body }) => body.code === 'email_code_error').length, 5)
    for (let n = 1; n < 10; n++) note(await post('/forgot-password', { email: address }))
    const full = await post('/forgot-password', { email: address })
    note(full)
    t.is(full.status, 429, 'ten at a time, whoever asks')
    t.true(Number(full.headers.get('retry-after')) > 200)
  }
  t.deepEqual(seen['known'], seen['unknown'])
  t.is(box.mails.filter(({ to }) => to.toLowerCase() === nobody.toLowerCase()).length, 0)
  const codes: string[] = []
  for (let n = 0; n < 11; n++) codes.push(await box.code(email))
  const [{ rows }] = await query('SELECT count(*)::int AS rows FROM mail_codes WHERE email = $1', [email]) as [{ rows: number }]
  t.is(rows, 11)

  const { email: raced } = await addMember(app, 'normal')
  const from = elsewhere()
  const together = await Promise.all(Array.from({ length: 6 }, () => post('/forgot-password', { email: raced }, from)))
  t.deepEqual(together.map(({ status }) => status).sort(), [200, 429, 429, 429, 429, 429])

  const { email: late } = await addMember(app, 'normal')
  const { data: token } = (await post('/forgot-password', { email: late })).body
  const code = await box.code(late)
  await query(`UPDATE mail_codes SET expires_at = expires_at - interval '301 seconds' WHERE email = $1`, [late])
  t.like(await post('/forgot-password/validity', { email: late, code, token }), { status: 400, body: { code: 'invalid_or_expired_token' } })
  await query(`UPDATE mail_codes SET tries = 4, expires_at = expires_at + interval '301 seconds' WHERE email = $1`, [late])
  const confirmedLate = (await post('/forgot-password/validity', { email: late, code, token })).body.token as string
  await query(`UPDATE mail_codes SET expires_at = expires_at - interval '301 seconds' WHERE email = $1`, [late])
  t.is((await post('/forgot-password/resets', { token: confirmedLate, new_password: 'another horse 43', password_confirm: 'another horse 43' })).status, 400)
})

test('a code by mail signs in, as far as a password would', async (t) => {
  const { email, accountId } = await addMember(app, 'normal')
  const enter = async (): Promise<Response> => {
    const { data: token } = (await post('/email-code-login', { email })).body
    return ask(app, '/email-code-login/validity', { json: { email, code: await box.code(email), token }, headers: elsewhere() })
  }
  const answer = await enter()
  t.is(answer.status, 200)
  t.deepEqual(await bodyOf(answer), { result: 'success' })
  const session = sessionOf(answer)
  t.true(await lives(session))
  t.is((await refresh(app, session.refresh)).status, 200)
  for (const [status, code] of [['banned', 'account_banned'], ['closed', 'account_banned'], ['pending', 'account_not_initialized']] as const) {
    await query('UPDATE accounts SET status = $2 WHERE id = $1', [accountId, status])
    const refused = await enter()
    t.deepEqual([refused.status, (await bodyOf(refused)).code, refused.headers.getSetCookie()], [400, code, []])
  }
  await query(`UPDATE accounts SET status = 'active' WHERE id = $1`, [accountId])
  await query('DELETE FROM workspace_members WHERE account_id = $1', [accountId])
  const nowhere = await enter()
  t.deepEqual([nowhere.status, (await bodyOf(nowhere)).result, nowhere.headers.getSetCookie()], [200, 'fail', []])
})

test('another password takes the present one, ends every other session, and leaves none that the old one opened', async (t) => {
  const { email, accountId } = await addMember(app, 'normal')
  const [mine, other] = [await signIn(email), await signIn(email)]
  const passwords = { new_password: 'another horse 43', repeat_new_password: 'another horse 43' }
  const headers = as(mine)
  const token = await confirmed(email)
  for (const password of ['wrong password 1', base64(owner.password), '', null, undefined]) {
    t.like(await post('/account/password', { password, ...passwords }, headers), { status: 400, body: { code: 'current_password_incorrect' } })
  }
  t.like(await post('/account/password', { password: owner.password, ...passwords }, headers), { status: 429, body: { code: 'too_many_requests' } }, 'guessing is counted')
  const change = (json: object, session = mine): ReturnType<typeof post> => post('/account/password', { password: owner.password, ...passwords, ...json }, as(session))
  t.like(await change({ repeat_new_password: 'another horse 44' }), { status: 400, body: { code: 'password_mismatch' } })
  t.like(await change({ new_password: 'short' }), { status: 400, body: { code: 'invalid_param' } })
  t.true(await lives(other))
  const [before] = await query('SELECT id, password_hash, status FROM accounts WHERE id = $1', [accountId]) as [Known]
  const [changed, ...entries] = await Promise.all([change({}), ...Array.from({ length: 6 }, () => login(app, owner.password, email, elsewhere()))])
  t.like(changed, { status: 200, body: { email, is_password_set: true } })
  for (const entry of entries) if (entry.status === 200) t.false(await lives(sessionOf(entry)))
  await t.throwsAsync(app.resolve(admit)(before, '203.0.113.1'), { message: /wrong/ }, 'a sign-in that had read the old password when it was changed')
  t.deepEqual([await lives(mine), await lives(other), (await refresh(app, other.refresh)).status], [true, false, 401])
  t.regex((await box.next(email)).subject, /password .* was changed/)
  t.is((await post('/forgot-password/resets', { token, new_password: 'a third horse 44', password_confirm: 'a third horse 44' })).status, 400)
  t.is((await login(app, passwords.new_password, email, elsewhere())).status, 200)
  await query('UPDATE accounts SET password_hash = NULL WHERE id = $1', [accountId])
  t.like(await bodyOf(await ask(app, '/account/profile', { token: mine.access })), { is_password_set: false })
  t.is((await change({ password: undefined })).status, 200, 'where there is none, none is asked for')
  t.deepEqual(await audited(accountId), ['account.password-changed', 'account.password-changed'])
})

test('another address takes a code from the old one and one from the new one', async (t) => {
  const { email, accountId } = await addMember(app, 'normal')
  const { email: strangersEmail } = await addMember(app, 'normal')
  const [mine, other, stranger] = [await signIn(email), await signIn(email), await signIn(strangersEmail)]
  const target = `new-${randomUUID()}@example.org`
  const step = (path: string, json: object, session = mine): ReturnType<typeof post> => post(`/account/change-email${path}`, json, as(session))
  t.like(await step('/check-email-unique', { email: target }), { status: 200, body: { result: 'success' } })
  t.like(await step('/check-email-unique', { email: 'ADA@example.org' }), { status: 400, body: { code: 'email_already_in_use' } })

  const old = (await step('', { email: target, phase: 'old_email' })).body.data as string
  const oldCode = await box.code(email)
  t.is(box.mails.filter(({ to }) => to === target).length, 0, 'the first code goes to the old address, whatever is asked')
  const noToken = { status: 400, body: { code: 'invalid_or_expired_token' } }
  for (const token of [old, '', undefined, 'x']) t.like(await step('', { email: target, phase: 'new_email', token }), noToken)
  t.like(await step('/reset', { new_email: target, token: old }), noToken)
  const oldToken = (await step('/validity', { email, code: oldCode, token: old })).body.token as string
  t.like(await step('/reset', { new_email: target, token: oldToken }), noToken, 'one code is not enough')
  t.like(await step('', { email: target, phase: 'new_email', token: oldToken }, stranger), noToken, "nobody else's")
  t.like(await step('', { email: 'ada@EXAMPLE.org', phase: 'new_email', token: oldToken }), { status: 400, body: { code: 'email_already_in_use' } })
  await step('', { email: 'mistyped@example.org', phase: 'new_email', token: oldToken })
  const next = (await step('', { email: target, phase: 'new_email', token: oldToken })).body.data as string
  const newToken = (await step('/validity', { email: target, code: await box.code(target), token: next })).body.token as string
  t.like(await step('/reset', { new_email: 'elsewhere@example.org', token: newToken }), noToken, 'for the address that has answered')
  t.like(await step('/reset', { new_email: target, token: newToken }, stranger), noToken)

  const { accountId: taker } = await addMember(app, 'normal', target.toUpperCase())
  t.like(await step('/reset', { new_email: target, token: newToken }), { status: 400, body: { code: 'email_already_in_use' } }, 'somebody took it meanwhile')
  await query('DELETE FROM accounts WHERE id = $1', [taker])
  const done = await Promise.all([1, 2, 3].map(() => step('/reset', { new_email: target, token: newToken })))
  t.deepEqual(done.map(({ status }) => status).sort(), [200, 400, 400])
  t.is(done.find(({ status }) => status === 200)?.body.email, target)
  t.deepEqual([await lives(mine), await lives(other), await lives(stranger)], [true, false, true])
  const notice = await box.next(email)
  t.true(notice.subject.includes('was changed') && notice.text.includes(target))
  t.is((await login(app, owner.password, email, elsewhere())).status, 401)
  t.is((await login(app, owner.password, target, elsewhere())).status, 200)
  t.like(await step('', { email: 'further@example.org', phase: 'new_email', token: oldToken }), noToken, 'what was asked for before has ended')
  t.deepEqual(await query('SELECT 1 FROM mail_codes WHERE account_id = $1', [accountId]), [])
  t.deepEqual(await audited(accountId), ['account.email-changed'])
})

test('an account says how it is called and how it likes to see things', async (t) => {
  const { email } = await addMember(app, 'normal')
  const session = await signIn(email)
  for (const [path, good, bad] of [
    ['name', { name: ' Grace ' }, [{ name: '' }, { name: 'x'.repeat(31) }, { name: 1 }, {}, { name: 'x', status: 'active' }]],
    ['avatar', { avatar: 'a-file' }, [{ avatar: 'x'.repeat(256) }]],
    ['interface-language', { interface_language: 'de-DE' }, [{ interface_language: 'german' }]],
    ['interface-theme', { interface_theme: 'dark' }, [{ interface_theme: 'pink' }]],
    ['timezone', { timezone: 'Asia/Kolkata' }, [{ timezone: 'Mars/Base' }, { timezone: '+01:00' }, { timezone: '' }]],
  ] as const) {
    for (const json of bad) t.like(await post(`/account/${path}`, json, as(session)), { status: 400, body: { code: 'invalid_param' } }, JSON.stringify(json))
    t.is((await post(`/account/${path}`, good, as(session))).status, 200)
  }
  t.like(await bodyOf(await ask(app, '/account/profile', { token: session.access })), {
    name: 'Grace', avatar: 'a-file', interface_language: 'de-DE', interface_theme: 'dark', timezone: 'Asia/Kolkata', email,
  })
})

test('nothing that opens a door lies in the database or stands in a log', async (t) => {
  const { email } = await addMember(app, 'normal')
  const session = await signIn(email)
  const renewed = sessionOf(await refresh(app, session.refresh))
  const { data: asked } = (await post('/forgot-password', { email })).body
  const code = await box.code(email)
  const token = await confirmed(email)
  await post('/account/password', { password: 'wrong password 1', new_password: 'a third horse 44', repeat_new_password: 'a third horse 44' }, as(renewed))
  await post('/forgot-password/validity', { email, code: '999999', token: asked })
  const dump = JSON.stringify([await query('SELECT * FROM accounts'), await query('SELECT * FROM sessions'), await query('SELECT * FROM mail_codes')])
  const lines = log.lines.join('\n')
  t.true(dump.includes(email) && lines.includes('/console/api/forgot-password'))
  const secrets = [
    owner.password, base64(owner.password), 'a third horse 44', asked, token, ...[session, renewed].flatMap(({ access, refresh: secret, csrf }) => [access, secret, secret.split('.')[1], csrf]),
  ] as string[]
  for (const secret of secrets) t.false(dump.includes(secret) || lines.includes(secret))
  t.false(new RegExp(`\\D${code}\\D`).test(dump.replace(/\d\.\d+/g, '')) || new RegExp(`\\D${code}\\D`).test(lines))
  t.regex(dump, /\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})
