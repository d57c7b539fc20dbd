/**
 * Holds what clients of apps were told against what is written down. Pure: events and rows go in, sentences come out.
 *
 * What an answer has to be follows from its question. A question of which nobody heard may have been taken or not.
 */
import { checkFleet, grouped } from './checker.ts'
import type { Violation } from './checker.ts'
import { answerOf, failsOf, versionOf } from './chat-operations.ts'
import type { Ask, ChatAnswer, ChatEvent, ChatOperation, MessageRow, RunRow, Told } from './chat-operations.ts'
import { doing, stepsOf } from './history.ts'
import type { Step as AnyStep } from './history.ts'

export type ChatLaw = 'kept' | 'phantom' | 'doubled' | 'ended' | 'agree' | 'told' | 'whole' | 'stopped' | 'foreign' | 'once' | 'slot' | 'limit' | 'hang' | 'cut' | 'late' | 'position' | 'crash' | 'healed'
export interface ChatEvidence { readonly events: readonly ChatEvent[]; readonly told: Told; /** Milliseconds for which a run without a sign of life holds its slot. */ readonly leaseMs: number }
type Step<O = ChatOperation> = AnyStep<O, ChatAnswer>
type Stop = Extract<ChatOperation, { do: 'stop' }>
interface Story { readonly asked: Step<Ask>; readonly rows: readonly MessageRow[]; readonly runs: readonly RunRow[]; readonly stops: readonly Step<Stop>[] }
type Found = Violation<ChatLaw>[]

const OUTCOMES: Readonly<Record<string, string>> = { normal: 'succeeded', error: 'failed', stopped: 'stopped' }

export const checkChat = ({ events, told, leaseMs }: ChatEvidence): Found => {
  const steps = [...stepsOf(events).values()]
  const runsOf = grouped(told.runs, ({ message }) => message)
  const rowsOf = grouped(told.messages, ({ query }) => versionOf(query))
  const stopsOf = grouped(steps.filter(doing('stop')), ({ operation }) => operation.version)
  const stories = steps.filter(doing('ask')).map((asked): Story => {
    const rows = rowsOf.get(asked.operation.version) ?? []
    return { asked, rows, runs: rows.flatMap(({ id }) => runsOf.get(id) ?? []), stops: stopsOf.get(asked.operation.version) ?? [] }
  })
  const known = new Set(stories.map(({ asked }) => asked.operation.version))
  const strays = told.messages.filter(({ query }) => !known.has(versionOf(query))).map(({ id }): Found[number] => ({ law: 'phantom', message: `message ${id} is an answer to what nobody asked` }))
  return [...checkFleet(events), ...strays, ...stories.flatMap(checkClient), ...stories.flatMap(checkRows), ...checkChanges(told), ...checkLimit(told, events, leaseMs), ...checkPositions(told)]
}

/** What the client saw, by itself. */
const checkClient = ({ asked: { operation: { version, afterwards }, to, answer } }: Story): Found => {
  const found: Found = []
  if (answer?.end === 'hung') found.push({ law: 'hang', message: `the answer to ${version} in ${to} did not end` })
  if (answer?.end === 'cut') found.push({ law: 'cut', message: `the stream of ${version} in ${to} ended without saying how` })
  if ((answer?.late ?? 0) > 0) found.push({ law: 'late', message: `the stream of ${version} in ${to} went on after its last event` })
  if (afterwards && answer?.end !== 'whole') found.push({ law: 'slot', message: `when all was over, the app that answers one at a time did not answer ${version} in ${to}: ${answer?.end ?? 'nothing'} ${answer?.code ?? ''}` })
  return found
}

