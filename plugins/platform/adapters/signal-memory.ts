/** Publish and subscribe within this process, so it fits a deployment of one. */
import { AsyncResource } from 'node:async_hooks'
import { defineAdapter, logger, signal } from '../../../core/index.ts'
import type { Json, Signal } from '../../../core/index.ts'

export const memorySignal = defineAdapter(signal, 'memory', {
  uses: { log: logger },
  create: ({ log }): Signal => {
    const channels = new Map<string, Set<(text: string) => void>>()
    return {
      publish: async (channel, message) => {
        const text = JSON.stringify(message)
        for (const deliver of [...channels.get(channel) ?? []]) deliver(text)
      },
      subscribe: async (channel, listener) => {
        // Bound, or a listener would find itself inside its publisher's transaction.
        const deliver = AsyncResource.bind((text: string): void => {
          try { listener(JSON.parse(text) as Json) } catch (error) { log.error({ err: error, channel }, 'a listener failed') }
        })
        const listeners = channels.get(channel) ?? new Set()
        channels.set(channel, listeners.add(deliver))
        return async () => {
          listeners.delete(deliver)
          if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel)
        }
      },
    }
  },
})
