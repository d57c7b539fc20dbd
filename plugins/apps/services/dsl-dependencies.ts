/** Which plugins of another server an app wants, and which of them this server answers for. No I/O. */
import type { Dependency } from '../schemas/transfer.ts'
import { providersOf } from './dsl-parts.ts'

/** `org/plugin:version@hash`, or a part of it, as `org/plugin`; undefined where it names none. */
const pluginOf = ({ value }: Dependency): string | undefined => {
  const id = [value['marketplace_plugin_unique_identifier'], value['github_plugin_unique_identifier'], value['plugin_unique_identifier'], value['repo']].find((one) => typeof one === 'string')
  return id?.replace(/[:@].*$/s, '')
}
/** One provider goes by two names. */
const ALSO: Readonly<Record<string, string>> = { gemini: 'google', google: 'gemini' }
const plain = (name: string): string => name.toLowerCase().replaceAll('_', '-')
const nameOf = (plugin: string): string => plain(plugin.slice(plugin.lastIndexOf('/') + 1))

/** @param configured ids of the model providers of this server */
export const leaked = (kept: readonly Dependency[], app: { readonly settings?: unknown; readonly workflow?: unknown }, configured: Iterable<string>): Dependency[] => {
  const here = new Set([...configured].map(plain))
  const isHere = (plugin: string): boolean => here.has(nameOf(plugin)) || here.has(ALSO[nameOf(plugin)] ?? '')
  const missing = kept.filter((one) => !isHere(pluginOf(one) ?? ''))
  const named = new Set(kept.map((one) => nameOf(pluginOf(one) ?? '')))
  const more = providersOf(app).filter((provider) => !isHere(provider))
    .map((provider) => provider.split('/').length === 3 ? provider.slice(0, provider.lastIndexOf('/')) : `langgenius/${nameOf(provider)}`)
    .filter((plugin) => !isHere(plugin) && !named.has(nameOf(plugin)))
  return [...missing, ...[...new Set(more)].map((plugin) => ({ type: 'marketplace', value: { marketplace_plugin_unique_identifier: plugin }, current_identifier: null }))]
}
