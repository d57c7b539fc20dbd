/** Members, invitations, transfers and workspaces, as several browsers meet them at once. */
import { createHash, randomUUID } from 'node:crypto'
import test from 'ava'
import { database, errors } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import type { MemberLifecycle, Role } from '../plugins/auth/ports.ts'
import { invitations } from '../plugins/auth/services/invitations.ts'
import type { Mail, Mailer } from '../plugins/mail/ports.ts'
import { bodyOf, cookiesOf, login, sessionOf } from './support/browser.ts'

const password = 'correct horse 42'

/** What was mailed to each address; an address that begins with `unreachable` takes no mail. */
const mails: Mail[] = []
const mailbox: Mailer = {
  delivers: false,
  send: async (mail) => {
    if (mail.to.startsWith('unreachable')) throw new Error('no such mailbox')
    mails.push(mail)
  },
}
const mailed = (to: string): Mail[] => mails.filter((mail) => mail.to === to)

/** What must be ended elsewhere, as it is told; `refuses` makes the next transaction fail at its end. */
let told: string[] = []
let refuses = false
const probe: MemberLifecycle = {
  lessening: async ({ accountId }, can) => {
    if (refuses) throw new Error('it could not be ended everywhere')
    told.push(`${accountId} ${['workspace:transfer', 'member:invite', 'dataset:create', 'workspace:read'].filter(can).join(' ')}`.trim())
  },
  ownerChanging: async (workspaceId) => { told.push(`owner of ${workspaceId}`) },
}
const tells = async (work: () => Promise<unknown>): Promise<string[]> => {
  told = []
  await work()
  return told
}

let app: TestApp
test.before(async () => {
  app = await testApp({ config: { plugins: { bootstrap: null } }, fakes: { mailer: mailbox, memberLifecycle: new Map([['probe', probe]]) } })
})
test.after.always(() => app.close())

