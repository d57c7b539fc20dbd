/** `mortise jobs`: what waits, runs and has failed for good, and what becomes of the last. */
import { inspect } from 'node:util'
import { command, defineAdapter, queue, StartupError } from '../../../core/index.ts'
import type { JobFilter, JobInfo, JobState, Queue } from '../../../core/index.ts'

type Flags = Readonly<Record<string, string | boolean>>
const STATES: readonly string[] = ['waiting', 'active', 'failed'] satisfies JobState[]
const refuse = (path: string, message: string, fix: string, exitCode = 2): StartupError => new StartupError([{ path, message, fix }], { exitCode })

export const jobsCommand = defineAdapter(command, 'jobs', {
  uses: { jobs: queue },
  create: ({ jobs }) => ({
    summary: 'Shows the jobs that failed for good, or others; runs them again or removes them.',
    usage: '[action] [id]',
    flags: {
      '--state <state>': 'list jobs that are waiting, active or failed (the default)',
      '--name <name>': 'only jobs of this name',
      '--limit <number>': 'at most so many, the newest first (50)',
    },
    run: async ([action, id], flags) => {
      const filter = filterOf(flags)
      if (action === undefined) return [...await list(jobs, filter), '', 'mortise jobs show ID | retry ID|all | discard ID|all']
      if (!['show', 'retry', 'discard'].includes(action)) throw refuse(action, 'is not something that can be done with jobs', 'Use show, retry or discard, or nothing to list them.')
      if (id === undefined) throw refuse(`jobs ${action}`, 'needs to know which job', `Give the id that "mortise jobs" prints${action === 'show' ? '' : ', or all'}.`)
      if (action === 'show') return show(await one(jobs, id))
      const act = action === 'retry' ? jobs.retry : jobs.discard
      const done = action === 'retry' ? 'will run again' : 'is removed'
      if (id !== 'all') {
        if (!await act(id)) throw refuse(id, await whyNot(jobs, id), 'mortise jobs lists those that have failed for good.', 1)
        return [`${id} ${done}`]
      }
      const { failed } = await jobs.counts()
      const lines: string[] = []
      for (const job of await jobs.find({ ...filter, state: 'failed', limit: failed })) if (await act(job.id)) lines.push(`${job.id} ${job.name} ${done}`)
      return lines.length > 0 ? lines : ['no job has failed for good']
    },
  }),
})

const filterOf = ({ state = 'failed', name, limit = '50' }: Flags): JobFilter & { readonly state: JobState } => {
  if (!STATES.includes(String(state))) throw refuse('--state', `is "${String(state)}"`, `It is one of ${STATES.join(', ')}.`)
  if (!/^[1-9]\d{0,6}$/.test(String(limit))) throw refuse('--limit', `is "${String(limit)}"`, 'It is a number, such as 50.')
  return { state: state as JobState, limit: Number(limit), ...typeof name === 'string' ? { name } : {} }
}

const list = async (jobs: Queue, filter: JobFilter & { readonly state: JobState }): Promise<string[]> => {
  const [counts, found] = [await jobs.counts(), await jobs.find(filter)]
  const summary = STATES.map((state) => `${counts[state as JobState]} ${state}`).join(', ')
  if (found.length === 0) return [summary]
  const { state } = filter
  const note = (job: JobInfo): string => firstLine(state === 'active' ? text(job.progress) : job.error ?? '')
  const rows = [
    ['ID', 'NAME', 'ATTEMPTS', state === 'waiting' ? 'DUE' : 'CREATED', state === 'active' ? 'PROGRESS' : 'ERROR'],
    ...found.map((job) => [job.id, job.name, String(job.attempts), (state === 'waiting' ? job.dueAt : job.createdAt).toISOString(), note(job)]),
  ]
  return [summary, '', ...columns(rows)]
}

const show = (job: JobInfo): string[] => columns([
  ['id', job.id], ['name', job.name], ['state', job.state], ['attempts', String(job.attempts)],
  ['group', job.group], ['priority', String(job.priority)], ['created', job.createdAt.toISOString()], ['due', job.dueAt.toISOString()],
  ['progress', text(job.progress)], ['error', printable(job.error ?? '')],
]).concat('payload', inspect(job.payload, { depth: 8, breakLength: 120 }))

const one = async (jobs: Queue, id: string): Promise<JobInfo> => {
  const [job] = await jobs.find({ id })
  if (!job) throw refuse(id, 'there is no such job: it was done, discarded, or never was', 'mortise jobs lists those that have failed; add --state waiting or --state active for others.', 1)
  return job
}
const whyNot = async (jobs: Queue, id: string): Promise<string> => {
  const [job] = await jobs.find({ id })
  return job ? `has not failed for good: it is ${job.state}` : 'there is no such job: it was done, discarded, or never was'
}

const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)), [])
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}
/** What users wrote may be in it: nothing that a terminal would obey. */
const printable = (line: string): string => line.replace(/[^\P{C}\n]/gu, '�')
const text = (value: unknown): string => value === undefined ? '' : printable(JSON.stringify(value))
const firstLine = (line: string): string => printable(line.split('\n', 1)[0] ?? '').slice(0, 120)
