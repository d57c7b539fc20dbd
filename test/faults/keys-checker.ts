/**
 * Holds a history of keys against what must hold. Pure: events go in, sentences come out.
 *
 * Whatever is done to a key takes something away, and nothing gives it back. So an order need not be found: once a taking was
 * acknowledged, or somebody was refused because of it, no use that begins later succeeds; and before a taking was begun nobody is refused.
 */
import { checkFleet } from './checker.ts'
import type { Violation } from './checker.ts'
import { doing, stepsOf } from './history.ts'
import type { Step as AnyStep } from './history.ts'
import type { KeyAnswer, KeyEvent, KeyOperation, Reach } from './keys-operations.ts'

export type KeyLaw = 'revoked' | 'narrowed' | 'rotated' | 'expired' | 'maker' | 'dataset' | 'scope' | 'returned' | 'refused' | 'crash' | 'healed'
export type Step<O = KeyOperation> = AnyStep<O, KeyAnswer>
type Of<Do extends KeyOperation['do']> = Extract<KeyOperation, { do: Do }>
/** What a use is about: the key itself, every dataset, or one. */
type Target = null | 'all' | { readonly dataset: string }
interface Taking {
  readonly law: KeyLaw
  readonly what: string
  /** It may hold from then on, */
  readonly from: number
  /** and surely does from then on. */
  readonly surely: number
  takes(secret: string, target: Target): boolean
  /** Whether the key itself is unknown afterwards. */
  ends(secret: string): boolean
}
interface Key {
  readonly name: string
  readonly reach: Reach
  /** Secrets, by the steps that made them. */
  readonly secrets: ReadonlyMap<string, Step>
  readonly takings: readonly Taking[]
  readonly expires: boolean
}

/** Milliseconds: two clocks of one machine are read one after another. */
const TOLERANCE = 20

export const checkKeys = (events: readonly KeyEvent[]): Violation<KeyLaw>[] => {
  const steps = stepsOf(events)
  const keys = keysOf(steps)
  const isAstray = astray(events)
  const uses = [...steps.values()].filter(doing('use')).sort((a, b) => a.start - b.start)
  return [...checkFleet(events), ...uses.flatMap((use) => {
    const key = keys.get(use.operation.key)
    return key ? judge(key, use, isAstray(use)) : []
  }), ...returned(uses, keys, isAstray)]
}

const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }): boolean => a.start < b.end && b.start < a.end

/** Whether a process had a wrong clock meanwhile. It goes astray when its clock is moved and is right again when everything is healed. */
const astray = (events: readonly KeyEvent[]): ((step: Step) => boolean) => {
  const spans: { process: string; start: number; end: number }[] = []
  for (const event of events) {
    if (event.type === 'fault' && event.fault.kind === 'shift') spans.push({ process: event.fault.target, start: event.at, end: Infinity })
    if (event.type === 'healed') for (const span of spans) span.end = Math.min(span.end, event.at)
  }
  return (step) => spans.some((span) => span.process === step.to && overlaps(span, step))
}

const keysOf = (steps: ReadonlyMap<string, Step>): Map<string, Key> => {
  const all = [...steps.values()]
  const removals = all.filter(doing('remove maker'))
  const deletions = all.filter(doing('delete dataset')).map((step) => deletion(step))
  const byKey = new Map<string, Step[]>()
  for (const step of all) if ('key' in step.operation && step.operation.do !== 'use') byKey.set(step.operation.key, [...byKey.get(step.operation.key) ?? [], step])
  return new Map([...byKey].flatMap(([name, own]): [string, Key][] => {
    const made = own.find(doing('make'))
    if (!made) return []
    const { maker, reach } = made.operation
    const secrets = new Map<string, Step>([[`${name}#1`, made], ...own.filter(doing('rotate')).map((step): [string, Step] => [step.operation.secret, step])])
    const takings = [
      ...own.flatMap((step) => takingsOf(step, secrets)),
      ...removals.filter(({ operation }) => operation.maker === maker).map((step) => ending('maker', `the removal of its maker ${maker}`, span(step))),
      ...deletions.flatMap((make) => make(reach, own.some(doing('narrow')))),
    ]
    return [[name, { name, reach, secrets, takings, expires: own.some(doing('expire')) }]]
  }))
}

/** From its begin it may be in force, where it was not refused; from its acknowledgment it is. */
const span = ({ start, end, outcome }: Step): { from: number; surely: number } | undefined =>
  outcome === 'refused' ? undefined : { from: start, surely: outcome === 'ok' ? end : Infinity }
const ending = (law: KeyLaw, what: string, when = { from: Infinity, surely: Infinity }): Taking => ({ law, what, ...when, takes: () => true, ends: () => true })

