/** What the operator of a server may know of a key. Never its secret. */
import { service } from '../../../core/index.ts'
import { accounts } from '../../auth/ports.ts'
import { datasets } from '../../datasets/ports.ts'
import type { KeyRow } from '../models/api-token.ts'
import { mayHold } from '../permissions.ts'
import type { KeyRecord, Right, Scope } from '../ports.ts'
import { leastRight } from '../rights.ts'
import { keyRows } from './key-rows.ts'
import { strategy } from './strategy.ts'
import type { Refusal } from './usage.ts'
import { reachOf } from './whoami.ts'

/** Lines to print; undefined where there is no such key. */
export interface Explaining { explain(id: string): Promise<readonly string[] | undefined> }

type Reach = ReturnType<typeof reachOf>
const time = (date: Date | null): string => date?.toISOString() ?? 'never'
/** What users wrote may be in it: nothing that a terminal would obey. */
const printable = (line: string): string => line.replace(/\p{C}/gu, '�')
const list = (rights: readonly Right[]): string => rights.length > 0 ? rights.join(', ') : 'nothing'

const recordOf = ({ id, workspace_id, type, app_id, dataset_id, grants, terms }: KeyRow): KeyRecord =>
  ({ id, workspaceId: workspace_id, type, appId: app_id, datasetId: dataset_id, grants, terms })
const what = ({ permission, resource }: Refusal): string =>
  `${permission} ${resource === undefined ? 'at an address that names nothing' : resource.id === undefined ? `on the list of every ${resource.type}` : `on the ${resource.type} ${resource.id}`}`

/** What would have allowed it. */
const lacking = ({ type, dataset_id: bound, grants, terms }: KeyRow, { permission, resource }: Refusal, scope: Scope, reach: Reach): string => {
  if (!mayHold(type, permission)) return `this type of key can never hold ${permission}`
  if (type === 'app') return 'the key is for one app, and reaches nothing else'
  if (scope.can(permission, resource)) return 'by now the key may do that'
  const right = leastRight(permission)
  if (right === undefined) return `no right allows ${permission}`
  if (terms !== null) return `the terms of the key (${JSON.stringify(terms)}) do not give "${right}" there`
  if (resource?.type !== 'dataset') return 'only a key of the whole workspace may do that'
  if (bound !== null) return resource.id === undefined ? 'the key is bound to one dataset, and may list none' : `the key is bound to another dataset, ${bound}`
  if (grants === null) return `the strategy does not give "${right}" there`
  if (resource.id === undefined) return `a grant with the right "${right}" on some dataset`
  const held = grants.find(({ datasetId }) => datasetId === resource.id?.toLowerCase())
  if (!held) return `the right "${right}" on that dataset, on which it has no grant`
  const known = reach === 'all' ? [] : reach.find(({ id }) => id === held.datasetId)?.rights ?? []
  return `the right "${right}" on that dataset, on which it has: ${list(known)}`
}

export const explaining = service('apiKeys.explaining', {
  uses: { accounts, datasets, rows: keyRows, strategy },
  create: ({ accounts, datasets, rows, strategy }): Explaining => {
    const reached = async (workspaceId: string, reach: Reach): Promise<string[]> => {
      if (reach === 'all') return ['every dataset of its workspace, with every right']
      if (reach.length === 0) return ['nothing']
      const names = await datasets.names(workspaceId, reach.map(({ id }) => id))
      return reach.map(({ id, rights }) => `${id} "${names.get(id) ?? ''}": ${list(rights)}`)
    }
    return {
      explain: async (id) => {
        const row = await rows.anywhere(id)
        if (!row) return undefined
        const { workspace_id: workspaceId, type, expires_at: end, allowed_ips: addresses, rate_limit: rate, last_refused_at: refusedAt, last_refusal: refusal } = row
        const record = recordOf(row)
        const scope = strategy.scope(record, await strategy.load(record))
        const reach = reachOf({ reach: (permission, resourceType) => mayHold(type, permission) ? scope.reach(permission, resourceType) : [] })
        const workspace = (await accounts.workspaces()).find((one) => one.workspaceId === workspaceId)
        const maker = (await accounts.members(workspaceId)).find(({ accountId }) => accountId === row.created_by)
        const facts: [string, string][] = [
          ['id', id], ['name', row.name ?? 'none'], ['type', type], ['secret', `${row.prefix}...${row.last4}`],
          ['workspace', `${workspaceId} "${workspace?.name ?? ''}"${workspace?.archived ? ', archived: it takes no keys' : ''}`],
          ['made', `${time(row.created_at)} by ${maker?.email ?? 'an account that is no member any more'} (${row.created_by})`],
          ['expires', end !== null && end <= new Date() ? `${time(end)}: it is over` : time(end)],
          ['addresses', addresses === null ? 'any' : addresses.length > 0 ? addresses.join(', ') : 'none: it is taken from nowhere'],
          ['rate', rate === null ? 'as many requests as come' : `${rate} requests a minute`],
          ['last used', time(row.last_used_at)], ['strategy', strategy.name],
        ]
        return [
          ...facts.map(([name, value]) => `${name.padEnd(12)}${value}`),
          '', 'reaches', ...(row.type === 'app' ? [row.app_id === null ? 'nothing' : `the app ${row.app_id}`] : await reached(workspaceId, reach)).map((line) => `  ${line}`),
          '', 'last refusal', ...refusal === null ? ['  none'] : [`  ${time(refusedAt)}: ${what(refusal)}`, `  it lacks: ${lacking(row, refusal, scope, reach)}`],
        ].map(printable)
      },
    }
  },
})
