/** What each role may do: as a table, and as every route of the console answers it. */
import test from 'ava'
import type Joi from 'joi'
import { definePlugin, route } from '../core/index.ts'
import type { Route } from '../core/index.ts'
import { fullPath } from '../core/route.ts'
import { testApp } from '../core/testing.ts'
import type { TestApp } from '../core/testing.ts'
import { accounts } from '../plugins/auth/ports.ts'
import { mayRole, ROLES } from '../plugins/auth/roles.ts'
import type { Role } from '../plugins/auth/roles.ts'
import { sample } from './support/sample.ts'
import { signIn } from './support/world.ts'

const password = 'correct horse 42'
/** Routes as a third party would bring them: a permission that no pattern names, and one that somebody forgot to ask for. */
const acme = definePlugin({
  name: 'acme', kernel: '^1', permissions: { 'acme-secret:reveal': 'See what acme hides' },
  routes: [route({ method: 'GET', path: '/acme/secret', surface: 'console', credential: 'account', access: 'acme-secret:reveal', resource: 'workspace', summary: 'What acme hides', handle: () => ({}) })],
})

let app: TestApp
const sessions = new Map<Role, Record<string, string>>()
test.before(async () => {
  app = await testApp({ config: { plugins: { bootstrap: null } }, plugins: [acme] })
  const port = app.resolve(accounts)
  const owner = await port.createAccount({ email: 'owner@example.org', name: 'owner', password })
  const { workspaceId } = await port.createWorkspace('Roles', owner.accountId)
  for (const role of ROLES) {
    const email = `${role}@example.org`
    if (role !== 'owner') await port.setRole(workspaceId, (await port.createAccount({ email, name: role, password })).accountId, role)
    sessions.set(role, await signIn(app, { email, password }))
  }
})
test.after.always(() => app.close())

const guarded = (): Route[] => app.kernel.catalogue.routes.filter(({ credential }) => credential === 'account')
const nameOf = (route: Route): string => `${route.method} ${fullPath(route)}`

/** A well-formed address with ids that nobody has; the rest is made to be refused before anything is done. */
const status = async (of: Route, headers: Record<string, string>): Promise<{ status: number; text: string }> => {
  const params = of.params ? sample(of.params as Joi.Schema) as Record<string, string> : {}
  const path = fullPath(of).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const response = await app.fetch(path, {
    method: of.method, headers: { ...headers, ...of.method === 'GET' ? {} : { 'content-type': 'application/json' } }, ...of.method === 'GET' ? {} : { body: '{"no":"such field"}' },
  })
  return { status: response.status, text: await response.text() }
}
/** Where a route lets a role do what it may not, or refuses what it may. */
const faults = async (routes: readonly Route[], may: (role: Role, permission: string) => boolean): Promise<string[]> => {
  const found: string[] = []
  for (const [role, headers] of sessions) {
    // Ending one's session is asked last: it is the one thing here that works.
    for (const one of [...routes].sort((a, b) => Number(a.access === 'session:end') - Number(b.access === 'session:end'))) {
      const seen = await status(one, headers)
      if (seen.status === 401) found.push(`${role}: ${nameOf(one)} did not know the session: ${seen.text}`)
      else if ((seen.status === 403) === may(role, one.access)) found.push(`${role}: ${nameOf(one)} answered ${seen.status} ${seen.text}`)
    }
  }
  return found
}

test.serial('every route of the console answers 403 to exactly the roles that do not hold its permission', async (t) => {
  const routes = guarded()
  t.true(routes.length > 25)
  t.deepEqual(routes.filter(({ access }) => access === 'public'), [], 'whoever has a session has a role')
  // A session that ended would say nothing of the roles that come after.
  const lasting = routes.filter(({ access }) => access !== 'session:end')
  t.deepEqual(await faults(lasting, mayRole), [])
  for (const role of ROLES) t.true(lasting.some(({ access }) => mayRole(role, access)), role)
  const anotherTable = (role: Role, permission: string): boolean => role === 'normal' && permission === 'api-key:create' ? true : mayRole(role, permission)
  const keys = lasting.filter(({ access }) => access === 'api-key:create')
  t.deepEqual((await faults(lasting, anotherTable)).length, keys.length, 'it would be noticed')
  t.true(keys.length > 0)
  const careless = lasting.map((one) => one.path === '/workspaces/info' ? { ...one, access: 'workspace:read' } : one)
  t.is((await faults(careless, mayRole)).length, 3, 'a route that asks for more or less than it says would be noticed')
})

test('a permission that no pattern names is left to owners and admins', async (t) => {
  const secret = guarded().find(({ access }) => access === 'acme-secret:reveal')
  t.truthy(secret)
  if (!secret) return
  for (const role of ROLES) t.is((await status(secret, sessions.get(role) ?? {})).status, role === 'owner' || role === 'admin' ? 200 : 403, role)
})