const takingsOf = (step: Step, secrets: ReadonlyMap<string, Step>): Taking[] => {
  const { operation, outcome, answer } = step
  // Whatever was asked: there is no such key any more.
  if (outcome === 'refused' && answer?.status === 404) return [ending('revoked', 'an answer that there is no such key', { from: step.start, surely: step.end })]
  const when = span(step)
  if (!when) return []
  switch (operation.do) {
    case 'revoke': return [ending('revoked', 'its revocation', when)]
    case 'narrow': return [{
      law: 'narrowed', what: `a change to ${operation.reach.length} datasets`, ...when, ends: () => false,
      takes: (_secret, target) => target === 'all' || target !== null && !operation.reach.includes(target.dataset),
    }]
    case 'expire': {
      const [from, surely] = [Math.max(when.from, operation.end - TOLERANCE), Math.max(when.surely, operation.end + TOLERANCE)]
      return [{ law: 'expired', what: 'its end', from, surely, takes: () => true, ends: () => true }]
    }
    case 'rotate': return [...secrets].filter(([secret, made]) => secret !== operation.secret && when.surely > made.start).map(([old, made]): Taking => ({
      law: 'rotated', what: 'its rotation', from: when.from, surely: when.from > made.end ? when.surely : Infinity, takes: (secret) => secret === old, ends: (secret) => secret === old,
    }))
    case 'make': case 'use': case 'remove maker': case 'delete dataset': return []
  }
}
const deletion = (step: Step<Of<'delete dataset'>>) => (reach: Reach, narrowed: boolean): Taking[] => {
  const [when, { dataset }] = [span(step), step.operation]
  if (!when || !within(reach, { dataset })) return []
  return [{
    law: 'dataset', what: 'the deletion of the dataset', ...when, takes: (_secret, target) => target !== null && target !== 'all' && target.dataset === dataset,
    // With the last dataset of a key goes the key; only one of the whole workspace has no last one.
    ends: () => reach !== 'all' || narrowed,
  }]
}

const targetsOf = ({ operation: { dataset }, answer }: Step<Of<'use'>>): Target[] =>
  dataset !== null ? [{ dataset }] : [null, ...answer?.reach === 'all' ? ['all' as const] : (answer?.reach ?? []).map((id) => ({ dataset: id }))]
const named = (target: Target): string => target === null ? '' : target === 'all' ? ' of everything' : ` of dataset ${target.dataset}`
const within = (reach: Reach, target: Target): boolean => target === null || reach === 'all' || target !== 'all' && reach.includes(target.dataset)

/** @param isAstray whether the process that answered had a wrong clock: then it cannot know when a key ends */
const judge = (key: Key, use: Step<Of<'use'>>, isAstray: boolean): Violation<KeyLaw>[] => {
  const { secret, dataset } = use.operation
  const at = `${secret} in ${use.to} at ${use.start}`
  if (use.outcome === 'ok') {
    return targetsOf(use).flatMap((target): Violation<KeyLaw>[] => {
      if (!within(key.reach, target)) return [{ law: 'scope', message: `use${named(target)} by ${at} succeeded, which it was never to reach` }]
      const broken = key.takings.find((taking) => taking.surely < use.start && taking.takes(secret, target) && !(isAstray && taking.law === 'expired'))
      return broken ? [{ law: broken.law, message: `use${named(target)} by ${at} succeeded ${(use.start - broken.surely).toFixed(1)} ms after ${broken.what} was sure` }] : []
    })
  }
  if (use.outcome !== 'refused') return []
  const target: Target = dataset === null ? null : { dataset }
  const isUnknown = use.answer?.status === 401
  const excused = key.takings.some((taking) => {
    const began = isAstray && taking.law === 'expired' ? -Infinity : taking.from
    return began < use.end && (taking.ends(secret) || !isUnknown && taking.takes(secret, target))
  })
  if (excused || !isUnknown && !within(key.reach, target)) return []
  return [{ law: 'refused', message: `use${named(target)} by ${at} was answered ${use.answer?.status ?? 'nothing'}, although nothing had been done to it` }]
}

/** What was refused once is refused for ever, whether or not whoever did it was told. */
const returned = (uses: readonly Step<Of<'use'>>[], keys: ReadonlyMap<string, Key>, isAstray: (step: Step) => boolean): Violation<KeyLaw>[] => {
  const refused = new Map<string, Step>()
  const relevant = uses.filter((use) => use.outcome !== 'unknown' && !(keys.get(use.operation.key)?.expires && isAstray(use)))
  const place = ({ operation: { secret, dataset } }: Step<Of<'use'>>): string => `${secret} ${dataset ?? ''}`
  for (const use of relevant) {
    if (use.outcome === 'refused' && use.end < (refused.get(place(use))?.end ?? Infinity)) refused.set(place(use), use)
  }
  return relevant.filter(({ outcome }) => outcome === 'ok').flatMap((use): Violation<KeyLaw>[] => {
    const before = refused.get(place(use))
    const { secret, dataset } = use.operation
    return before && before.end < use.start
      ? [{ law: 'returned', message: `use${named(dataset === null ? null : { dataset })} by ${secret} in ${use.to} at ${use.start} succeeded, although ${before.to} had refused it (${before.answer?.status ?? ''}) until ${before.end}` }]
      : []
  })
}
