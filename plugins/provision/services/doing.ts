/** Carries out the steps of a plan, one after the other, inside of a transaction. */
import { randomBytes } from 'node:crypto'
import { optional, service } from '../../../core/index.ts'
import { apiKeys, keyScope } from '../../api-keys/ports.ts'
import type { KeyRequest } from '../../api-keys/ports.ts'
import { audit } from '../../audit/ports.ts'
import { accounts } from '../../auth/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import type { Actual, Declared, DeclaredKey, Place, Reach, Step } from '../plan/declared.ts'
import { records, tagRecord } from './records.ts'

/** A secret that was made, and what it opens. */
export interface Made { readonly what: string; readonly secret: string }

/** 120 random bits that also satisfy whoever wants letters and digits. */
const newPassword = (): string => {
  const password = randomBytes(15).toString('base64url')
  return /\d/.test(password) && /[a-z]/i.test(password) ? password : newPassword()
}

export const doing = service('provision.doing', {
  uses: { accounts, apiKeys, keyScope: optional(keyScope), datasets, audit: optional(audit), records },
  create: ({ accounts, apiKeys, keyScope, datasets, audit, records }) => async (steps: readonly Step[], declared: Declared, actual: Actual): Promise<readonly Made[]> => {
    const told: Made[] = []
    const people = new Map([...actual.accounts].map(([email, { id }]) => [email, id]))
    const places = new Map(actual.workspaces.map(({ name, id }) => [name, id]))
    const account = (email: string): string => people.get(email) ?? missing(email)
    const workspace = (at: Place): string => at.id ?? places.get(at.name) ?? missing(at.name)
    const shelves = new Map(actual.workspaces.map((one) => [one.id, new Map([...one.datasets].map(([name, { id }]) => [name, id]))]))
    const shelf = (id: string): Map<string, string> => {
      const found = shelves.get(id) ?? new Map<string, string>()
      shelves.set(id, found)
      return found
    }
    const reachIn = (id: string, reach: Reach): Pick<KeyRequest, 'datasetId' | 'grants'> => {
      const grants = reach && reach.map(({ dataset, rights }) => ({ datasetId: shelf(id).get(dataset) ?? missing(dataset), rights }))
      const [only, ...others] = grants ?? []
      // A strategy without grants knows keys of one dataset, with every right on it.
      const binds = only !== undefined && others.length === 0 && only.rights.includes('manage') && !keyScope?.expresses?.includes('grants')
      return binds ? { datasetId: only.datasetId, grants: null } : { datasetId: null, grants }
    }
    const limits = ({ expiresAt, allowedIps, rateLimit }: DeclaredKey) => ({ expiresAt, allowedIps, rateLimit })
    /** Whoever is suspended can get no role, so they are not for the while. */
    const active = async (id: string, email: string, work: () => Promise<void>): Promise<void> => {
      const { suspended = false } = await accounts.find(email) ?? {}
      if (suspended) await accounts.suspend(id, false)
      await work()
      if (suspended) await accounts.suspend(id, true)
    }
    const join = async (id: string, email: string): Promise<void> => records.made('member', id, email, account(email))

    const act = async (step: Step): Promise<void> => {
      switch (step.do) {
        case 'set-up': {
          const { person: { email, name, password = newPassword() }, workspace: called } = step
          const made = await accounts.setup({ email, name, password, workspace: called })
          if (!made) throw new Error('somebody else set this server up in this moment; apply again')
          people.set(email, made.accountId)
          places.set(called, made.workspaceId)
          await records.made('account', null, email, made.accountId)
          if (step.person.password === undefined) told.push({ what: `password of ${email}`, secret: password })
          break
        }
        case 'make-account': {
          const { email, name, password = email === declared.owner ? newPassword() : undefined } = step.person
          const { accountId } = await accounts.createAccount({ email, name, ...password === undefined ? {} : { password } })
          people.set(email, accountId)
          await records.made('account', null, email, accountId)
          if (password !== undefined && step.person.password === undefined) told.push({ what: `password of ${email}`, secret: password })
          break
        }
        case 'suspend': return accounts.suspend(account(step.email), step.suspended)
        case 'make-workspace': {
          const id = places.get(step.name) ?? (await accounts.createWorkspace(step.name, account(step.owner))).workspaceId
          places.set(step.name, id)
          await records.made('workspace', null, step.name, id)
          return join(id, step.owner)
        }
        case 'archive': return accounts.archive(workspace(step.at), step.archived)
        case 'set-role': {
          const [id, member] = [workspace(step.at), step.id ?? account(step.email)]
          await active(member, step.email, () => accounts.setRole(id, member, step.role))
          if (step.joins) await join(id, step.email)
          break
        }
        case 'remove-member':
          await accounts.setRole(workspace(step.at), step.id, null)
          return records.gone('member', workspace(step.at), step.email)
        case 'make-dataset': {
          const { at, owner, dataset: { name, technique } } = step
          const { id } = await datasets.create({ workspaceId: workspace(at), accountId: account(owner) }, { name, ...technique === undefined ? {} : { indexingTechnique: technique } })
          shelf(workspace(at)).set(name, id)
          await records.made('dataset', workspace(at), name, id)
          await audit?.record({ workspaceId: workspace(at), action: 'dataset.created', resource: { type: 'dataset', id, name } })
          break
        }
        case 'tag': {
          const id = workspace(step.at)
          const dataset = shelf(id).get(step.dataset) ?? missing(step.dataset)
          await datasets.tag({ workspaceId: id, accountId: account(step.owner) }, dataset, step.add)
          await datasets.untag(id, dataset, step.remove)
          for (const tag of step.add) await records.made('tag', id, tagRecord(dataset, tag), dataset)
          for (const tag of step.remove) await records.gone('tag', id, tagRecord(dataset, tag))
          break
        }
        case 'make-key': {
          const { at, owner, key } = step
          const id = workspace(at)
          // It ends with whoever made it, who may leave only after this; until then it has the secret and the place of the other.
          const ending = actual.workspaces.find((one) => one.id === id)?.keys.get(key.name)
          if (ending && await apiKeys.find(id, ending.id)) await apiKeys.remove(id, ending.id)
          const made = await apiKeys.create({
            type: 'dataset', workspaceId: id, createdBy: account(owner), name: key.name, ...reachIn(id, key.reach), ...limits(key), ...key.secret === undefined ? {} : { token: key.secret },
          })
          await records.made('key', id, key.name, made.id, key.secret)
          if (key.secret === undefined) told.push({ what: `key ${key.name} in ${at.name}`, secret: made.token })
          break
        }
        case 'change-key': {
          const { at, id, key } = step
          if (step.reach || step.limits) await apiKeys.change(workspace(at), id, { ...step.limits ? limits(key) : {}, ...step.reach ? { reach: reachIn(workspace(at), key.reach) } : {} })
          if (step.secret && key.secret !== undefined) {
            await apiKeys.rotate(workspace(at), id, 0, key.secret)
            await records.made('key', workspace(at), key.name, id, key.secret)
          }
          break
        }
        case 'remove-key':
          // It may have ended with whoever made it.
          if (await apiKeys.find(workspace(step.at), step.id)) await apiKeys.remove(workspace(step.at), step.id)
          return records.gone('key', workspace(step.at), step.name)
      }
    }
    // Should they come back, they do so without us.
    for (const { id, lost } of actual.workspaces) for (const email of lost) await records.gone('member', id, email)
    for (const step of steps) await act(step)
    return told
  },
})

const missing = (what: string): never => { throw new Error(`the plan needs ${what}, and no step made it`) }
