/** Runs in a worker thread: reads and writes YAML, one text at a time. */
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { jsonToYaml, yamlToJson } from './dsl-yaml.ts'

export type Order = { readonly read: string; readonly mostBytes: number } | { readonly write: string }
export type Answer = { readonly text: string } | { readonly failure: string }

const port = parentPort as MessagePort
port.on('message', (order: Order) => {
  try {
    port.postMessage({ text: 'read' in order ? yamlToJson(order.read, order.mostBytes) : jsonToYaml(order.write) } satisfies Answer)
  } catch (error) {
    port.postMessage({ failure: (error as Error).message } satisfies Answer)
  }
})
// All is loaded: from now on time counts.
port.postMessage('ready')
