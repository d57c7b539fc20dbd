import type { Contract } from '../../core/index.ts'

/** The laws that a subject breaks, each by the words with which it begins; `only` picks one. */
export const brokenLaws = async <T>(contract: Contract<T>, subject: T, deps: Record<string, unknown> = {}, only = ''): Promise<string[]> => {
  const broken: string[] = []
  for (const [law, check] of Object.entries(contract.laws)) {
    try { if (law.startsWith(only)) await check(subject, deps) } catch { broken.push(law.split(' ').slice(0, 3).join(' ')) }
  }
  return broken
}
