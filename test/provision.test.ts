/** What is declared as code: made once, changed as it is said, and nothing taken away that was not made from it. */
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { ExecutionContext } from 'ava'
import { run as cli } from '../core/cli.ts'
import { command, database, StartupError } from '../core/index.ts'
import type { Logger } from '../core/index.ts'
import { testApp, testPort } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { apiKeys } from '../plugins/api-keys/ports.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { commandContract } from '../plugins/platform/contracts/index.ts'
import { provisionConfig } from '../plugins/provision/config.ts'
import type { ProvisionConfig } from '../plugins/provision/config.ts'
import { linesOf, plan } from '../plugins/provision/plan/plan.ts'
import type { Actual, Declared } from '../plugins/provision/plan/declared.ts'
import { outlets } from '../plugins/provision/ports.ts'
import { declaring } from '../plugins/provision/services/declaring.ts'
import { doing } from '../plugins/provision/services/doing.ts'
import { provisioning } from '../plugins/provision/services/provisioning.ts'
import { surveying } from '../plugins/provision/services/surveying.ts'
import { signIn } from './support/world.ts'

const grants = { adapters: { keyScope: { grants: {} } } }
const start = async (t: ExecutionContext, options: Parameters<typeof testApp>[0] = {}): Promise<TestApp> => {
  const app = await testApp({ ...options, config: { ...grants, ...options.config } })
  t.teardown(() => app.close())
  return app
}
/** Applies another configuration to a running server. */
const apply = (app: TestApp, written: object, dryRun = false): Promise<readonly string[]> => {
  const { value, error } = provisionConfig.schema.validate(written, { abortEarly: false }) as { value: ProvisionConfig; error?: Error }
  if (error) throw error
  return provisioning.create({
    db: app.resolve(database), declaring: declaring.create({ config: value }), surveying: app.resolve(surveying), doing: app.resolve(doing), outlets: app.resolve(outlets),
  }).apply({ dryRun })
}
const refusal = async (t: ExecutionContext, work: Promise<unknown>): Promise<string> => (await t.throwsAsync(work, { instanceOf: StartupError })).message
const counts = (app: TestApp): Promise<unknown> => app.resolve(database).query(`
  SELECT (SELECT count(*) FROM accounts) a, (SELECT count(*) FROM workspaces) w, (SELECT count(*) FROM workspace_members) m, (SELECT count(*) FROM datasets) d,
    (SELECT count(*) FROM api_tokens) k, (SELECT count(*) FROM provisioned) p, (SELECT count(*) FROM audit_logs) l`)
const tell = async (app: TestApp): Promise<string> =>
  (await Promise.all((await readdir(app.dataDir)).filter((name) => name.startsWith('provision-')).map((name) => readFile(join(app.dataDir, name), 'utf8')))).join('')

const owner = { email: 'ada@example.org', name: 'Ada' }
const acme = { name: 'Acme', datasets: [{ name: 'Handbook', indexing_technique: 'economy' }, { name: 'Faq', indexing_technique: 'economy' }] }
const ci = { name: 'ci', grants: [{ dataset: 'Handbook', rights: ['read'] }] }

test.serial('an empty server is made as it is declared, once, and tells the secrets that it made to its operator alone', async (t) => {
  const lines: string[] = []
  const write = (fields: object | string, message = ''): void => { lines.push(JSON.stringify(fields) + message) }
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }
  const dir = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'bob'), 'bobs pass word 1\n')
  const provision = { owner, workspaces: [{ ...acme, members: [{ email: 'Bob@example.org', role: 'editor', password: { file: join(dir, 'bob') } }], keys: [ci] }] }
  const app = await start(t, { config: { ...grants, server: { bootstrap: true }, provision }, fakes: { logger: log } })
  const [file = ''] = (await readdir(app.dataDir)).filter((name) => name.startsWith('provision-'))
  t.is((await stat(join(app.dataDir, file))).mode & 0o777, 0o600)
  const text = await readFile(join(app.dataDir, file), 'utf8')
  const password = /password of ada@example\.org {2}(\S+)/.exec(text)?.[1] ?? ''
  const token = /key ci in Acme {2}(\S+)/.exec(text)?.[1] ?? ''
  t.false((await readdir(app.dataDir)).includes('bootstrap.txt'))
  const session = await signIn(app, { email: owner.email, password })
  t.is((await app.fetch('/console/api/account/profile', { headers: session })).status, 200)
  t.is((await app.fetch('/console/api/account/profile', { headers: await signIn(app, { email: 'bob@example.org', password: 'bobs pass word 1' }) })).status, 200)
  t.is((await app.fetch('/v1/datasets', { token })).status, 200)
  for (const secret of [password, token, 'bobs pass']) t.false(lines.join('\n').includes(secret))
  t.true(lines.some((line) => line.includes(file)), 'the log says where')

  const before = await counts(app)
  t.deepEqual(await apply(app, provision), ['= nothing to do'])
  t.deepEqual(await Promise.all([apply(app, provision), apply(app, provision)]), [['= nothing to do'], ['= nothing to do']])
  t.deepEqual(await counts(app), before)
  const log2 = await (await app.fetch('/console/api/workspaces/current/audit-logs?limit=100', { headers: session })).json() as { data: { action: string; actor: { kind: string } }[] }
  for (const action of ['member.joined', 'dataset.created', 'api-key.created']) t.true(log2.data.some((one) => one.action === action && one.actor.kind === 'operator'), action)
  t.is((await app.kernel.container.deps({ all: command }).all.get('apply')?.run([], { dryRun: true }))?.join(), '= nothing to do')
  t.regex((await app.kernel.container.deps({ all: command }).all.get('new-secret')?.run(['bound'], {}))?.join() ?? '', /^ds-\w{30}$/)
})

