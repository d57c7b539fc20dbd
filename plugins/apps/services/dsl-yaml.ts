/** YAML from outside as plain values, and back. Nothing in it is run, and nothing of it grows beyond what was sent. */
import { Composer, Parser, stringify } from 'yaml'
import type { CST } from 'yaml'

/** Levels of lists and objects in one another. What composes them calls itself for each, so they are counted before. */
const DEEPEST = 60
const MOST_ALIASES = 100

type Token = CST.Token | null | undefined
const depthOf = (tokens: readonly Token[]): number => {
  let deepest = 0
  const left = tokens.map((token): [Token, number] => [token, 0])
  for (let next = left.pop(); next; next = left.pop()) {
    const [token, depth] = next
    deepest = Math.max(deepest, depth)
    if (token?.type === 'document') left.push([token.value, depth])
    else if (token && 'items' in token) for (const { key, value } of token.items) left.push([key, depth + 1], [value, depth + 1])
  }
  return deepest
}
const refusePrototypes = (value: unknown): void => {
  if (typeof value !== 'object' || value === null) return
  for (const [name, one] of Object.entries<unknown>(value as Record<string, unknown>)) {
    if (name === '__proto__' || name === 'constructor' && typeof one === 'object' && one !== null && Object.hasOwn(one, 'prototype')) {
      throw new Error(`The file has a key ${name}, which no app needs. Take it out.`)
    }
    refusePrototypes(one)
  }
}

/** JSON of it. Throws an error whose message tells whoever sent the text what to do. */
export const yamlToJson = (text: string, mostBytes: number): string => {
  const tokens = [...new Parser().parse(text)]
  if (depthOf(tokens) > DEEPEST) throw new Error(`The file is nested more than ${DEEPEST} levels deep. Send one that is flatter.`)
  const documents = [...new Composer({ uniqueKeys: false, logLevel: 'silent' }).compose(tokens, true, text.length)]
  const [document] = documents
  if (!document || documents.length > 1) throw new Error('The file has more than one document. Send one app at a time.')
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) throw new Error(`The file is not YAML that is read here. Line ${text.slice(0, problem.pos[0]).split('\n').length}: ${problem.message}`)
  let value: unknown
  try { value = document.toJS({ maxAliasCount: MOST_ALIASES }) } catch (error) {
    throw new Error('The file refers to its own parts too often, or to one that is not there. Write them out.', { cause: error })
  }
  refusePrototypes(value)
  const json = JSON.stringify(value) as string | undefined ?? 'null'
  if (json.length > mostBytes) throw new Error(`What the file says comes to more than ${mostBytes} bytes. Send a smaller one.`)
  return json
}

/** So that readers of the older YAML, to whom `on` and `012` are no texts, read the same. */
export const jsonToYaml = (json: string): string => stringify(JSON.parse(json), { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false })
