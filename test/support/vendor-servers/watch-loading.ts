/** A hook of `node:module` that tells which packages of the AI SDK are loaded. */
import type { ResolveHook } from 'node:module'
import type { MessagePort } from 'node:worker_threads'

let port: MessagePort | undefined
export const initialize = (data: { readonly port: MessagePort }): void => { port = data.port }
export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  if (found.url.includes('/@ai-sdk/')) port?.postMessage(found.url)
  return found
}