test.serial('what changes is changed, what is no longer declared leaves, and data stays', async (t) => {
  const app = await start(t)
  const [people, keys] = [app.resolve(accounts), app.resolve(apiKeys)]
  const secret = keys.newSecret('dataset', true)
  process.env['TEST_PROVISION_CI'] = secret
  t.teardown(() => { delete process.env['TEST_PROVISION_CI'] })
  const bob = { email: 'bob@example.org', role: 'editor' }
  const one = { owner, workspaces: [{ ...acme, members: [bob], keys: [{ ...ci, secret: { env: 'TEST_PROVISION_CI' } }, { name: 'all' }] }] }
  const nothing = await counts(app)
  const planned = await apply(app, one, true)
  t.deepEqual(planned, [
    '+ account ada@example.org (the owner)', '+ workspace Acme', '+ account bob@example.org', '+ member bob@example.org in Acme: editor',
    '+ dataset Handbook in Acme', '+ dataset Faq in Acme', '+ key ci in Acme', '+ key all in Acme',
  ])
  t.deepEqual(await counts(app), nothing, 'a dry run changes nothing')
  const at = await Promise.all([apply(app, one), apply(app, one)])
  t.deepEqual(at.map((lines) => lines.join()).sort(), [planned.join(), '= nothing to do'].sort(), 'of two at once one does it')
  t.is((await app.fetch('/v1/datasets', { token: secret })).status, 200)
  t.false((await tell(app)).includes(secret), 'what was declared is not told')

  const [{ workspaceId } = { workspaceId: '' }] = await people.workspaces()
  const foreign = await keys.create({ type: 'dataset', workspaceId, datasetId: null, name: 'by hand', createdBy: (await people.find(owner.email))?.accountId ?? '' })
  const { accountId: eve } = await people.createAccount({ email: 'eve@example.org', name: 'Eve' })
  await people.setRole(workspaceId, eve, 'admin')
  process.env['TEST_PROVISION_CI'] = keys.newSecret('dataset', true)
  const two = { owner, workspaces: [{ name: 'Acme', datasets: [acme.datasets[0]], members: [{ ...bob, role: 'normal', suspended: true }], keys: [
    { ...ci, grants: [{ dataset: 'Handbook', rights: ['retrieve'] }], rate_limit: 60, secret: { env: 'TEST_PROVISION_CI' } }] }] }
  t.deepEqual(await apply(app, two), [
    '~ member bob@example.org in Acme: editor → normal', '- key all in Acme (no longer declared)', '~ key ci in Acme: reaches less, other limits, another secret',
    '~ account bob@example.org: suspended', '. dataset Faq in Acme: is no longer declared, and is left alone',
  ])
  t.deepEqual([await app.fetch('/v1/datasets', { token: secret }), await app.fetch('/v1/datasets', { token: foreign.token })].map(({ status }) => status), [401, 200])
  t.deepEqual(await apply(app, two), ['. dataset Faq in Acme: is no longer declared, and is left alone', '= nothing to do'])
  t.is((await people.members(workspaceId)).length, 3)

  for (const [wrong, said] of [
    [{ keys: [ci] }, /key ci in Acme: would widen/], [{ keys: [{ name: 'by hand' }] }, /key by hand in Acme: there is a key of this name/],
    [{ members: [{ email: 'eve@example.org', role: 'normal' }] }, /is admin and would become normal/], [{ owner: 'nobody@example.org' }, /has no account/],
    [{ keys: [{ name: 'x', datasets: ['Nowhere'] }] }, /there is no dataset Nowhere/],
  ] as const) {
    const before = await counts(app)
    t.regex(await refusal(t, apply(app, { owner, workspaces: [{ ...two.workspaces[0], ...wrong }] })), said)
    t.deepEqual(await counts(app), before)
  }
  await apply(app, { owner, workspaces: [] })
  t.deepEqual((await keys.list(workspaceId)).map(({ name }) => name), ['by hand'])
  t.deepEqual((await people.members(workspaceId)).map(({ email }) => email).sort(), ['ada@example.org', 'eve@example.org'])
  t.deepEqual(await apply(app, {}), ['= nothing is declared: write a section provision: into the configuration'])
})