const checkRows = ({ asked: { operation, outcome, answer }, rows, runs, stops }: Story): Found => {
  const { version } = operation
  const [row] = rows
  if (!row) return answer?.message === undefined ? [] : [{ law: 'kept', message: `${version} was being answered and is not there` }]
  if (outcome === 'refused') return [{ law: 'phantom', message: `${version} was refused and is there` }]
  if (rows.length > 1) return [{ law: 'doubled', message: `${version} is there ${rows.length} times` }]
  const status = OUTCOMES[row.status]
  if (status === undefined) return [{ law: 'ended', message: `message ${version} ended as ${row.status}` }]
  const found: Found = []
  if (row.status === 'error' && !row.error) found.push({ law: 'ended', message: `message ${version} ended in error and does not say why` })
  const [run] = runs
  if (runs.length !== 1 || run?.status !== status) found.push({ law: 'agree', message: `message ${version} is ${row.status}, and its runs are ${runs.map((one) => one.status).join(', ') || 'none'}` })
  return [...found, ...checkTexts(row, answer, operation), ...checkStops(row, answer, operation, stops)]
}
const checkTexts = (row: MessageRow, answer: ChatAnswer | undefined, { version }: Ask): Found => {
  const whole = answerOf(row.query)
  const said = answer?.text ?? ''
  if (row.status === 'normal' && (row.answer !== whole || failsOf(row.query))) return [{ law: 'whole', message: `message ${version} is normal and lacks some of its answer` }]
  if (!whole.startsWith(row.answer)) return [{ law: 'whole', message: `message ${version} says what is not its answer` }]
  if (answer === undefined || answer.message === undefined) return []
  if (answer.message !== row.id || answer.conversation !== row.conversation_id) return [{ law: 'told', message: `${version} was told to be message ${answer.message} of ${answer.conversation ?? ''}, and is ${row.id} of ${row.conversation_id}` }]
  if (answer.end === 'whole') {
    const status = row.status !== 'error' && said === row.answer
    return status ? [] : [{ law: 'told', message: `${version} was answered to its end, with ${said.length} characters, and is ${row.status} with ${row.answer.length}` }]
  }
  // Of what a process was saying when it died nothing was written.
  const gone = row.answer === '' && row.status !== 'normal'
  return gone || row.answer.startsWith(said) ? [] : [{ law: 'told', message: `${version} said ${said.length} characters and kept ${row.answer.length}` }]
}
const checkStops = (row: MessageRow, answer: ChatAnswer | undefined, { version, endless }: Ask, stops: readonly Step<Stop>[]): Found => {
  const own = stops.filter(({ operation }) => !operation.foreign)
  const wanted = own.some(({ outcome }) => outcome === 'ok') || answer?.end === 'left'
  if (endless && row.status === 'normal' && wanted) return [{ law: 'stopped', message: `${version} was ${answer?.end === 'left' ? 'left' : 'stopped'} and went on to its end` }]
  if (row.status === 'stopped' && answer?.end === 'whole' && own.length === 0) return [{ law: 'foreign', message: `${version} is stopped, and nobody who may had stopped it` }]
  return []
}

/** Of all that began there is one end, whoever brought it. */
const checkChanges = ({ changes }: Told): Found => [...grouped(changes, ({ what, id }) => `${what} ${id}`)].flatMap(([which, of]): Found =>
  of.length === 1 && of[0]?.before === 'running' ? [] : [{ law: 'once', message: `${which} went ${of.map(({ before, after }) => `from ${before} to ${after}`).join(', ')}` }])

/** Milliseconds between the begin of a transaction and what it sees, where nothing stands still. */
const LEEWAY = 1_000
const checkLimit = ({ runs }: Told, events: readonly ChatEvent[], leaseMs: number): Found => {
  const still = events.reduce((sum, event) => sum + (event.type === 'fault' && event.failed === undefined ? event.fault.kind === 'shift' ? 0 : event.fault.ms : 0), 0)
  const limited = runs.filter(({ app }) => app === 'limited').sort((a, b) => a.created - b.created)
  return limited.flatMap((run, index): Found => limited.slice(0, index).filter((before) => Math.min(before.finished ?? Infinity, before.seen + leaseMs) > run.created + LEEWAY + still)
    .map((before) => ({ law: 'limit', message: `run ${run.id} of the app that answers one at a time began while ${before.id} went on` })))
}
const checkPositions = ({ messages }: Told): Found => [...grouped(messages, ({ conversation_id }) => conversation_id)].flatMap(([id, of]): Found => {
  const positions = of.map(({ position }) => position).sort((a, b) => a - b)
  return positions.every((position, index) => position === index + 1) ? [] : [{ law: 'position', message: `conversation ${id} has messages at the positions ${positions.join(', ')}` }]
})
