/** Clients that ask all the time, through whichever process they happen on, stop what they asked, go away, and write down what they were told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, stop } from './chat-api.ts'
import { questionOf } from './chat-operations.ts'
import type { AppKind, Ask, ChatAnswer, ChatHistory } from './chat-operations.ts'
import type { Member } from './fleet.ts'
import type { Outcome } from './history.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface ChatWorld {
  readonly seed: number
  /** The processes that clients talk to. */
  readonly doors: readonly Member[]
  readonly history: ChatHistory
  readonly keys: Readonly<Record<AppKind, string>>
  readonly clients: number
}
export interface ChatClients {
  /** Until told to stop, and what was begun has come to its end. */
  run(until: AbortSignal): Promise<void>
  /** The limited app on every process, one after another, once all is at rest: whoever left a slot taken is told by that. */
  sweep(): Promise<void>
}
/** Milliseconds. An answer that does not end is one that takes longer than whatever may stand still, and what it says. */
const PATIENCE = { ask: 40_000, stop: 4_000 }
const ENDLESS = 400

/** What was refused was surely not begun: before a stream there is nothing, and of a whole answer the code tells. */
const outcomeOf = ({ by }: Ask, { end, status, code }: ChatAnswer): Outcome =>
  end === 'whole' ? 'ok' : end === 'error' && status >= 400 && status < 500 && (by === 'streaming' || code === 'too_many_requests' || code === 'not_found') ? 'refused' : 'unknown'

export const chatClients = ({ seed, doors, history, keys, clients }: ChatWorld): ChatClients => {
  let steps = 0
  /** Of each user, the conversation in which they talk. Two clients are of one user: they go on in it at the same time. */
  const talks = new Map<string, string>()
  const shunned = new Map<string, number>()
  const somebody = (dice: Random): Member => {
    const open = doors.filter(({ name }) => (shunned.get(name) ?? 0) < performance.now())
    return dice.pick(open.length > 0 && dice.chance(0.9) ? open : doors)
  }
  const tellStop = async (asked: Ask, task: string, foreign: boolean, dice: Random): Promise<boolean> => {
    const door = somebody(dice)
    const id = `${seed}.${steps += 1}`
    history.add({ type: 'invoked', id, operation: { do: 'stop', version: asked.version, task, foreign }, to: door.name })
    const reply = await stop(door.url, keys[asked.app], task, foreign ? `${asked.user}-other` : asked.user, PATIENCE.stop).catch((error: unknown) => String(error))
    const status = typeof reply === 'string' ? 0 : reply.status
    const ok = status === 200
    history.add({ type: 'answered', id, outcome: ok ? 'ok' : status >= 400 && status < 500 ? 'refused' : 'unknown', detail: ok ? '' : typeof reply === 'string' ? reply : JSON.stringify(reply.body), answer: { status } })
    return ok
  }
  const askOne = async (asked: Ask, door: Member, dice: Random): Promise<ChatAnswer> => {
    const id = `${seed}.${steps += 1}`
    history.add({ type: 'invoked', id, operation: asked, to: door.name })
    const [stops, foreign] = [asked.endless && asked.by === 'streaming' && dice.chance(0.6), !asked.endless && dice.chance(0.15)]
    const leaves = asked.endless ? !stops : asked.afterwards === undefined && dice.chance(0.1)
    const [stopAt, leaveAfter] = [dice.between(1, foreign ? 5 : 30), dice.between(50, 1_500)]
    let stopping: Promise<unknown> = Promise.resolve()
    const question = { inputs: {}, query: questionOf(asked), user: asked.user, response_mode: asked.by, auto_generate_name: false, ...asked.conversation === undefined ? {} : { conversation_id: asked.conversation } }
    const stopIt = async (task: string): Promise<void> => { for (let tries = 0; tries < 20 && !await tellStop(asked, task, false, dice); tries += 1) await sleep(100) }
    const answer = await ask(door.url, keys[asked.app], question, {
      patience: PATIENCE.ask, ...leaves ? { leaveAfter } : {},
      piece: (count, task) => { if (count === stopAt && (stops || foreign)) stopping = foreign ? tellStop(asked, task, true, dice) : stopIt(task) },
    })
    history.add({ type: 'answered', id, outcome: outcomeOf(asked, answer), detail: answer.code ?? '', answer })
    await stopping
    // It is away, or about to be.
    if (answer.end === 'broken' || answer.status === 503) {
      shunned.set(door.name, performance.now() + 300)
      await sleep(150)
    }
    return answer
  }
  const next = (client: number, dice: Random): Ask => {
    const app: AppKind = dice.chance(0.25) ? 'limited' : 'free'
    const endless = dice.chance(0.25)
    // Each user asks one app.
    const user = `user ${seed} ${client >> 1} ${app}`
    const conversation = talks.get(user)
    return {
      do: 'ask', app, version: `${seed}.${steps + 1}`, user, by: dice.chance(0.7) ? 'streaming' : 'blocking', endless,
      words: endless ? ENDLESS : dice.between(1, 60), fails: !endless && dice.chance(0.15), ...conversation !== undefined && dice.chance(0.8) ? { conversation } : {},
    }
  }
  const talk = async (client: number, until: AbortSignal): Promise<void> => {
    const dice = random(seed * 1_000 + client)
    while (!until.aborted) {
      const asked = next(client, dice)
      const { conversation } = await askOne(asked, somebody(dice), dice)
      if (conversation !== undefined && asked.conversation === undefined) talks.set(asked.user, conversation)
      await sleep(dice.between(20, 200))
    }
  }
  return {
    run: async (until) => { await Promise.all(Array.from({ length: clients }, (_, client) => talk(client, until))) },
    sweep: async () => {
      const dice = random(seed)
      for (const door of doors) {
        await askOne({ do: 'ask', app: 'limited', version: `${seed}.${steps + 1}`, user: `user ${seed} after`, by: 'streaming', endless: false, words: 3, fails: false, afterwards: true }, door, dice)
      }
    },
  }
}