interface Answer { readonly status: number; readonly body: any; readonly response: Response }
interface Person { readonly accountId: string; readonly email: string; ask(method: string, path: string, json?: unknown): Promise<Answer> }
const answer = async (response: Response): Promise<Answer> => ({ status: response.status, response, body: await response.clone().json().catch(() => undefined) })
const anybody = async (method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  answer(await app.fetch(`/console/api${path}`, { method, headers, ...json === undefined ? {} : { json } }))
const signedIn = async (accountId: string, email: string): Promise<Person> => {
  const response = await login(app, password, email)
  const { access } = sessionOf(response)
  return { accountId, email, ask: (method, path, json) => anybody(method, path, json, { authorization: `Bearer ${access}` }) }
}
const port = () => app.resolve(accounts)
const person = async (name: string): Promise<{ accountId: string; email: string }> => {
  const email = `${name}-${randomUUID()}@example.org`
  return { email, ...await port().createAccount({ email, name, password }) }
}
/** A workspace with an owner and members of some roles, all signed in. */
const workspace = async <R extends Role>(...roles: R[]): Promise<{ id: string; owner: Person } & Record<R, Person>> => {
  const owner = await person('owner')
  const { workspaceId } = await port().createWorkspace('Alpha', owner.accountId)
  const people: Record<string, Person> = { owner: await signedIn(owner.accountId, owner.email) }
  for (const role of roles) {
    const member = await person(role)
    await port().setRole(workspaceId, member.accountId, role)
    people[role] = await signedIn(member.accountId, member.email)
  }
  return { id: workspaceId, ...people } as { id: string; owner: Person } & Record<R, Person>
}
const members = '/workspaces/current/members'
const invite = async (by: Person, email: string, role = 'normal'): Promise<{ status: string; email: string; url: string; token: string; message?: string }> =>
  (await by.ask('POST', `${members}/invite-email`, { emails: [email], role })).body.invitation_results[0]
const rolesOf = async (by: Person): Promise<Record<string, string>> =>
  Object.fromEntries((await by.ask('GET', members)).body.accounts.map((one: { email: string; role: string; status: string }) => [one.email, `${one.role} ${one.status}`]))
const refused = (t: { like(actual: unknown, expected: object, message?: string): unknown }, got: Answer, status: number, code: string): void => {
  t.like({ status: got.status, code: got.body?.code }, { status, code }, JSON.stringify(got.body))
}
const count = async (sql: string, values: unknown[] = []): Promise<number> => (await app.resolve(database).query(sql, values)).length
const actions = async (workspaceId: string): Promise<string[]> =>
  (await app.resolve(database).query<{ action: string }>('SELECT action FROM audit_logs WHERE workspace_id = $1 ORDER BY at, id', [workspaceId])).map(({ action }) => action)

test.serial('an invitation makes nobody a member before it is accepted, once, by whoever holds the token, who is then signed in', async (t) => {
  const { id, owner } = await workspace()
  const [email, other] = [`New.One-${randomUUID()}@Example.org`, `two-${randomUUID()}@example.org`]
  const sent = await owner.ask('POST', `${members}/invite-email`, { emails: [email, email.toUpperCase(), other, owner.email.toUpperCase()], role: 'editor', language: 'en-US' })
  t.is(sent.status, 201)
  t.like(sent.body, { result: 'success', tenant_id: id })
  const [first, second, third, ...more] = sent.body.invitation_results
  t.deepEqual(more, [])
  t.like(first, { status: 'success', email: email.toLowerCase(), message: undefined })
  t.like(second, { status: 'success', email: other })
  t.like(third, { status: 'already_member', email: owner.email })
  t.regex(first.token, /^[\w-]{43}$/)
  t.true(first.url.endsWith(`/activate?${new URLSearchParams({ email: email.toLowerCase(), token: first.token }).toString()}`), first.url)
  t.is(mailed(email.toLowerCase()).length, 1)
  t.true(mailed(email.toLowerCase())[0]?.text.includes(first.url))
  t.deepEqual(await rolesOf(owner), { [owner.email]: 'owner active', [email.toLowerCase()]: 'editor pending', [other]: 'editor pending' })
  t.is((await port().members(id)).length, 1)
  t.is(await port().find(email), undefined, 'nobody has accepted yet')

  const stored = JSON.stringify(await app.resolve(database).query('SELECT * FROM invitations WHERE workspace_id = $1', [id]))
  t.false(stored.includes(first.token))
  t.true(stored.includes(createHash('sha256').update(first.token as string).digest('hex')))
  for (const attempt of [password, '', 'null']) t.is((await login(app, attempt, email)).status, attempt === '' ? 400 : 401, 'a pending account has no password')

  const check = async (query: Record<string, string>): Promise<unknown> => (await anybody('GET', `/activate/check?${new URLSearchParams(query).toString()}`)).body
  const { token } = first as { token: string }
  const valid = { is_valid: true, data: { workspace_name: 'Alpha', workspace_id: id, email: email.toLowerCase() } }
  for (const query of [{ token }, { token, email }, { token, workspace_id: id }, { token, email, workspace_id: id }, { token, email: '', workspace_id: '' }]) t.deepEqual(await check(query), valid)
  const elsewhere = [{ token, email: other }, { token, workspace_id: randomUUID() }, { token: token.toLowerCase() }, { token: token.slice(1) }, { token: `${token}x` }, { token: 'null' }]
  const answers = new Set<string>()
  for (const query of elsewhere) {
    t.deepEqual(await check(query), { is_valid: false })
    answers.add(JSON.stringify((await anybody('POST', '/activate', { ...query, name: 'Eve', password })).body))
  }
  t.is(answers.size, 1)
  t.regex([...answers][0] ?? '', /"invalid_invitation".*400/)
  for (const token of [null, [], {}, 0, true]) t.is((await anybody('POST', '/activate', { token, name: 'Eve' })).status, 400)

  refused(t, await anybody('POST', '/activate', { token }), 400, 'invalid_param')
  refused(t, await anybody('POST', '/activate', { token, name: 'Newton', password: 'weak' }), 400, 'invalid_param')
  refused(t, await anybody('POST', '/activate', { token, name: 'Newton', timezone: 'Mars/Olympus' }), 400, 'invalid_param')
  const accepted = await anybody('POST', '/activate', { workspace_id: id, email, token, name: 'Newton', password, interface_language: 'de-DE', timezone: 'Europe/Vienna' })
  t.is(accepted.status, 200, 'what was refused has used nothing up')
  t.deepEqual(accepted.body, { result: 'success' })
  const { cookie } = sessionOf(accepted.response)
  t.like((await anybody('GET', '/account/profile', undefined, { cookie })).body, { name: 'Newton', email: email.toLowerCase(), interface_language: 'de-DE', timezone: 'Europe/Vienna', is_password_set: true })
  t.like((await anybody('POST', '/workspaces/current', undefined, { authorization: `Bearer ${sessionOf(accepted.response).access}` })).body, { id, role: 'editor' })
  t.is((await login(app, password, email)).status, 200)
  refused(t, await anybody('POST', '/activate', { token, name: 'Newton', password }), 400, 'invalid_invitation')
  t.deepEqual(await check({ token }), { is_valid: false })
  t.like(await rolesOf(owner), { [email.toLowerCase()]: 'editor active' })
  t.deepEqual(await actions(id), ['member.joined', 'member.invited', 'member.invited', 'member.joined'])
})

test.serial('an account that is active already joins by its token, and the token opens nothing else of it', async (t) => {
  const [alpha, beta] = [await workspace('admin'), await workspace('editor')]
  const { editor } = beta
  const invited = await invite(alpha.admin, editor.email.toUpperCase(), 'admin')
  const pending = (await alpha.owner.ask('GET', members)).body.accounts.find((one: { id: string }) => one.id === editor.accountId)
  t.like(pending, { status: 'pending', name: editor.email.split('@')[0], last_login_at: null, avatar: null }, 'of its life elsewhere nothing is told')
  const accepted = await anybody('POST', '/activate', { token: invited.token, name: 'Mallory', password: 'another horse 43' })
  t.is(accepted.status, 200)
  t.deepEqual([...cookiesOf(accepted.response).keys()], [], 'whoever invited has the token too')
  t.is((await login(app, 'another horse 43', editor.email)).status, 401)
  t.like((await editor.ask('GET', '/account/profile')).body, { name: 'editor' })
  t.like((await editor.ask('POST', '/workspaces/current')).body, { id: beta.id, role: 'editor' }, 'it stays where it works')
  const { workspaces } = (await editor.ask('GET', '/workspaces')).body
  t.deepEqual(new Map(workspaces.map((one: { id: string; current: boolean }) => [one.id, one.current])), new Map([[alpha.id, false], [beta.id, true]]))

  const switched = await editor.ask('POST', '/workspaces/switch', { tenant_id: alpha.id })
  t.like(switched.body, { result: 'success', new_tenant: { id: alpha.id, role: 'admin', status: 'normal' } })
  t.like((await editor.ask('POST', '/info')).body, { id: alpha.id, role: 'admin' })
  const foreign = await workspace()
  for (const tenant_id of [randomUUID(), foreign.id]) refused(t, await editor.ask('POST', '/workspaces/switch', { tenant_id }), 400, 'account_not_link_tenant')
  t.like((await editor.ask('POST', '/workspaces/current')).body, { id: alpha.id }, 'what was refused has changed nothing')

  await port().archive(beta.id, true)
  refused(t, await editor.ask('POST', '/workspaces/switch', { tenant_id: beta.id }), 400, 'account_not_link_tenant')
  t.is((await beta.owner.ask('GET', '/account/profile')).status, 401, 'an archived workspace takes no sessions')
  await port().archive(beta.id, false)
  t.like((await editor.ask('POST', '/workspaces/switch', { tenant_id: beta.id })).body, { new_tenant: { role: 'editor' } })
  t.is((await beta.owner.ask('GET', '/account/profile')).status, 200)
})

test.serial('inviting again ends the older link, and one that is over, of an archived workspace, or of a suspended account, is like none', async (t) => {
  const { id, owner } = await workspace()
  const email = `late-${randomUUID()}@example.org`
  const [older, newer] = [await invite(owner, email, 'admin'), await invite(owner, email, 'normal')]
  const accept = (token: string) => anybody('POST', '/activate', { token, name: 'Late', password })
  refused(t, await accept(older.token), 400, 'invalid_invitation')
  await port().archive(id, true)
  refused(t, await accept(newer.token), 400, 'invalid_invitation')
  await port().archive(id, false)
  await app.resolve(database).query(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE workspace_id = $1`, [id])
  refused(t, await accept(newer.token), 400, 'invalid_invitation')
  t.deepEqual((await anybody('GET', `/activate/check?token=${newer.token}`)).body, { is_valid: false })
  await app.resolve(invitations).forget()
  t.like(await rolesOf(owner), { [email]: 'normal pending' }, 'it is still shown, to be sent again')
  await app.resolve(database).query(`UPDATE invitations SET expires_at = now() - interval '31 days' WHERE workspace_id = $1`, [id])
  t.is(await app.resolve(invitations).forget(), 1)
  t.is(await count('SELECT 1 FROM accounts WHERE email = $1', [email]), 0, 'and then it is forgotten, with an account that nobody used')

  const banned = await person('banned')
  const token = (await invite(owner, banned.email)).token
  await port().suspend(banned.accountId, true)
  refused(t, await accept(token), 400, 'invalid_invitation')
  t.like(await invite(owner, banned.email), { status: 'failed', email: banned.email })
})

test.serial('a mail that cannot be sent leaves the invitation, to be handed over', async (t) => {
  const { owner } = await workspace()
  const invited = await invite(owner, `unreachable-${randomUUID()}@example.org`)
  t.is(invited.status, 'success')
  t.regex(invited.message ?? '', /Hand the url over/)
  t.is((await anybody('POST', '/activate', { token: invited.token, name: 'Robin', password })).status, 200)
})

test.serial('admins invite admins, nobody an owner or an unknown role, and the others invite nobody', async (t) => {
  const { admin, editor, normal, dataset_operator } = await workspace('admin', 'editor', 'normal', 'dataset_operator')
  const email = `role-${randomUUID()}@example.org`
  t.is((await invite(admin, email, 'admin')).status, 'success')
  for (const role of ['owner', 'Admin', 'superuser', '', '__proto__', 'constructor']) {
    const got = await admin.ask('POST', `${members}/invite-email`, { emails: [email], role })
    refused(t, got, 400, role === '' ? 'invalid_param' : 'invalid-role')
  }
  for (const body of [{ emails: [] }, { emails: ['nobody'] }, { emails: Array.from({ length: 51 }, (_, n) => `${n}@example.org`) }, { emails: email }, {}]) {
    refused(t, await admin.ask('POST', `${members}/invite-email`, { role: 'normal', ...body }), 400, 'invalid_param')
  }
  for (const one of [editor, normal, dataset_operator]) refused(t, await one.ask('POST', `${members}/invite-email`, { emails: [email], role: 'normal' }), 403, 'forbidden')
  const list = await normal.ask('GET', members)
  t.is(list.body.accounts.length, 6)
  t.deepEqual(list.body.accounts.find((one: { id: string }) => one.id === dataset_operator.accountId).roles, [{ id: 'dataset_operator', name: 'dataset_operator' }])
  t.deepEqual((await normal.ask('GET', '/workspaces/current/dataset-operators')).body.accounts.map((one: { id: string }) => one.id), [dataset_operator.accountId])
})

test.serial('a role is changed and a member removed by owner and admins, never by oneself, and not the owner', async (t) => {
  const [{ id, owner, admin, editor, normal }, other] = [await workspace('admin', 'editor', 'normal'), await workspace('normal')]
  const change = (by: Person, who: string, role: unknown = 'editor') => by.ask('PUT', `${members}/${who}/update-role`, { role })
  const remove = (by: Person, who: string) => by.ask('DELETE', `${members}/${who}`)
  for (const by of [owner, admin]) {
    refused(t, await change(by, by.accountId), 400, 'cannot-operate-self')
    refused(t, await remove(by, by.accountId), 400, 'cannot-operate-self')
    refused(t, await change(by, by.accountId.toUpperCase()), 400, 'cannot-operate-self')
    refused(t, await remove(by, `[${by.accountId}]`), 404, 'not_found')
    for (const nobody of [randomUUID(), other.owner.accountId, other.normal.accountId]) {
      refused(t, await change(by, nobody), 404, 'member-not-found')
      refused(t, await remove(by, nobody), 404, 'member-not-found')
    }
    for (const role of ['owner', 'root']) refused(t, await change(by, normal.accountId, role), 400, 'invalid-role')
    refused(t, await change(by, editor.accountId), 400, 'role-already-assigned')
  }
  refused(t, await change(admin, owner.accountId), 403, 'forbidden')
  refused(t, await remove(admin, owner.accountId), 403, 'forbidden')
  for (const by of [editor, normal]) {
    refused(t, await change(by, admin.accountId), 403, 'forbidden')
    refused(t, await remove(by, admin.accountId), 403, 'forbidden')
  }
  t.deepEqual(await rolesOf(other.owner), { [other.owner.email]: 'owner active', [other.normal.email]: 'normal active' })

  t.deepEqual(await tells(async () => { t.deepEqual((await change(admin, editor.accountId, 'normal')).body, { result: 'success' }) }), [`${editor.accountId} workspace:read`])
  t.like((await editor.ask('POST', '/workspaces/current')).body, { role: 'normal' }, 'on the very next request')
  t.deepEqual(await tells(async () => { await change(owner, normal.accountId, 'admin') }), [`${normal.accountId} member:invite dataset:create workspace:read`])
  t.deepEqual(await tells(async () => { t.deepEqual((await remove(admin, editor.accountId)).body, { result: 'success', tenant_id: id }) }), [editor.accountId])
  t.is((await editor.ask('POST', '/workspaces/current')).status, 401, 'on the very next request')
  t.is((await bodyOf(await login(app, password, editor.email))).result, 'fail', 'it belongs to no workspace')

  refuses = true
  t.is((await remove(owner, normal.accountId)).status, 500)
  refuses = false
  t.like(await rolesOf(owner), { [normal.email]: 'admin active' }, 'what cannot be ended everywhere has changed nothing')
})

test.serial('a removed member keeps its other workspaces and its session, and the invitations that it made end', async (t) => {
  const [alpha, beta] = [await workspace('admin'), await workspace()]
  const { admin, owner } = alpha
  await port().setRole(beta.id, admin.accountId, 'normal')
  const [backdoor, shared] = [`door-${randomUUID()}@example.org`, `shared-${randomUUID()}@example.org`]
  const door = await invite(admin, backdoor, 'admin')
  const left = await invite(admin, shared)
  const kept = await invite(beta.owner, shared)
  t.is((await owner.ask('DELETE', `${members}/${admin.accountId}`)).status, 200)
  for (const { token } of [door, left]) refused(t, await anybody('POST', '/activate', { token, name: 'Eve', password }), 400, 'invalid_invitation')
  t.is(await count('SELECT 1 FROM accounts WHERE email = $1', [backdoor]), 0)
  t.is((await anybody('POST', '/activate', { token: kept.token, name: 'Sharon', password })).status, 200, 'what another workspace offers stays')
  t.like((await admin.ask('POST', '/workspaces/current')).body, { id: beta.id, role: 'normal' })
  t.is((await admin.ask('DELETE', `${members}/${owner.accountId}`)).status, 403)
})

test.serial('an invitation can be given another role, and taken back', async (t) => {
  const [{ id, owner, admin }, other] = [await workspace('admin'), await workspace()]
  const [email, both] = [`pending-${randomUUID()}@example.org`, `both-${randomUUID()}@example.org`]
  const [invited, here, there] = [await invite(owner, email), await invite(owner, both), await invite(other.owner, both, 'editor')]
  const idOf = async (address: string): Promise<string> => (await owner.ask('GET', members)).body.accounts.find((one: { email: string }) => one.email === address).id
  const [pendingId, bothId] = [await idOf(email), await idOf(both)]
  refused(t, await other.owner.ask('DELETE', `${members}/${pendingId}`), 404, 'member-not-found')
  refused(t, await admin.ask('PUT', `${members}/${pendingId}/update-role`, { role: 'normal' }), 400, 'role-already-assigned')
  t.is((await admin.ask('PUT', `${members}/${bothId}/update-role`, { role: 'dataset_operator' })).status, 200)
  t.like(await rolesOf(owner), { [both]: 'dataset_operator pending' })
  t.like(await rolesOf(other.owner), { [both]: 'editor pending' })
  for (const one of [pendingId, bothId]) t.like((await admin.ask('DELETE', `${members}/${one}`)).body, { result: 'success', tenant_id: id })
  t.is(await count('SELECT 1 FROM accounts WHERE id = $1', [pendingId]), 0, 'nobody is left of it')
  for (const { token } of [invited, here]) refused(t, await anybody('POST', '/activate', { token, name: 'Eve', password }), 400, 'invalid_invitation')
  t.is((await anybody('POST', '/activate', { token: there.token, name: 'Both', password })).status, 200)
})

/** The code of the one mail to an owner, which nobody waits for. */
const codeFor = async (owner: Person): Promise<string> => {
  for (let n = 0; n < 100 && mailed(owner.email).length === 0; n++) await new Promise((done) => { setTimeout(done, 20) })
  return /\b\d{6}\b/.exec(mailed(owner.email)[0]?.text ?? '')?.[0] ?? ''
}
/** The token for a transfer, by way of the owner's mailbox. */
const confirmed = async (owner: Person): Promise<string> => {
  const asked = await owner.ask('POST', `${members}/send-owner-transfer-confirm-email`, { language: 'en-US' })
  const code = await codeFor(owner)
  const checked = await owner.ask('POST', `${members}/owner-transfer-check`, { code, token: asked.body.data })
  return checked.body.token as string
}

test.serial('an owner gives the workspace away with a code from its mailbox, and is an admin then', async (t) => {
  const [{ id, owner, admin, normal }, other] = [await workspace('admin', 'normal'), await workspace('normal')]
  for (const by of [admin, normal]) {
    for (const [path, json] of [['send-owner-transfer-confirm-email', {}], ['owner-transfer-check', { code: '123456', token: 'x' }], [`${by.accountId}/owner-transfer`, { token: 'x' }]] as const) {
      refused(t, await by.ask('POST', `${members}/${path}`, json), 403, 'forbidden')
    }
  }
  const asked = await owner.ask('POST', `${members}/send-owner-transfer-confirm-email`, {})
  t.like(asked.body, { result: 'success' })
  const code = await codeFor(owner)
  const transfer = (who: string, token: string) => owner.ask('POST', `${members}/${who}/owner-transfer`, { token })
  refused(t, await transfer(normal.accountId, asked.body.data as string), 400, 'invalid_or_expired_token')
  refused(t, await owner.ask('POST', `${members}/owner-transfer-check`, { code: code === '000000' ? '000001' : '000000', token: asked.body.data }), 400, 'email_code_error')
  const checked = await owner.ask('POST', `${members}/owner-transfer-check`, { code, token: asked.body.data })
  t.like(checked.body, { is_valid: true, email: owner.email })
  const token = checked.body.token as string
  refused(t, await other.owner.ask('POST', `${members}/${other.normal.accountId}/owner-transfer`, { token }), 400, 'invalid_or_expired_token')
  refused(t, await transfer(owner.accountId, token), 400, 'cannot-operate-self')
  for (const nobody of [randomUUID(), other.normal.accountId]) refused(t, await transfer(nobody, token), 404, 'member-not-found')
  t.deepEqual(await tells(async () => { t.deepEqual((await transfer(normal.accountId, token)).body, { result: 'success' }) }), [
    `${owner.accountId} member:invite dataset:create workspace:read`, `${normal.accountId} workspace:transfer member:invite dataset:create workspace:read`, `owner of ${id}`,
  ])
  t.deepEqual(await rolesOf(owner), { [owner.email]: 'admin active', [admin.email]: 'admin active', [normal.email]: 'owner active' })
  refused(t, await transfer(admin.accountId, token), 403, 'forbidden')
  t.is((await actions(id)).at(-1), 'workspace.transferred')
  t.like(await rolesOf(other.owner), { [other.owner.email]: 'owner active' })
})

test.serial('a workspace is renamed by owner and admins', async (t) => {
  const [{ id, admin, editor }, other] = [await workspace('admin', 'editor'), await workspace()]
  t.like((await admin.ask('POST', '/workspaces/info', { name: '  Gamma ' })).body, { result: 'success', tenant: { id, name: 'Gamma', role: 'admin' } })
  refused(t, await editor.ask('POST', '/workspaces/info', { name: 'Delta' }), 403, 'forbidden')
  for (const name of ['', '   ', 'x'.repeat(101), null, 7]) refused(t, await admin.ask('POST', '/workspaces/info', { name }), 400, 'invalid_param')
  t.like((await editor.ask('POST', '/workspaces/current')).body, { name: 'Gamma' })
  t.like((await other.owner.ask('POST', '/workspaces/current')).body, { name: 'Alpha' })
  t.is((await actions(id)).at(-1), 'workspace.renamed')
})

test.serial('a suspension ends sessions at once, in every workspace, and lifting it brings none back', async (t) => {
  const [alpha, beta] = [await workspace('admin'), await workspace()]
  const { admin } = alpha
  const { workspaceId } = await port().createWorkspace('Own', admin.accountId)
  await port().setRole(beta.id, admin.accountId, 'normal')
  const door = await invite(admin, `door-${randomUUID()}@example.org`, 'admin')
  const ended = await tells(() => port().suspend(admin.accountId, true))
  t.deepEqual(ended.filter((one) => one === admin.accountId).length, 3)
  t.deepEqual(ended.filter((one) => one !== admin.accountId), [`owner of ${workspaceId}`])
  t.is((await admin.ask('GET', '/account/profile')).status, 401)
  t.is((await bodyOf(await login(app, password, admin.email))).code, 'account_banned')
  const late = app.resolve(invitations).invite({ workspaceId: alpha.id, id: admin.accountId }, `late-${randomUUID()}@example.org`, 'admin')
  await t.throwsAsync(late, { message: errors.forbidden().message }, 'a request that was let in before the suspension opens no door after it')
  refused(t, await anybody('POST', '/activate', { token: door.token, name: 'Eve', password }), 400, 'invalid_invitation')
  t.deepEqual(await tells(() => port().suspend(admin.accountId, false)), [`owner of ${workspaceId}`])
  t.is((await admin.ask('GET', '/account/profile')).status, 401)
  t.is((await login(app, password, admin.email)).status, 200)
  t.deepEqual((await actions(beta.id)).slice(-2), ['account.suspended', 'account.restored'])
})

const settled = async (...works: Promise<Answer>[]): Promise<string[]> => (await Promise.all(works)).map(({ status, body }) => status < 300 ? 'done' : String(body.code)).sort()
test.serial('of what is done at the same moment, one comes after the other', async (t) => {
  for (let round = 0; round < 4; round++) {
    const { id, owner, admin, normal, editor } = await workspace('admin', 'normal', 'editor')
    const { token } = await invite(owner, `race-${randomUUID()}@example.org`)
    const accept = () => anybody('POST', '/activate', { token, name: 'Racer', password })
    t.deepEqual(await settled(accept(), accept(), accept()), ['done', 'invalid_invitation', 'invalid_invitation'], 'one token, one member')

    const changed = await settled(owner.ask('DELETE', `${members}/${normal.accountId}`), admin.ask('PUT', `${members}/${normal.accountId}/update-role`, { role: 'admin' }))
    t.true(['done done', 'done member-not-found'].includes(changed.join(' ')), changed.join(' '))
    t.false(await port().may(id, normal.accountId, 'workspace:read'), 'who was removed is not a member again')

    await port().setRole(id, editor.accountId, 'admin')
    const each = await settled(admin.ask('DELETE', `${members}/${editor.accountId}`), editor.ask('DELETE', `${members}/${admin.accountId}`))
    t.is(each.filter((one) => one === 'done').length, 1, `two who remove each other: ${each.join(' ')}`)

    const [left] = (await port().members(id)).filter(({ role }) => role === 'admin')
    const racer = (await port().members(id)).find(({ role }) => role === 'normal')
    const good = await confirmed(owner)
    const given = await settled(...[left, racer].map((one) => owner.ask('POST', `${members}/${one?.accountId ?? ''}/owner-transfer`, { token: good })))
    t.is(given[0], 'done')
    t.true(['invalid_or_expired_token', 'forbidden'].includes(given[1] ?? ''), given.join(' '))
    t.is((await port().members(id)).filter(({ role }) => role === 'owner').length, 1)
  }
})

test.serial('an address that is invited by many at once has one account, and one that is taken back while it is invited elsewhere stays', async (t) => {
  const [alpha, beta] = [await workspace('admin'), await workspace()]
  for (let round = 0; round < 4; round++) {
    const email = `many-${randomUUID()}@example.org`
    const all = await Promise.all([alpha.owner, alpha.admin, beta.owner].map((by) => invite(by, email)))
    t.deepEqual(all.map(({ status }) => status), ['success', 'success', 'success'])
    const rows = await app.resolve(database).query<{ id: string }>('SELECT id FROM accounts WHERE email = $1', [email])
    t.is(rows.length, 1)
    const [, again] = await Promise.all([alpha.owner.ask('DELETE', `${members}/${rows[0]?.id ?? ''}`), invite(beta.owner, email)])
    t.is((await anybody('POST', '/activate', { token: again.token, name: 'Many', password })).status, 200)
  }
})
