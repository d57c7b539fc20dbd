/** What is there, as far as it is declared or was made from here. Read inside of the transaction that changes it. */
import { service } from '../../../core/index.ts'
import { apiKeys } from '../../api-keys/ports.ts'
import type { KnownKey } from '../../api-keys/ports.ts'
import { accounts } from '../../auth/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import type { ProvisionedRow } from '../models/provisioned.ts'
import type { Actual, ActualAccount, ActualKey, ActualWorkspace, Declared, DeclaredWorkspace, Reach } from '../plan/declared.ts'
import { records, tagRecord } from './records.ts'

export const surveying = service('provision.surveying', {
  uses: { accounts, apiKeys, datasets, records },
  create: ({ accounts, apiKeys, datasets, records }) => {
    const surveyDatasets = async (id: string, names: readonly string[], made: readonly ProvisionedRow[]): Promise<ActualWorkspace['datasets']> => {
      const ours = made.filter(({ kind }) => kind === 'dataset')
      const existing = new Set(await datasets.existing(id, ours.map((row) => row.id)))
      const found = new Map([...await datasets.named(id, names)].map(([name, one]) => [name, { id: one, made: false }]))
      for (const row of ours) if (existing.has(row.id)) found.set(row.name, { id: row.id, made: true })
      const tags = await datasets.tags(id, [...found.values()].map((one) => one.id))
      const madeTags = new Set(made.filter(({ kind }) => kind === 'tag').map((row) => row.name))
      return new Map([...found].map(([name, one]) => {
        const all = tags.get(one.id) ?? []
        return [name, { ...one, tags: all, madeTags: all.filter((tag) => madeTags.has(tagRecord(one.id, tag))) }]
      }))
    }
    const surveyKeys = async (id: string, declared: DeclaredWorkspace | undefined, made: readonly ProvisionedRow[]): Promise<Pick<ActualWorkspace, 'keys' | 'deletedKeys' | 'foreignKeys'>> => {
      const ours = new Map(made.filter(({ kind }) => kind === 'key').map((row) => [row.id, row]))
      const keys = new Map<string, ActualKey>()
      const foreignKeys = new Set<string>()
      for (const one of await apiKeys.list(id)) {
        const { name, secret_mark: mark } = ours.get(one.id) ?? {}
        const secret = declared?.keys.find((key) => key.name === name)?.secret
        if (name === undefined) foreignKeys.add(one.name ?? '')
        else {
          const secretIsDeclared = secret === undefined ? undefined : await apiKeys.isSecretOf(id, one.id, secret)
          keys.set(name, {
            id: one.id, createdBy: one.createdBy, reach: reachOf(one), expiresAt: one.expiresAt, allowedIps: one.allowedIps, rateLimit: one.rateLimit,
            secretIsDeclared, secretWasReplaced: secretIsDeclared === false && secret !== undefined && records.mark(secret) === mark,
          })
        }
      }
      return { keys, foreignKeys, deletedKeys: new Set([...ours.values()].map(({ name }) => name).filter((name) => !keys.has(name))) }
    }
    const surveyAccounts = async (declared: Declared, made: readonly ProvisionedRow[]): Promise<Map<string, ActualAccount>> => {
      const all = new Map<string, ActualAccount>()
      for (const email of new Set([...declared.people.map((one) => one.email), ...declared.workspaces.map(({ owner }) => owner)])) {
        const found = await accounts.find(email)
        if (found) all.set(email, { id: found.accountId, suspended: found.suspended, made: made.some(({ kind, id }) => kind === 'account' && id === found.accountId) })
      }
      return all
    }
    return async (declared: Declared): Promise<Actual> => {
      const made = await records.all()
      const known = await accounts.workspaces()
      const ours = new Map(made.filter(({ kind }) => kind === 'workspace').map(({ id, name }) => [id, name]))
      const isDeclared = (name: string): boolean => declared.workspaces.some((one) => one.name === name)
      const [workspaces, ambiguous]: [ActualWorkspace[], Set<string>] = [[], new Set()]
      for (const { workspaceId: id, name: called, archived } of known) {
        const name = ours.get(id) ?? called
        const isOurs = ours.has(id)
        const inIt = made.filter((row) => row.workspace_id === id)
        // One that was made from here is known by its id, whatever it is called meanwhile; then others of the name are not meant.
        if (!isOurs && ([...ours].some(([other, its]) => its === name && known.some(({ workspaceId }) => workspaceId === other)) || !isDeclared(name) && inIt.length === 0)) continue
        if (!isOurs && known.filter((other) => other.name === name).length > 1) ambiguous.add(name)
        const of = declared.workspaces.find((one) => one.name === name)
        const members = (await accounts.members(id)).map(({ accountId, email, role }) => (
          { id: accountId, email: email.toLowerCase(), role, made: inIt.some((row) => row.kind === 'member' && row.id === accountId) }))
        workspaces.push({
          id, name, archived, made: isOurs, members, lost: inIt.filter((row) => row.kind === 'member' && !members.some((member) => member.id === row.id)).map((row) => row.name),
          datasets: await surveyDatasets(id, of?.datasets.map((one) => one.name).concat(of.keys.flatMap(({ reach }) => (reach ?? []).map(({ dataset }) => dataset))) ?? [], inIt),
          ...await surveyKeys(id, of, inIt),
        })
      }
      return { empty: !await accounts.exist(), accounts: await surveyAccounts(declared, made), workspaces, ambiguous, now: Date.now() }
    }
  },
})

const reachOf = ({ datasetId, grants }: KnownKey): Reach =>
  datasetId === null ? grants && grants.map((grant) => ({ dataset: grant.datasetId, rights: grant.rights })) : [{ dataset: datasetId, rights: ['manage'] }]
