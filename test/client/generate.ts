/** Makes the package `@mortise/client` of a server's description of its API: types, and the few lines in `package/index.ts` that speak them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import openapiTypescript, { astToString } from 'openapi-typescript'
import type { OpenAPI3 } from 'openapi-typescript'
import ts from 'typescript'

type Json = Record<string, any>
const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

/** Of the description, what somebody with a key can do; the rest is for people who sign in. */
const forKeys = (document: Json): Json =>
  ({ ...document, paths: Object.fromEntries(Object.entries(document['paths'] as Json).filter(([path]) => !path.startsWith('/console/'))) })

const typesOf = async (document: Json): Promise<string> => {
  const file = ts.factory.createTypeReferenceNode('Blob')
  return astToString(await openapiTypescript(forKeys(document) as OpenAPI3, {
    // What has a default may be left out by who asks.
    defaultNonNullable: false,
    transform: ({ format }) => format === 'binary' ? file : undefined,
  }))
}

/** Writes the package into a folder, which is made if need be. */
export const writeClient = async (document: Json, folder: string): Promise<void> => {
  const source = (await read('package/index.ts')).replaceAll(`'./api.ts'`, `'./api.js'`)
  const { version, license, devDependencies } = JSON.parse(await read('../../package.json')) as Json
  const compilerOptions: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, declaration: true, isolatedDeclarations: true, verbatimModuleSyntax: true }
  await mkdir(folder, { recursive: true })
  const files = {
    'package.json': `${JSON.stringify({
      name: '@mortise/client', version, description: `A typed client of Mortise ${(document['info'] as Json)['version'] as string}`, license, type: 'module',
      exports: { types: './index.d.ts', default: './index.js' }, dependencies: { 'openapi-fetch': devDependencies['openapi-fetch'] },
    }, null, 2)}\n`,
    'api.d.ts': await typesOf(document),
    'index.js': ts.transpileModule(source, { compilerOptions }).outputText,
    'index.d.ts': ts.transpileDeclaration(source, { compilerOptions }).outputText,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
