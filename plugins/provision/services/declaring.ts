/** From the section as it is written to what is declared: each person once, each secret fetched. */
import { readFileSync } from 'node:fs'
import { service, StartupError } from '../../../core/index.ts'
import type { Problem } from '../../../core/index.ts'
import { provisionConfig } from '../config.ts'
import type { KeyConfig, MemberConfig, PersonConfig, ProvisionConfig, SecretSource } from '../config.ts'
import type { Declared, DeclaredKey, Person } from '../plan/declared.ts'

type Report = (path: string, message: string, fix: string) => void

/** Undefined where the section says nothing. Throws a StartupError that lists all that is wrong with it. */
export const declaring = service('provision.declaring', {
  uses: { config: provisionConfig },
  create: ({ config }) => (): Declared | undefined => {
    if (config.owner === undefined && config.workspaces === undefined) return undefined
    const problems: Problem[] = []
    const declared = declaredBy(config, (path, message, fix) => { problems.push({ path: `provision.${path}`, message, fix }) })
    if (problems.length > 0) throw new StartupError(problems)
    return declared
  },
})

const declaredBy = ({ owner, workspaces = [] }: ProvisionConfig, report: Report): Declared => {
  const people = new Map<string, Person>()
  const declare = (one: PersonConfig & Partial<Pick<MemberConfig, 'suspended'>>, path: string): void => {
    const email = one.email.toLowerCase()
    const password = secretOf(one.password, `${path}.password`, report)
    if (password !== undefined && !(password.length >= 8 && password.length <= 128 && /\p{L}/u.test(password) && /\d/.test(password))) {
      report(`${path}.password`, 'is no password that can be taken', 'Give it 8 to 128 characters, with letters and digits.')
    }
    const known = people.get(email)
    const suspended = one.suspended ?? known?.suspended ?? false
    if (known && known.suspended !== suspended) report(`${path}.suspended`, `says otherwise than another place of ${email}`, 'An account is suspended everywhere or nowhere: say the same in both.')
    people.set(email, { email, name: one.name ?? known?.name ?? email.slice(0, email.indexOf('@')).slice(0, 30), password: password ?? known?.password, suspended })
  }
  if (owner) declare(owner, 'owner')
  const ownerEmail = owner?.email.toLowerCase()
  return {
    owner: ownerEmail,
    workspaces: workspaces.map((one, index) => {
      const path = `workspaces[${index}]`
      for (const [n, member] of one.members.entries()) declare(member, `${path}.members[${n}]`)
      const email = one.owner?.toLowerCase() ?? ownerEmail
      if (email === undefined) report(`${path}.owner`, 'is missing', 'Name the account to which the workspace belongs, here or as provision.owner.')
      return {
        name: one.name, owner: email ?? '', archived: one.status && one.status === 'archived',
        members: one.members.map(({ email, role }) => ({ email: email.toLowerCase(), role })),
        datasets: one.datasets.map(({ name, indexing_technique: technique, tags }) => ({ name, technique, tags })),
        keys: one.keys.map((key, n) => keyOf(key, `${path}.keys[${n}]`, report)),
      }
    }),
    // Read last: the workspaces declare people too.
    people: [...people.values()],
  }
}

const keyOf = ({ name, datasets, grants, expires_at: end = null, allowed_ips: allowedIps = null, rate_limit: rateLimit = null, secret }: KeyConfig, path: string, report: Report): DeclaredKey => ({
  name, allowedIps, rateLimit, expiresAt: typeof end === 'number' ? new Date(end * 1000) : end,
  reach: grants ?? datasets?.map((dataset) => ({ dataset, rights: ['manage'] })) ?? null,
  secret: secretOf(secret, `${path}.secret`, report),
})

const secretOf = (source: SecretSource | undefined, path: string, report: Report): string | undefined => {
  if (source?.env !== undefined) {
    const value = process.env[source.env]
    if (value) return value
    report(`${path}.env`, `the environment has no ${source.env}`, `Set ${source.env}, or leave the secret out: then one is made and told once.`)
  } else if (source?.file !== undefined) {
    try {
      const value = readFileSync(source.file, 'utf8').trim()
      if (value !== '') return value
      report(`${path}.file`, 'its file is empty', 'Write the secret into it.')
    } catch (error) {
      // Without the path: should it be the secret itself, a log is no place for it.
      report(`${path}.file`, `its file cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it is no file'}`, 'Make the file, or correct the path. The secret itself does not stand here.')
    }
  }
  return undefined
}
