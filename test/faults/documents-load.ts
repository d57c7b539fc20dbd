/** Clients that write, replace, delete and search documents all the time, through whichever process they happen on, and write down what they were told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { call, retrieve, send } from './documents-api.ts'
import type { Dataset, Reply } from './documents-api.ts'
import { contentOf, KINDS } from './documents-operations.ts'
import type { DocumentAnswer, DocumentHistory, DocumentOperation, SearchMethod, Write } from './documents-operations.ts'
import type { Member } from './fleet.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface DocumentWorld {
  readonly seed: number
  /** The processes that clients talk to. */
  readonly doors: readonly Member[]
  readonly history: DocumentHistory
  readonly token: string
  readonly datasets: readonly Dataset[]
  readonly writers: number
  readonly readers: number
}
/** A document as its one writer knows it. */
interface Name { readonly dataset: Dataset; readonly name: string; id: string | undefined; batch: string | undefined; isNew: boolean; current: Write | undefined }
interface Version { readonly dataset: Dataset; readonly write: Write; completed: boolean; /** When it was written, or something was done about it last. */ changed: number }
/** Milliseconds after which a client gives up. */
const PATIENCE = { read: 2_000, change: 4_000, afterwards: 20_000, look: 6_000 }

export interface DocumentClients {
  /** Until told to stop, and what was begun has come to its end. */
  run(until: AbortSignal): Promise<void>
  /** Every version on every process, once all is at rest. Returns what was not answered. */
  sweep(): Promise<readonly string[]>
}
interface Tried { readonly outcome: 'ok' | 'refused' | 'unknown'; readonly detail: string; readonly answer?: DocumentAnswer; readonly reply?: Reply }

