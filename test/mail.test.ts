/** Mail: what is written, and how it leaves. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { StartupError } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp, TestAppOptions } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { letters } from '../plugins/auth/services/letters.ts'
import { mailerContract } from '../plugins/mail/contracts/index.ts'
import mailPlugin from '../plugins/mail/index.ts'
import { mailer } from '../plugins/mail/ports.ts'
import type { Mailer } from '../plugins/mail/ports.ts'
import { brokenLaws } from './support/broken-laws.ts'
import { alone, ask, bodyOf, owner } from './support/browser.ts'
import { mailServer } from './support/mail-server.ts'
import type { MailServer } from './support/mail-server.ts'
import { codeIn, keptLog, postBox } from './support/post-box.ts'

const onMailer = (name: string, options: object, server: Record<string, unknown> = {}): NonNullable<TestAppOptions['config']> => {
  const base = alone(server)
  return { ...base, adapters: { ...base.adapters, mailer: { [name]: options } } as NonNullable<typeof base.adapters> }
}
const smtp: Record<string, unknown> = { from: 'Knowledge <no-reply@example.org>' }
let post: MailServer
test.before(async () => {
  post = await mailServer()
  smtp['url'] = `smtp://ada%40example.org:pass%3Aword@127.0.0.1:${post.port}`
})
test.after.always(() => post.close())

testPort(test.serial, mailerContract, { name: 'mailer log', config: onMailer('log', {}) })
testPort(test.serial, mailerContract, { name: 'mailer smtp', config: onMailer('smtp', smtp) })
test('every adapter is tested by the laws, and they notice one that takes what it is given', async (t) => {
  t.deepEqual(mailPlugin.adapters?.map(({ name }) => name), ['log', 'smtp'])
  const careless: Mailer = { delivers: false, send: async () => undefined }
  t.deepEqual(await brokenLaws(mailerContract, careless), ['refuses what is', 'refuses a subject'])
})

const begin = async (config: NonNullable<TestAppOptions['config']>, log = keptLog()): Promise<{ app: TestApp; log: ReturnType<typeof keptLog> }> => {
  const app = await testApp({ config, fakes: { logger: log } })
  await app.resolve(accounts).setup(owner)
  return { app, log }
}
const until = async <T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((done) => { setTimeout(done, 20) })
  }
  throw new Error('it never came')
}
const headersOf = (source: string): string[] => (source.split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ').split('\r\n')

test.serial('without a mail server each mail is a file for the operator alone, and the log tells where but not what', async (t) => {
  const { app, log } = await begin(alone())
  t.teardown(() => app.close())
  const { data: token } = await bodyOf(await ask(app, '/forgot-password', { json: { email: owner.email } }))
  const folder = join(app.dataDir, 'mail')
  const line = await until(() => log.lines.find((one) => one.includes('written to a file')))
  const [file = ''] = await readdir(folder)
  const content = await readFile(join(folder, file), 'utf8')
  t.regex(content, /^To: Ada@example\.org\nSubject: Your code for another password\n\n/)
  t.is((await stat(join(folder, file))).mode & 0o777, 0o600)
  t.is((await stat(folder)).mode & 0o777, 0o700)
  t.true(line.includes(file) && line.includes('Ada@example.org'))
  const code = codeIn({ text: content })
  t.false(log.lines.some((one) => one.includes(`"${code}"`) || one.includes(token as string) || one.includes(content.split('\n')[3] ?? '!')))
  t.like(await bodyOf(await ask(app, '/forgot-password/validity', { json: { email: owner.email, code, token } })), { is_valid: true })
  const box = app.resolve(mailer)
  for (let n = 0; n < 104; n++) await box.send({ to: 'ada@example.org', subject: `number ${n}`, text: '', html: '' })
  const names = (await readdir(folder)).sort()
  t.is(names.length, 100)
  t.true((await readFile(join(folder, names.at(-1) ?? ''), 'utf8')).includes('number 103'))
})

test.serial('a mail server gets text and HTML, for one reader, with headers that nobody can add to', async (t) => {
  const { app } = await begin(onMailer('smtp', smtp))
  t.teardown(() => app.close())
  t.true(app.resolve(mailer).delivers)
  post.received.length = 0
  const { data: token } = await bodyOf(await ask(app, '/forgot-password', { json: { email: owner.email } }))
  const { source, ...envelope } = await until(() => post.received.shift())
  t.deepEqual(envelope, { from: 'no-reply@example.org', to: ['Ada@example.org'], user: 'ada@example.org' })
  t.true(headersOf(source).includes('From: Knowledge <no-reply@example.org>'))
  t.true(/multipart\/alternative/.test(source) && /text\/html/.test(source))
  const code = /^ {4}(\d{6})\r?$/m.exec(source)?.[1] ?? ''
  t.like(await bodyOf(await ask(app, '/forgot-password/validity', { json: { email: owner.email, code, token } })), { is_valid: true })

  const name = 'Eve\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>\u202e\u2028'
  const { link, send } = app.resolve(letters)
  await send('invitation', 'reader@example.org', { workspaceName: name, inviterName: name, link: link('/activate', { email: 'a+b@example.org', token: '"><x' }) })
  const invited = await until(() => post.received.shift())
  t.deepEqual(invited.to, ['reader@example.org'])
  const names = headersOf(invited.source).map((line) => line.split(':')[0]?.toLowerCase() ?? '')
  t.deepEqual(names.filter((one) => ['bcc', 'cc', 'to', 'subject', 'from'].includes(one)).sort(), ['from', 'subject', 'to'])
})

test('letters escape what people call themselves, name no code in a subject, and link to where the console is', async (t) => {
  const box = postBox()
  const app = await testApp({ config: alone({ host: '0.0.0.0', publicUrl: 'https://api.example.org', consoleWebUrl: 'https://console.example.org/' }), fakes: { mailer: box } })
  t.teardown(() => app.close())
  const { send, link } = app.resolve(letters)
  const to = 'reader@example.org'
  t.is(link('/activate', { email: 'a+b@example.org', token: 'x&y' }), 'https://console.example.org/activate?email=a%2Bb%40example.org&token=x%26y')
  const evil = '<img src=x onerror="a()"> & \'co\'\r\nBcc: x'
  await send('invitation', to, { workspaceName: evil, inviterName: evil, link: link('/activate', { token: 'x' }) })
  await send('email-changed', to, { newEmail: 'new@example.org' })
  await send('password-changed', to, {})
  const codes = ['reset-password', 'sign-in', 'old-email', 'new-email', 'transfer'] as const
  for (const kind of codes) await send(kind, to, { code: '012345' })
  const [invitation, changed, , ...coded] = box.mails
  t.is(invitation?.subject, `<img src=x onerror="a()"> & 'co' Bcc: x invites you to <img src=x onerror="a()"> & 'co' Bcc: x`)
  t.true(invitation?.html.includes('&lt;img src=x onerror=&quot;a()&quot;&gt; &amp; &#39;co&#39; Bcc: x invites you'))
  t.notRegex(invitation?.html ?? '', /<img|<script/)
  t.true(invitation?.html.includes('<a href="https://console.example.org/activate?token=x">') && invitation.text.includes('\nhttps://console.example.org/activate?token=x\n'))
  t.true(changed?.text.includes('new@example.org'))
  t.is(coded.length, codes.length)
  for (const mail of coded) t.true(codeIn(mail) === '012345' && mail.html.includes('012345') && !mail.subject.includes('012345'))
  t.is(new Set(box.mails.map(({ subject }) => subject)).size, box.mails.length)
})

test('a mail server that is away, or refuses, is told in the log, takes nobody out of service, and who asks for a code gets the same answer', async (t) => {
  const gone = await mailServer()
  await gone.close()
  const refusing = await mailServer({ onRcptTo: (_address, _session, done) => { done(new Error('no such mail box')) } })
  t.teardown(() => refusing.close())
  for (const [port, isUp] of [[gone.port, false], [refusing.port, true]] as const) {
    const { app, log } = await begin(onMailer('smtp', { ...smtp, url: `smtp://127.0.0.1:${port}` }))
    const known = await ask(app, '/forgot-password', { json: { email: owner.email } })
    const unknown = await ask(app, '/forgot-password', { json: { email: 'nobody@example.org' } })
    t.deepEqual([known.status, unknown.status], [200, 200])
    t.deepEqual(Object.keys(await bodyOf(known) as object), Object.keys(await bodyOf(unknown) as object))
    const line = await until(() => log.lines.find((one) => one.includes('a mail could not be sent')))
    t.regex(line, isUp ? /no such mail box/ : /ECONNREFUSED/)
    t.is((await app.fetch('/readyz')).status, 200)
    await app.close()
  }
})

test('a password does not travel in clear, and settings that cannot work are refused with the reason', async (t) => {
  // Another name of this machine, which the adapter cannot know to be one.
  const { app, log } = await begin(onMailer('smtp', { ...smtp, url: `smtp://ada:pass%3Aword@127.1:${post.port}` }))
  t.teardown(() => app.close())
  await ask(app, '/forgot-password', { json: { email: owner.email } })
  t.regex(await until(() => log.lines.find((one) => one.includes('a mail could not be sent'))), /STARTTLS/i)

  const refused = async (config: NonNullable<TestAppOptions['config']>): Promise<string> => {
    const error = await t.throwsAsync<StartupError>(async () => { await (await testApp({ config })).close() }, { instanceOf: StartupError })
    return error.message
  }
  const url = 'smtp://mail.example.org'
  t.regex(await refused(onMailer('smtp', { ...smtp, url: 'https://mail.example.org' })), /mailer\.smtp\.url/)
  t.regex(await refused(onMailer('smtp', { ...smtp, url: `${url}?tls.rejectUnauthorized=false` })), /mailer\.smtp\.url/)
  t.regex(await refused(onMailer('smtp', { url })), /mailer\.smtp\.from/)
  t.regex(await refused(onMailer('smtp', { url, from: 'nobody' })), /mailer\.smtp\.from/)
  t.regex(await refused(onMailer('smtp', { ...smtp, url }, { host: '0.0.0.0' })), /server\.publicUrl: is missing: this server sends mail[^]*PUBLIC_URL/)
  const elsewhere = await testApp({ config: onMailer('smtp', { ...smtp, url }, { host: '0.0.0.0', publicUrl: 'https://api.example.org' }) })
  await elsewhere.close()
})