test.serial('a declared key that somebody deleted stays deleted, and a secret that somebody replaced stays refused', async (t) => {
  const app = await start(t)
  const keys = app.resolve(apiKeys)
  const [leaked, other] = [keys.newSecret('dataset', true), keys.newSecret('dataset', true)]
  t.teardown(() => { delete process.env['TEST_PROVISION_LEAKED'] })
  process.env['TEST_PROVISION_LEAKED'] = leaked
  const status = async (token: string): Promise<number> => (await app.fetch('/v1/datasets', { token })).status
  const as = (name: string) => ({ owner, workspaces: [{ ...acme, keys: [{ ...ci, name, secret: { env: 'TEST_PROVISION_LEAKED' } }] }] })
  await apply(app, as('ci'))
  const [{ workspaceId } = { workspaceId: '' }] = await app.resolve(accounts).workspaces()
  const [{ id } = { id: '' }] = await keys.list(workspaceId)
  t.is(await status(leaked), 200)
  const { token: fresh } = await keys.rotate(workspaceId, id, 0)
  const replaced = '. key ci in Acme: has been given another secret since, so the declared one stays refused; declare another'
  for (let times = 0; times < 2; times++) t.deepEqual(await apply(app, as('ci')), [replaced, '= nothing to do'])
  t.deepEqual([await status(leaked), await status(fresh)], [401, 200])
  process.env['TEST_PROVISION_LEAKED'] = other
  t.deepEqual(await apply(app, as('ci')), ['~ key ci in Acme: another secret'])
  t.deepEqual([await status(fresh), await status(other)], [401, 200])

  await keys.remove(workspaceId, id)
  const deleted = '. key ci in Acme: was made from here and has been deleted since, so it stays deleted; declare one of another name'
  for (let times = 0; times < 2; times++) t.deepEqual(await apply(app, as('ci')), [deleted, '= nothing to do'])
  t.is(await status(other), 401)
  process.env['TEST_PROVISION_LEAKED'] = keys.newSecret('dataset', true)
  t.deepEqual(await apply(app, as('ci 2')), ['- key ci in Acme (no longer declared)', '+ key ci 2 in Acme'].slice(1))
  t.is(await status(process.env['TEST_PROVISION_LEAKED']), 200)
})

test.serial('tags of a dataset are put on and taken off, and those of others stay', async (t) => {
  const app = await start(t)
  const [people, shelves] = [app.resolve(accounts), app.resolve(datasets)]
  const as = (...tags: string[][]) => ({ owner, workspaces: [{ name: 'Acme', datasets: [{ name: 'Handbook', indexing_technique: 'economy', ...tags[0] ? { tags: tags[0] } : {} }] }] })
  t.deepEqual((await apply(app, as(['hr', 'all hands']))).slice(-2), ['+ dataset Handbook in Acme', '~ dataset Handbook in Acme: tags +hr +all hands'])
  const [{ workspaceId } = { workspaceId: '' }] = await people.workspaces()
  const id = (await shelves.named(workspaceId, ['Handbook'])).get('Handbook') ?? ''
  const tags = async (): Promise<readonly string[] | undefined> => (await shelves.tags(workspaceId, [id])).get(id)
  t.deepEqual(await apply(app, as(['hr', 'all hands'])), ['= nothing to do'])
  await shelves.tag({ workspaceId, accountId: workspaceId }, id, ['by hand'])
  t.deepEqual(await apply(app, as(['hr', 'new', 'by hand'])), ['~ dataset Handbook in Acme: tags +new -all hands'])
  t.deepEqual(await tags(), ['by hand', 'hr', 'new'])
  t.deepEqual(await apply(app, as()), ['= nothing to do'], 'where nothing is said of tags they are left alone')
  t.deepEqual(await apply(app, as([])), ['~ dataset Handbook in Acme: tags -hr -new'])
  t.deepEqual(await tags(), ['by hand'])
})