export const documentClients = ({ seed, doors, history, token, datasets, writers, readers }: DocumentWorld): DocumentClients => {
  const shunned = new Map<string, number>()
  const somebody = (dice: Random): Member => {
    const open = doors.filter(({ name }) => (shunned.get(name) ?? 0) < performance.now())
    return dice.pick(open.length > 0 && dice.chance(0.9) ? open : doors)
  }
  const deleted = new Set<string>()
  const versions: Version[] = []
  const names: Name[] = []
  let asked = 0

  const note = async (operation: DocumentOperation, to: string, work: () => Promise<Tried>): Promise<Tried> => {
    const id = `${seed}.${asked += 1}`
    history.add({ type: 'invoked', id, operation, to })
    const { reply, ...told } = await work()
    history.add({ type: 'answered', id, ...told })
    return { ...told, ...reply ? { reply } : {} }
  }
  /** @param again asks until there is a clear answer: whatever is asked is done once. */
  const tryOut = async (dice: Random, again: boolean, ask: (door: Member) => Promise<Reply>): Promise<Tried> => {
    let detail = ''
    for (let unclear = 0; ; unclear++) {
      const door = somebody(dice)
      try {
        const reply = await ask(door)
        detail = `${reply.status} ${JSON.stringify(reply.body).slice(0, 200)}`
        const id = (reply.body as { document?: { id: string } }).document?.id
        const answer = { status: reply.status, unclear, ...id === undefined ? {} : { id } }
        if (reply.status < 300) return { outcome: 'ok', detail: '', answer, reply }
        // Somebody else is at it, or it is too early.
        const isClear = reply.status < 500 && reply.status !== 409 && reply.status !== 429
        if (isClear || !again) return { outcome: isClear && unclear === 0 ? 'refused' : 'unknown', detail, answer, reply }
      } catch (error) {
        detail = [error, (error as Error).cause].map((one) => one instanceof Error ? one.message : '').join(' ')
        if (!again) return { outcome: 'unknown', detail }
      }
      shunned.set(door.name, performance.now() + 300)
      if (unclear > 200) return { outcome: 'unknown', detail }
      await sleep(dice.between(50, 250))
    }
  }

  const look = async (of: Name, write: Write, until: AbortSignal, patience: number, door = doors): Promise<void> => {
    const { dataset: { id: dataset }, batch } = of
    if (batch === undefined) return
    const dice = random(seed)
    await note({ do: 'look', dataset, name: of.name, version: write.version }, 'any', async () => {
      for (const last = performance.now() + patience; performance.now() < last && !until.aborted && !deleted.has(dataset);) {
        const reply = await call(`${dice.pick(door).url}/v1/datasets/${dataset}/documents/${batch}/indexing-status`, 'GET', token, {}, PATIENCE.read).catch(() => undefined)
        const state = reply?.status === 200 ? (reply.body as { data: { indexing_status: string }[] }).data[0]?.indexing_status : undefined
        if (state === 'completed' || state === 'error') return { outcome: 'ok', detail: '', answer: { status: 200, state } }
        await sleep(100)
      }
      return { outcome: 'unknown', detail: 'not in a final state yet' }
    }).then(({ answer }) => {
      for (const version of versions) if (version.write === write) version.completed = answer?.state === 'completed'
    })
  }
  const touch = (of: Name): void => { for (const version of versions) if (version.write === of.current) version.changed = performance.now() }

  const write = async (of: Name, dice: Random, until: AbortSignal): Promise<void> => {
    const { dataset, name, isNew, id: replaces } = of
    const byFile = dataset.kind === 'pairs' || dice.chance(0.4)
    const doomed = KINDS[dataset.kind].form === 'text_model' && dice.chance(0.05)
    const operation: Write = {
      do: 'write', dataset: dataset.id, name, version: `${seed}.${asked + 1}`, size: doomed ? 0 : dice.pick([1, 2, 3, 5, 8, 13, 21]),
      // What is new and may not replace anything is only safe with a key.
      keyed: isNew || dice.chance(0.6), by: byFile ? 'file' : !isNew && dice.chance(0.4) ? 'update' : 'text',
    }
    touch(of)
    versions.push({ dataset, write: operation, completed: false, changed: performance.now() })
    const { outcome, reply } = await note(operation, 'any', () => tryOut(dice, operation.keyed, (door) => send(door.url, token, dataset.kind, operation, { replaces, isNew, patience: PATIENCE.change })))
    if (outcome === 'refused') return
    of.isNew = false
    touch(of)
    of.current = operation
    const answer = outcome === 'ok' ? reply?.body as { document: { id: string }; batch: string } : undefined
    of.batch = answer?.batch
    of.id = answer?.document.id ?? of.id
    if (answer && dice.chance(0.6)) await look(of, operation, until, PATIENCE.look)
  }
  const remove = async (of: Name, dice: Random): Promise<void> => {
    const { dataset: { id: dataset }, name, id } = of
    if (id === undefined) return
    touch(of)
    const told = await note({ do: 'delete', dataset, name, id }, 'any', async () => {
      const tried = await tryOut(dice, true, (door) => call(`${door.url}/v1/datasets/${dataset}/documents/${id}`, 'DELETE', token, {}, PATIENCE.change))
      // It is gone, by a request of which nobody heard.
      return tried.answer?.status === 404 && (tried.answer.unclear ?? 0) > 0 ? { ...tried, outcome: 'ok' } : tried
    })
    if (told.outcome === 'refused') return
    Object.assign(of, { id: undefined, batch: undefined, current: undefined })
  }
  const removeDataset = async (dataset: Dataset, dice: Random): Promise<void> => {
    deleted.add(dataset.id)
    await note({ do: 'delete dataset', dataset: dataset.id }, 'any', async () => {
      const tried = await tryOut(dice, true, (door) => call(`${door.url}/v1/datasets/${dataset.id}`, 'DELETE', token, {}, PATIENCE.change))
      return tried.answer?.status === 404 && (tried.answer.unclear ?? 0) > 0 ? { ...tried, outcome: 'ok' } : tried
    })
    for (const version of versions) if (version.dataset === dataset) version.changed = performance.now()
  }
  const changeOne = (own: Name[], writer: number) => async (dice: Random, until: AbortSignal): Promise<void> => {
    const there = datasets.filter(({ id }) => !deleted.has(id))
    // The last one goes at some time: in it is whatever was begun until then.
    const last = datasets.at(-1)
    if (writer === 0 && last && !deleted.has(last.id) && there.length > 1 && dice.chance(0.04)) return removeDataset(last, dice)
    const mine = own.filter(({ dataset }) => !deleted.has(dataset.id))
    if (mine.length < 3 || dice.chance(0.3)) {
      const dataset = dice.pick(there)
      const of: Name = { dataset, name: `${seed}-${writer}-${own.length + 1}.${dataset.kind === 'pairs' ? 'csv' : 'txt'}`, id: undefined, batch: undefined, isNew: true, current: undefined }
      own.push(of)
      names.push(of)
      return write(of, dice, until)
    }
    const of = dice.pick(mine)
    return of.id !== undefined && dice.chance(0.25) ? remove(of, dice) : write(of, dice, until)
  }

  const search = async ({ dataset, write: { version, size } }: Version, door: Member, dice: Random, patience: number): Promise<Tried | undefined> => {
    const { segments } = contentOf(dataset.kind, { version, size })
    if (segments.length === 0) return undefined
    const { content, children } = dice.pick(segments)
    const methods: readonly SearchMethod[] = dataset.kind === 'economy' ? ['keyword_search', 'full_text_search'] : ['semantic_search', 'full_text_search', 'hybrid_search']
    const method = dice.pick(methods)
    return note({ do: 'retrieve', dataset: dataset.id, version, method }, door.name, async () => {
      try {
        const { status, body, found } = await retrieve(door.url, token, dataset.id, children.length > 0 ? dice.pick(children) : content, method, patience)
        return { outcome: status === 200 ? 'ok' : status < 500 ? 'refused' : 'unknown', detail: status === 200 ? '' : JSON.stringify(body).slice(0, 200), answer: { status, found } }
      } catch (error) {
        shunned.set(door.name, performance.now() + 300)
        return { outcome: 'unknown', detail: (error as Error).message }
      }
    })
  }
  const searchOne = async (dice: Random): Promise<void> => {
    const recent = versions.filter(({ changed }) => changed > performance.now() - 500)
    const choices = [recent, recent, versions.filter(({ completed }) => completed), versions].filter((some) => some.length > 0)
    const tried = choices.length > 0 ? await search(dice.pick(dice.pick(choices)), somebody(dice), dice, PATIENCE.read) : undefined
    if (tried?.outcome === 'unknown') await sleep(150)
  }

  const repeat = async (client: number, until: AbortSignal, work: (dice: Random, until: AbortSignal) => Promise<void>, pause: readonly [number, number]): Promise<void> => {
    const dice = random(seed * 1_000 + client)
    while (!until.aborted) {
      await work(dice, until)
      await sleep(dice.between(...pause))
    }
  }
  return {
    run: async (until) => {
      await Promise.all([
        ...Array.from({ length: writers }, (_, index) => repeat(index, until, changeOne([], index), [20, 200])),
        ...Array.from({ length: readers }, (_, index) => repeat(100 + index, until, searchOne, [10, 60])),
      ])
    },
    sweep: async () => {
      const dice = random(seed)
      const never = new AbortController().signal
      for (const of of names) if (of.current && !deleted.has(of.dataset.id)) await look(of, of.current, never, PATIENCE.afterwards)
      const problems: string[] = []
      for (const [index, version] of versions.entries()) {
        const door = doors[index % doors.length] as Member
        const tried = await search(version, door, dice, PATIENCE.afterwards)
        if (tried?.outcome === 'unknown') problems.push(`${door.name} answered nothing to a search for ${version.write.version}: ${tried.detail}`)
      }
      return problems
    },
  }
}
