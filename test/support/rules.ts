/** The rules of the code's architecture, each a function from files to the sentences that say where they break it. */
import { posix } from 'node:path'
import ts from 'typescript'

export interface Source { readonly path: string; readonly text: string }
export type Rule = (files: readonly Source[]) => string[]

const isCode = ({ path }: Source): boolean => path.endsWith('.ts')
const within = (...folders: readonly string[]) => (file: Source): boolean => isCode(file) && folders.some((folder) => file.path.startsWith(`${folder}/`))
const pluginOf = (path: string): string | undefined => /^plugins\/([^/]+)\//.exec(path)?.[1]
const parse = ({ path, text }: Source): ts.SourceFile => ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
const each = (node: ts.Node, visit: (node: ts.Node) => void): void => { node.forEachChild((child) => { visit(child); each(child, visit) }) }

/** What a file imports, types included; relative names as paths of the project. */
const imports = ({ path, text }: Source): string[] => ts.preProcessFile(text, true, true).importedFiles
  .map(({ fileName }) => fileName.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), fileName)) : fileName)

export const borders: Rule = (files) => files.filter(within('core', 'plugins', 'migrations')).flatMap((file) => imports(file).flatMap((target) => {
  const [from, to] = [pluginOf(file.path), pluginOf(target)]
  const said = `${file.path} imports ${target}`
  if (to !== undefined && from === undefined) return [`${said}: only plugins may know plugins`]
  if (to !== undefined && to !== from && target !== `plugins/${to}/ports.ts`) return [`${said}: of another plugin only ports.ts may be imported`]
  if (!file.path.startsWith('core/') && target.startsWith('core/') && target !== 'core/index.ts') return [`${said}: of the kernel only core/index.ts may be imported`]
  if (/^(test|migrations)\//.test(target)) return [`${said}: nobody imports from there`]
  return []
}))

export const oneContainer: Rule = (files) => files.filter((file) => within('core', 'plugins')(file) && file.path !== 'core/container.ts' && imports(file).includes('awilix'))
  .map(({ path }) => `${path} imports awilix: only core/container.ts may`)

/** Lines on which something of the language stands: neither blank nor comment alone. */
export const linesOfCode = (file: Source): number => {
  const source = parse(file)
  const lines = new Set<number>()
  const mark = (node: ts.Node): void => {
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child))
    children.forEach(mark)
    if (children.length > 0 || node.kind === ts.SyntaxKind.EndOfFileToken) return
    const last = source.getLineAndCharacterOfPosition(node.end).line
    for (let line = source.getLineAndCharacterOfPosition(node.getStart(source)).line; line <= last; line++) lines.add(line)
  }
  mark(source)
  return lines.size
}

/** Lines that run: types and comments are gone, as when it is built. */
export const linesThatRun = ({ text }: Source): number => ts.transpileModule(text, {
  compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, removeComments: true, verbatimModuleSyntax: true },
}).outputText.split('\n').filter((line) => line.trim() !== '').length

/** What one reads to know the kernel: the contract, the wiring, the life of a server, the way of a request. */
const PROPER = new Set(['plugin', 'route', 'model', 'graph', 'container', 'wiring', 'kernel', 'http'].map((name) => `core/${name}.ts`))
export const budgets: Rule = (files) => {
  const core = files.filter(within('core'))
  const sum = (some: readonly Source[], count: (file: Source) => number): number => some.reduce((total, file) => total + count(file), 0)
  const proper = sum(core.filter(({ path }) => PROPER.has(path)), linesOfCode)
  const whole = sum(core, linesThatRun)
  return [
    ...proper < 1000 ? [] : [`the kernel proper has ${proper} lines of code; it must stay under 1000`],
    ...whole < 2000 ? [] : [`core has ${whole} lines that run; it must stay under 2000`],
    ...files.filter(isCode).flatMap(({ path, text }) => {
      const [lines, most] = [text.trimEnd().split('\n').length, path.startsWith('test/') ? 600 : 300]
      return lines <= most ? [] : [`${path} has ${lines} lines; ${most} is the most`]
    }),
  ]
}