/** Who may do what can be abused, or cannot be undone. By hand: a pattern that changes what it takes in must be meant. */
const sensitive: Readonly<Record<string, readonly Role[]>> = {
  'account:read': ROLES,
  'account:update': ROLES,
  'session:end': ROLES,
  'workspace:read': ROLES,
  'workspace:update': ['owner', 'admin'],
  'workspace:transfer': ['owner'],
  'member:list': ROLES,
  'member:invite': ['owner', 'admin'],
  'member:update': ['owner', 'admin'],
  'member:remove': ['owner', 'admin'],
  'api-key:read': ROLES,
  'api-key:create': ['owner', 'admin'],
  'api-key:update': ['owner', 'admin'],
  'api-key:delete': ['owner', 'admin'],
  'audit-log:read': ['owner', 'admin'],
  'dataset:list': ROLES,
  'dataset:read': ROLES,
  'dataset:retrieve': ROLES,
  'dataset:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'dataset:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'dataset:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'dataset:share': ['owner', 'admin', 'editor'],
  'any-dataset:reach': ['owner', 'admin'],
  'document:list': ROLES,
  'document:read': ROLES,
  'document:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'document:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'document:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'segment:list': ROLES,
  'segment:read': ROLES,
  'segment:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'segment:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'segment:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'child-chunk:list': ROLES,
  'child-chunk:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'child-chunk:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'child-chunk:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'metadata:list': ROLES,
  'metadata:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'metadata:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'metadata:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'tag:list': ROLES,
  'tag:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'tag:update': ['owner', 'admin', 'editor', 'dataset_operator'],
  'tag:delete': ['owner', 'admin', 'editor', 'dataset_operator'],
  'file:create': ['owner', 'admin', 'editor', 'dataset_operator'],
  'file:read': ROLES,
  'external-knowledge:list': ROLES,
  'external-knowledge:read': ROLES,
  'external-knowledge:create': ['owner', 'admin'],
  'external-knowledge:update': ['owner', 'admin'],
  'external-knowledge:delete': ['owner', 'admin'],
  'app:list': ['owner', 'admin', 'editor', 'normal'],
  'app:create': ['owner', 'admin', 'editor'],
  'app:read': ['owner', 'admin', 'editor', 'normal'],
  'app:update': ['owner', 'admin', 'editor'],
  'app:delete': ['owner', 'admin', 'editor'],
  'app:export': ['owner', 'admin', 'editor'],
  'app:run': ['owner', 'admin', 'editor'],
  'app-key:read': ['owner', 'admin', 'editor', 'normal'],
  'app-key:create': ['owner', 'admin'],
  'app-key:delete': ['owner', 'admin'],
  'app-file:create': ['owner', 'admin'],
  'app-file:read': ['owner', 'admin', 'editor'],
  'end-user:read': ['owner', 'admin', 'editor'],
  'annotation:list': ['owner', 'admin', 'editor', 'normal'],
  'annotation:create': ['owner', 'admin', 'editor'],
  'annotation:update': ['owner', 'admin', 'editor'],
  'annotation:delete': ['owner', 'admin', 'editor'],
  'annotation:switch': ['owner', 'admin', 'editor'],
  'conversation:list': ['owner', 'admin', 'editor'],
  'conversation:update': ['owner', 'admin', 'editor'],
  'conversation:delete': ['owner', 'admin', 'editor'],
  'message:list': ['owner', 'admin', 'editor'],
  'message:rate': ['owner', 'admin', 'editor'],
  'feedback:list': ['owner', 'admin', 'editor'],
  'model:list': ROLES,
  'model:configure': ['owner', 'admin'],
  'acme-secret:reveal': ['owner', 'admin'],
}
const differing = (may: (role: Role, permission: string) => boolean): string[] =>
  Object.entries(sensitive).filter(([permission, roles]) => ROLES.some((role) => may(role, permission) !== roles.includes(role))).map(([permission]) => permission)

test('the table of permissions is the one that is meant, and every permission that a plugin declares stands in it', (t) => {
  t.deepEqual(differing(mayRole), [])
  t.deepEqual(differing((role, permission) => mayRole(role, permission) && !(role === 'admin' && permission === 'member:invite')), ['member:invite'], 'less would be noticed')
  t.deepEqual(differing((role, permission) => mayRole(role, permission) || permission === 'audit-log:read'), ['audit-log:read'], 'more would be noticed')
  const declared = [...app.kernel.catalogue.permissions.keys()].sort()
  t.true(declared.length > 20)
  t.deepEqual(declared.filter((permission) => !(permission in sensitive)), [], 'decide for every role who may do it')
  t.deepEqual(Object.keys(sensitive).filter((permission) => !declared.includes(permission)), [], 'nothing declares it any more')
})
