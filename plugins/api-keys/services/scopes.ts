/** What a key can reach, ready made: strategies of others are built from these, too. */
import type { Grant, KeyRecord, Scope } from '../ports.ts'
import { mayRight } from '../rights.ts'

/** All of a workspace. */
export const ofWorkspace = (workspaceId: string): Scope => ({
  can: (_permission, resource) =>
    resource === undefined || resource.type === 'dataset' || (resource.type === 'workspace' && (resource.id ?? workspaceId).toLowerCase() === workspaceId),
  reach: (_permission, type) => type === 'dataset' ? 'all' : type === 'workspace' ? [workspaceId] : [],
})

/** One dataset, and no address that names none. */
export const ofDataset = (datasetId: string): Scope => ({
  can: (_permission, resource) => resource?.type === 'dataset' && resource.id?.toLowerCase() === datasetId,
  reach: (_permission, type) => type === 'dataset' ? [datasetId] : [],
})

/** One app, and nothing else: what the app itself may read is not the key's to ask for. */
export const ofApp = (appId: string): Scope => ({
  can: (_permission, resource) => resource?.type === 'app' && resource.id?.toLowerCase() === appId,
  reach: (_permission, type) => type === 'app' ? [appId] : [],
})

/** It may ask for the list of datasets where it would find one of its own in it. */
const ofGrants = (grants: readonly Grant[]): Scope => {
  const rights = new Map(grants.map((grant) => [grant.datasetId.toLowerCase(), grant.rights]))
  const reach = (permission: string): string[] => [...rights].filter(([, held]) => mayRight(held, permission)).map(([id]) => id)
  return {
    can: (permission, resource) => resource?.type === 'dataset'
      && (resource.id === undefined ? reach(permission).length > 0 : mayRight(rights.get(resource.id.toLowerCase()) ?? [], permission)),
    reach: (permission, type) => type === 'dataset' ? reach(permission) : [],
  }
}

/** Exactly these datasets; who reaches one may ask for the list. */
export const ofDatasets = (ids: readonly string[]): Scope => ofGrants(ids.map((datasetId) => ({ datasetId, rights: ['manage'] })))

export const nothing: Scope = { can: () => false, reach: () => [] }

/** What a key was made for: its grants, else its one dataset, else its workspace. 'all' means all of the workspace, to which every query is bound anyway. */
export const scopeOf = ({ workspaceId, datasetId, grants }: KeyRecord): Scope =>
  grants !== null ? ofGrants(grants) : datasetId !== null ? ofDataset(datasetId.toLowerCase()) : ofWorkspace(workspaceId.toLowerCase())