/** The plugin that a migration names: `20261124T1500-api-keys-tokens` is of `api-keys`. The longest name that fits is meant. */
const migrationOwner = (path: string, plugins: ReadonlySet<string>): string | undefined => {
  const rest = /\/\d{8}T\d{4}-(.+)\.ts$/.exec(path)?.[1] ?? ''
  return [...plugins].filter((name) => rest.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0]
}
/** Strings and templates of a file, with nothing for what is put into them. */
const strings = (file: Source): string[] => {
  const found: string[] = []
  each(parse(file), (node) => {
    if (ts.isStringLiteralLike(node)) found.push(node.text)
    if (ts.isTemplateExpression(node)) found.push([node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join(' '))
  })
  return found
}
/** A foreign key may point at another's table; no statement may read, write or change one. */
export const tableOwners: Rule = (files) => {
  const plugins = new Set(files.flatMap(({ path }) => pluginOf(path) ?? []))
  const owners = new Map<string, string>()
  const faults: string[] = []
  const migrations = files.filter(within('migrations'))
  for (const file of migrations) {
    const owner = migrationOwner(file.path, plugins)
    if (owner === undefined) { faults.push(`${file.path} names no plugin`); continue }
    for (const [, table = ''] of strings(file).join('\n').matchAll(/create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?"?(\w+)/gi)) {
      if ((owners.get(table) ?? owner) !== owner) faults.push(`${file.path} creates ${table}, which is ${owners.get(table) ?? ''}'s`)
      owners.set(table, owner)
    }
  }
  for (const file of [...files.filter(within('plugins')), ...migrations]) {
    const self = pluginOf(file.path) ?? migrationOwner(file.path, plugins)
    for (const text of strings(file)) {
      const named = [
        ...[...text.matchAll(/\b(?:from|join|into|update|table|truncate|using|on)\s+(?:only\s+|if\s+(?:not\s+)?exists\s+)?"?(\w+)/gi)].map((match) => match[1] ?? ''),
        // Models give the name of their table alone.
        ...(/^plugins\/[^/]+\/models\//.test(file.path) ? [text] : []),
      ]
      for (const table of named) {
        const owner = owners.get(table)
        if (owner !== undefined && owner !== self) faults.push(`${file.path} names ${table}, which is ${owner}'s: ask a port of ${owner} instead`)
      }
    }
  }
  return faults
}

/** What may open connections to other machines, each with the reason. */
const OUTBOUND: ReadonlySet<string> = new Set([
  // A local socket, to ask whether somebody holds the data folder.
  'plugins/platform/services/folder-lock.ts',
  // Everything else, to public addresses and those that the operator lists.
  'plugins/platform/services/outbound-connections.ts',
  // Files, to the bucket that the operator names.
  'plugins/platform/services/s3-objects.ts',
  // Mail, to the server that the operator names.
  'plugins/mail/adapters/smtp.ts',
  // A server that a suite of laws has just started.
  'plugins/platform/contracts/http.ts',
])
const CLIENTS = /^(node:)?(undici|tls|dgram|http2)$|^(axios|got|node-fetch|superagent|ky|phin|needle|ws|nodemailer)$|^@(aws-sdk|smithy)\//
const MIXED = /^(node:)?(https?|net)$/
const SERVING = new Set(['createServer', 'isIP', 'isIPv4', 'isIPv6', 'BlockList'])
export const outbound: Rule = (files) => files.filter((file) => within('core', 'plugins', 'migrations')(file) && !OUTBOUND.has(file.path)).flatMap((file) => {
  const faults: string[] = []
  const fault = (what: string): void => { faults.push(`${file.path} ${what}: requests to other machines have one place`) }
  // The test kit calls the server that it has just started.
  const isKit = file.path === 'core/testing.ts'
  for (const target of imports(file)) if (CLIENTS.test(target)) fault(`imports ${target}`)
  each(parse(file), (node) => {
    if (ts.isImportDeclaration(node) && MIXED.test((node.moduleSpecifier as ts.StringLiteral).text)) {
      const clause = node.importClause
      const names = clause?.namedBindings && ts.isNamedImports(clause.namedBindings)
        ? clause.namedBindings.elements.filter((one) => !one.isTypeOnly).map((one) => (one.propertyName ?? one.name).text) : ['everything']
      if (clause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) for (const name of names) if (!SERVING.has(name)) fault(`imports ${name} of ${node.moduleSpecifier.getText()}`)
    }
    if (!isKit && ts.isIdentifier(node) && /^(fetch|WebSocket|EventSource|XMLHttpRequest)$/.test(node.text) && !isName(node)) fault(`uses ${node.text}`)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && MIXED.test((node.arguments[0] as Partial<ts.StringLiteral>).text ?? '')) fault('imports at run time')
  })
  return faults
})
/** Whether an identifier only names a property or a member of something else. */
const isName = (node: ts.Identifier): boolean =>
  ts.isPropertyAccessExpression(node.parent) && node.parent.name === node && node.parent.expression.getText() !== 'globalThis'
  || ts.isPropertyAssignment(node.parent) && node.parent.name === node || ts.isPropertySignature(node.parent) || ts.isMethodSignature(node.parent) || ts.isMethodDeclaration(node.parent)

/** `index.ts` of a plugin: imports and one definePlugin. Its start and stop hand over to a service and do nothing else. */
export const plainIndexes: Rule = (files) => files.filter((file) => isCode(file) && /^plugins\/[^/]+\/index\.ts$/.test(file.path)).flatMap((file) => {
  const faults: string[] = []
  const source = parse(file)
  const fault = (node: ts.Node): void => { faults.push(`${file.path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} has logic; put it into a service`) }
  const isDefinition = (node: ts.Node): boolean =>
    ts.isExportAssignment(node) && ts.isCallExpression(node.expression) && node.expression.expression.getText() === 'definePlugin'
  for (const statement of source.statements) if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement) && !isDefinition(statement)) fault(statement)
  each(source, (node) => {
    if (!ts.isFunctionLike(node)) return
    const body = (node as ts.FunctionLikeDeclaration).body
    const only = body && ts.isBlock(body) ? body.statements.length === 1 && ts.isExpressionStatement(body.statements[0] as ts.Statement) ? (body.statements[0] as ts.ExpressionStatement).expression : undefined : body
    const called = only && ts.isAwaitExpression(only) ? only.expression : only
    if (!called || !ts.isCallExpression(called)) fault(node)
  })
  return faults
})

const TOP = new Set(['core', 'plugins', 'config', 'migrations', 'test', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'esbuild.config.js', 'eslint.config.js', 'README.md', 'LICENSE'])
/** Takes every file of the project, as it would be committed. */
export const topLevel: Rule = (files) => [...new Set(files.map(({ path }) => path.split('/')[0] ?? ''))]
  .filter((name) => !TOP.has(name) && !name.startsWith('.')).map((name) => `${name} has no place at the top of the project`)

// Put together, so that this file does not find itself.
const FOLDERS = ['work', 'root', 'home/\\w+'].join('|')
const HOSTS = [['registry\\.', 'npm'], ['registry\\.', 'yarn'], ['npm', 'mirror'], ['verd', 'accio']].map((parts) => parts.join('')).join('|')
const PLACES = new RegExp(`(?<![\\w.:/-])/(${FOLDERS})(?=[/"'\`\\s)]|$)|${HOSTS}`, 'm')
export const noPlaces: Rule = (files) => files.flatMap(({ path, text }) => {
  const found = PLACES.exec(text)
  return found ? [`${path} names a place that only one machine has: ${found[0]}`] : []
})
