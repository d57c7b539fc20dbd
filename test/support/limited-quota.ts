/** A quota that has an end: so many units a workspace, in memory. */
import { randomUUID } from 'node:crypto'
import type { Quota } from '../../plugins/runs/ports.ts'
import { runErrors } from '../../plugins/runs/ports.ts'

export const limitedQuota = (size: number): Quota & { left(workspaceId: string): number } => {
  const used = new Map<string, number>()
  const held = new Map<string, { readonly workspaceId: string; readonly units: number }>()
  const left = (workspaceId: string): number => size - (used.get(workspaceId) ?? 0)
  const settle = (id: string, units: number): void => {
    const one = held.get(id)
    if (!one || !held.delete(id)) return
    used.set(one.workspaceId, (used.get(one.workspaceId) ?? 0) - one.units + units)
  }
  return {
    left,
    reserve: async (workspaceId, _resource, units) => {
      if (left(workspaceId) < units) throw runErrors.quotaExceeded()
      used.set(workspaceId, (used.get(workspaceId) ?? 0) + units)
      const id = randomUUID()
      held.set(id, { workspaceId, units })
      return { id }
    },
    commit: async ({ id }, units) => { settle(id, units) },
    release: async ({ id }) => { settle(id, 0) },
  }
}
