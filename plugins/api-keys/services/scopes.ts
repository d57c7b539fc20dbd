import type { KeyRecord, Scope } from '../ports.ts'

const ofWorkspace = (workspaceId: string): Scope => ({
  can: (_permission, resource) =>
    resource === undefined || resource.type === 'dataset' || (resource.type === 'workspace' && (resource.id ?? workspaceId).toLowerCase() === workspaceId),
  reach: (_permission, type) => type === 'dataset' ? 'all' : type === 'workspace' ? [workspaceId] : [],
})

const ofDataset = (datasetId: string): Scope => ({
  can: (_permission, resource) => resource?.type === 'dataset' && resource.id?.toLowerCase() === datasetId,
  reach: (_permission, type) => type === 'dataset' ? [datasetId] : [],
})

/** What a key was made for: its one dataset, else its workspace. 'all' means all of the workspace, to which every query is bound anyway. */
export const scopeOf = ({ workspaceId, datasetId }: KeyRecord): Scope =>
  datasetId === null ? ofWorkspace(workspaceId.toLowerCase()) : ofDataset(datasetId.toLowerCase())