test.serial('a declared key goes on with its secret under another owner of its workspace, be the first one removed or suspended', async (t) => {
  const app = await start(t)
  const secret = app.resolve(apiKeys).newSecret('dataset', true)
  process.env['TEST_PROVISION_OWNED'] = secret
  t.teardown(() => { delete process.env['TEST_PROVISION_OWNED'] })
  const status = async (): Promise<number> => (await app.fetch('/v1/datasets', { token: secret })).status
  const keys = [{ ...ci, secret: { env: 'TEST_PROVISION_OWNED' } }]
  const as = (name: string, members: object[]) => ({ owner, workspaces: [{ ...acme, owner: `${name}@example.org`, keys, members }, { name: 'Home', members: ['bob', 'cyd'].map((one) => ({
    email: `${one}@example.org`, role: 'normal', suspended: name === 'cyd' && one === 'bob' })) }] })
  await apply(app, as('ada', [{ email: 'bob@example.org', role: 'normal' }]))
  t.is(await status(), 200)
  t.true((await apply(app, as('bob', []))).includes('+ key ci in Acme (again: whoever made it makes keys no more)'))
  t.is(await status(), 200, 'at once, though the same secret was deleted in the same transaction')
  await apply(app, as('cyd', [{ email: 'bob@example.org', role: 'admin', suspended: true }]))
  t.is(await status(), 200)
  t.deepEqual(await apply(app, as('cyd', [{ email: 'bob@example.org', role: 'admin', suspended: true }])), ['= nothing to do'])
})

test.serial('secrets stand elsewhere, tags are refused, and everything that is wrong is said at once', async (t) => {
  const wrong = { owner: { ...owner, password: 'hunter2-hunter2' }, workspaces: [{ name: 'Acme', keys: [{ name: 'ci', secret: 'ds-literal', tags: ['x'] }] }] }
  const { message } = await t.throwsAsync(start(t, { config: { ...grants, provision: wrong } }), { instanceOf: StartupError })
  for (const said of [/provision\.owner\.password: is a secret/, /provision\.workspaces\[0\]\.keys\[0\]\.secret: is a secret/, /keys\[0\]\.tags: cannot be used/]) t.regex(message, said)
  t.false(/hunter2|ds-literal/.test(message))
  const app = await start(t)
  t.regex(await refusal(t, apply(app, { owner: { ...owner, password: { env: 'TEST_NOT_THERE' } }, workspaces: [{ name: 'x', keys: [{ name: 'y', secret: { file: '/not/there' } }] }] })), /TEST_NOT_THERE[^]*cannot be read/)
  t.regex(await refusal(t, apply(app, { workspaces: [{ name: 'x' }] })), /owner: is missing/)
  t.false(/hunter2/.test(await refusal(t, apply(app, { owner: { ...owner, password: { file: 'hunter2-hunter2' } } }))), 'nor is it told where it was taken for a path')
})

test.serial('a plan is text that can be read', (t) => {
  const declared: Declared = { owner: 'a@x', people: [{ email: 'a@x', name: 'A', password: undefined, suspended: false }], workspaces: [
    { name: 'W', owner: 'a@x', archived: true, members: [], datasets: [], keys: [{ name: 'k', reach: null, secret: undefined, expiresAt: new Date(1), allowedIps: null, rateLimit: null }] }] }
  const actual: Actual = { empty: false, accounts: new Map([['a@x', { id: '1', suspended: false, made: false }]]), workspaces: [], ambiguous: new Set(), now: 2 }
  t.deepEqual(linesOf(plan(declared, actual)), ['+ workspace W', '~ workspace W: archived', '. key k in W: has expired, so it is not made'])
  t.deepEqual(linesOf(plan(declared, { ...actual, ambiguous: new Set(['W']) })), ['! workspace W: there are several of this name; rename all but one of them'])
})

testPort(test.serial, commandContract, { name: 'command of provision', config: { adapters: { command: { apply: {}, 'new-secret': {} } } } })

test.serial('any configurations, one after the other, end in the last of them', async (t) => {
  const app = await start(t)
  const emails = ['bob@example.org', 'cyd@example.org']
  const member = (email: string) => fc.record({ email: fc.constant(email), role: fc.constantFrom('admin', 'editor', 'normal') })
  const datasets = ['Handbook', 'Faq']
  const workspace = (name: string) => fc.record({
    name: fc.constant(name), owner: fc.constantFrom('ada@example.org', ...emails), status: fc.constantFrom('normal', 'archived'),
    members: fc.subarray(['ada@example.org', ...emails]).chain((some) => fc.tuple(...some.map(member))),
    datasets: fc.constant(datasets.map((one) => ({ name: one, indexing_technique: 'economy' }))),
    keys: fc.subarray(['k1', 'k2']).map((some) => some.map((one) => ({ name: one, datasets: ['Handbook'], rate_limit: one.length }))),
  }).map((one) => ({ ...one, members: one.members.filter(({ email }) => email !== one.owner) }))
  const config = fc.record({ workspaces: fc.tuple(fc.option(workspace('Acme'), { nil: undefined }), fc.option(workspace('Other'), { nil: undefined })), suspended: fc.constantFrom(undefined, ...emails) })
    .map(({ workspaces, suspended }) => ({
      owner,
      workspaces: workspaces.filter((one) => one !== undefined).map((one) => ({
        ...one, members: [...one.members, ...emails.filter((email) => email === one.owner && !one.members.some((other) => other.email === email)).map(() => undefined)]
          .flatMap((other) => other ? [{ ...other, suspended: other.email === suspended && !workspaces.some((any) => any?.owner === suspended) }] : []),
      })),
    }))
  // Whoever owns a workspace has an account.
  const people = app.resolve(accounts)
  await apply(app, { owner, workspaces: [{ name: 'Everybody', members: emails.map((email) => ({ email, role: 'normal' })) }] })
  await fc.assert(fc.asyncProperty(fc.array(config, { minLength: 1, maxLength: 4 }), async (configs) => {
    const everybody = { name: 'Everybody', members: emails.map((email) => ({ email, role: 'normal', suspended: false })) }
    for (const one of configs) {
      const flat = one.workspaces.flatMap(({ members }) => members)
      const whole = { ...one, workspaces: [...one.workspaces, { ...everybody, members: everybody.members.map((each) => ({ ...each, suspended: flat.some(({ email, suspended }) => email === each.email && suspended) })) }] }
      await apply(app, whole)
      t.is((await apply(app, whole)).at(-1), '= nothing to do')
      const known = await people.workspaces()
      for (const { name, owner: owns, members, keys, status } of one.workspaces) {
        const { workspaceId, archived } = known.find((other) => other.name === name) ?? { workspaceId: '', archived: undefined }
        t.is(archived, status === 'archived')
        t.deepEqual((await people.members(workspaceId)).map(({ email, role }) => `${email} ${role}`).sort(), [`${owns} owner`, ...members.map(({ email, role }) => `${email} ${role}`)].sort())
        t.deepEqual((await app.resolve(apiKeys).list(workspaceId)).map((key) => key.name).sort(), keys.map((key) => key.name))
      }
    }
  }), { numRuns: 8, endOnFailure: true })
})

test.serial('mortise apply works without a server, and ends with 1 where it cannot', async (t) => {
  if (process.env['TEST_DATABASE_URL'] !== undefined) { t.pass('a server gives every start a database of its own'); return }
  const root = await mkdtemp(join(tmpdir(), 'mortise-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  const mortise = async (provision: object, ...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', '']
    await writeFile(join(root, 'own.yaml'), JSON.stringify({ provision }))
    const env = { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use', DATA_DIR: join(root, 'data'), MORTISE_CONFIG: 'own.yaml' }
    const code = await cli(argv, { root, env, out: (text) => { out += text }, err: (text) => { err += text } })
    return { code, out, err }
  }
  const declared = { owner, workspaces: [{ name: 'Acme', members: [{ email: 'bob@example.org', role: 'admin' }] }] }
  // A database that is up to date already, since making one takes long.
  await (await testApp({ dataDir: join(root, 'data') })).close()
  t.like(await mortise(declared, 'apply', '--dry-run'), { code: 0, err: '' })
  t.like(await mortise(declared, 'apply'), { code: 0, out: '+ account ada@example.org (the owner)\n+ workspace Acme\n+ account bob@example.org\n+ member bob@example.org in Acme: admin\n', err: '' })
  t.like(await mortise(declared, 'apply'), { code: 0, out: '= nothing to do\n' })
  t.like(await mortise({ ...declared, workspaces: [{ name: 'Acme', owner: 'nobody@example.org' }] }, 'apply'), { code: 1, out: '' })
})
